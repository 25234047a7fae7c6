"""A browser, and both pages: the service's and the one that needs no server."""

from __future__ import annotations

import base64
import functools
import http.server
import io
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

CHROMIUM = ("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync")


PIXELS = """() => {
  const image = document.getElementById("after"), canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/png").split(",")[1];
}"""


SHOWN = """() => {
  const image = document.getElementById("after");
  return image.complete && image.naturalWidth > 0;
}"""
"""The painted picture is decoded some time after its milliseconds are shown."""


@pytest.fixture(scope="session")
def painted() -> Callable[..., np.ndarray]:
    """Gives the pixels that a page offers for download, RGB uint8 (H, W, 3), once it is done."""

    def pixels(page: Any, limit: int = 60_000) -> np.ndarray:
        page.wait_for_timeout(300)
        page.wait_for_selector("#status:text-matches('[0-9] ms')", timeout=limit)
        page.wait_for_function(SHOWN, timeout=limit)
        return np.asarray(PIL.Image.open(io.BytesIO(base64.b64decode(page.evaluate(PIXELS)))).convert("RGB"))

    return pixels


@pytest.fixture(scope="module")
def launched() -> Iterator[Callable[..., Any]]:
    """Starts a browser with more options; while it lives Playwright's event loop runs in this thread."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install 'stylex[test]'")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("needs a browser: apt install chromium")
    with api.sync_playwright() as playwright:
        yield lambda *more: playwright.chromium.launch(executable_path=path, args=[*CHROMIUM, *more])


@pytest.fixture(scope="module")
def browser(launched: Callable[..., Any]) -> Iterator[Any]:
    started = launched("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    yield started
    started.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an exported site."""
    package = os.environ.get("ONNXRUNTIME_WEB")
    if package is None:
        pytest.skip("needs onnxruntime-web: npm pack onnxruntime-web@1.30.0, then name the file in ONNXRUNTIME_WEB")
    from stylex.api.site import export_site

    folder = tmp_path_factory.mktemp("site")
    export_site(folder, Path(package))

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def service() -> Iterator[str]:
    """The address of a running service."""
    for package in ("fastapi", "uvicorn"):
        pytest.importorskip(package, reason=f"needs {package}: pip install 'stylex[serve]'")
    import uvicorn

    from stylex.serve.app import service_app
    from stylex.serve.server import bound, configured, url_of
    from stylex.serve.settings import Settings

    serving = uvicorn.Server(configured(service_app(Settings(("adain",), threads=1)), drain=5))
    with bound("127.0.0.1", 0) as listening:
        url = url_of(listening)
        thread = threading.Thread(target=serving.run, args=([listening],))
        thread.start()
        yield url
        serving.should_exit = True
        thread.join(10)


@pytest.fixture(params=["service", "site"], scope="module")
def address(request: pytest.FixtureRequest) -> str:
    """Each of both pages."""
    return str(request.getfixturevalue(request.param))
