#!/usr/bin/env python3
"""Makes the pictures of both pages in docs/: the service's on a desk, light, and the browser's own on a phone, dark.

python tools/pages.py --onnxruntime-web onnxruntime-web-1.30.0.tgz       # needs '.[export,serve,test]' and chromium
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import http.server
import io
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import PIL.Image

from stylex.api.site import export_site
from stylex.imaging.writing import write_picture
from stylex.runtime.benchmark.likeness import default_photo

QUALITY = 80


@contextlib.contextmanager
def service() -> Iterator[str]:
    """Runs the service; yields its address."""
    import uvicorn

    from stylex.serve.app import service_app
    from stylex.serve.server import bound, configured, url_of
    from stylex.serve.settings import Settings

    serving = uvicorn.Server(configured(service_app(Settings(("adain",))), drain=5))
    with bound("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=serving.run, args=([listening],))
        thread.start()
        yield url_of(listening)
        serving.should_exit = True
        thread.join()


@contextlib.contextmanager
def site(folder: Path, package: Path) -> Iterator[str]:
    """Serves an exported site; yields its address."""
    export_site(folder, package)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


def shot(browser: Any, address: str, photo: Path, choose: dict[str, str], **context: Any) -> PIL.Image.Image:
    """Returns the page after a photo was painted with what is chosen by id."""
    page = browser.new_page(**context)
    page.goto(address)
    page.wait_for_selector("body[data-ready]", timeout=120_000)
    for name, value in choose.items():
        page.select_option(f"#{name}", value)
    page.set_input_files("#photo", photo)
    page.wait_for_selector("#status:text-matches('[0-9] ms')", timeout=120_000)
    page.wait_for_timeout(300)
    picture = PIL.Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    page.close()
    return picture


def main() -> None:
    """Open both pages and write two pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onnxruntime-web", type=Path, required=True, help="its npm package, a .tgz")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs")
    arguments = parser.parse_args()
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo.png"
        write_picture(photo, default_photo())
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        desk = {"viewport": {"width": 870, "height": 570}, "color_scheme": "light"}
        phone = {"viewport": {"width": 293, "height": 885}, "color_scheme": "dark", "device_scale_factor": 1}
        with service() as address:
            chosen = {"style": "great-wave", "second": "the-scream", "size": "512"}
            shot(browser, address, photo, chosen, **desk).save(arguments.out / "page-service.jpg", quality=QUALITY)
        with site(Path(folder) / "site", arguments.onnxruntime_web) as address:
            chosen = {"style": "starry-night", "people": "0.4", "size": "512"}
            shot(browser, address, photo, chosen, **phone).save(arguments.out / "page-browser.jpg", quality=QUALITY)
        browser.close()


if __name__ == "__main__":
    main()
