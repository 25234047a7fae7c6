"""The page without a server under WebGPU, on Chromium's software adapter: each graph paints what the CPU paints."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import stylex
from stylex.imaging.writing import write_picture

ADAPTER = """async () => {
  const adapter = await navigator.gpu?.requestAdapter();
  return adapter ? [...adapter.features] : null;
}"""
LIMIT = 900_000
"""Milliseconds that a busy processor may take for what a graphics card does at once."""

pytestmark = pytest.mark.skipif(
    "WEBGPU" not in os.environ, reason="compiling shaders for a processor takes minutes: set WEBGPU=1"
)


@pytest.fixture(scope="module")
def browser(launched: Callable[..., Any]) -> Iterator[Any]:
    """A browser with WebGPU."""
    started = launched("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan")
    yield started
    started.close()


@pytest.fixture
def page(browser: Any, site: str) -> Iterator[Any]:
    """A page on which nothing is opened yet."""
    context = browser.new_context(service_workers="block")
    yield context.new_page()
    context.close()


def restricted(site: str, page: Any, precision: str) -> None:
    """Opens the site with the graph of one precision, and skips where no adapter runs it."""
    page.goto(f"{site}icon.svg")
    features = page.evaluate(ADAPTER)
    if features is None:
        pytest.skip("this browser grants no WebGPU adapter")
    if precision == "fp16" and "shader-f16" not in features:
        pytest.skip("this browser's WebGPU adapter has no shader-f16, which FP16 needs")

    def answer(route: Any) -> None:
        content = json.loads(route.fetch().text())
        content["graphs"] = {name: graph for name, graph in content["graphs"].items() if name in (precision, "int8")}
        route.fulfill(body=json.dumps(content), content_type="application/json")

    page.route("**/site.json", answer)
    page.goto(site)
    page.wait_for_selector("body[data-ready]", timeout=LIMIT)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_it_paints_as_the_cpu_does(
    page: Any, painted: Callable[..., np.ndarray], site: str, precision: str, photo: np.ndarray, tmp_path: Path
) -> None:
    restricted(site, page, precision)
    assert f"adain {precision} on WebGPU, checked at " in page.inner_text("#where")
    write_picture(tmp_path / "photo.png", photo)
    page.set_input_files("#photo", tmp_path / "photo.png")
    page.select_option("#style", "irises")
    found = painted(page, LIMIT)
    assert "WebGPU" in page.inner_text("#status")
    wanted = stylex.stylize(photo, "adain", "irises", precision=precision, provider="cpu", threads=1)  # type: ignore[call-overload]
    assert cv2.PSNR(found, wanted) >= 40


def test_an_adapter_that_cannot_run_the_graph_is_told(page: Any, site: str) -> None:
    """Without the FP32 graph, an adapter without shader-f16 is refused, and WebAssembly paints."""
    page.goto(f"{site}icon.svg")
    features = page.evaluate(ADAPTER)
    if features is None or "shader-f16" in features:
        pytest.skip("needs a WebGPU adapter without shader-f16")
    restricted(site, page, "int8")
    shown = page.inner_text("#where")
    assert "on WebAssembly" in shown and "webgpu refused: the adapter has no shader-f16" in shown
