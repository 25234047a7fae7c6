"""Both pages in a browser: they paint what the command line paints, and nothing leaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest

import stylex
from stylex.imaging.writing import write_picture

Painted = Callable[..., np.ndarray]
COLORS = """(selectors) => selectors.map((selector) => {
  const element = document.querySelector(selector);
  let under = element;
  while (under && getComputedStyle(under).backgroundColor === "rgba(0, 0, 0, 0)") under = under.parentElement;
  return [getComputedStyle(element).color, getComputedStyle(under ?? document.body).backgroundColor];
})"""


@pytest.fixture(scope="module")
def opened(browser: Any, address: str) -> Iterator[Any]:
    """One of both pages, ready; a request that leaves for another host fails the test."""
    context = browser.new_context(permissions=["camera"])
    page, outside = context.new_page(), []
    context.on("request", lambda request: outside.append(request.url) if _leaves(request.url, address) else None)
    page.goto(address)
    page.wait_for_selector("body[data-ready]", timeout=60_000)
    yield page
    context.close()
    assert not outside


@pytest.fixture
def page(opened: Any) -> Any:
    """The page with every control as it was at first."""
    opened.set_viewport_size({"width": 1200, "height": 800})
    opened.select_option("#second", "")
    opened.fill("#strength", "1")
    opened.uncheck("#keep")
    opened.select_option("#size", "1024")
    opened.select_option("#people", "")
    opened.evaluate("document.activeElement.blur()")
    return opened


def _leaves(url: str, address: str) -> bool:
    return not url.startswith((address, "blob:", "data:"))


@pytest.fixture
def files(photo: np.ndarray, painting: np.ndarray, tmp_path: Path) -> tuple[Path, Path]:
    write_picture(tmp_path / "photo.png", photo)
    write_picture(tmp_path / "painting.png", painting)
    return tmp_path / "photo.png", tmp_path / "painting.png"


def psnr(one: np.ndarray, other: Any) -> float:
    return float(cv2.PSNR(one, np.asarray(other)))


def test_it_paints_as_the_command_line_does(
    page: Any, painted: Painted, files: tuple[Path, Path], photo: np.ndarray
) -> None:
    page.set_input_files("#photo", files[0])
    page.select_option("#style", "starry-night")
    assert psnr(painted(page), stylex.stylize(photo, "adain", "starry-night", threads=1)) >= 35
    page.select_option("#second", "the-scream")
    page.fill("#mix", "0.25")
    page.fill("#strength", "0.8")
    wanted = stylex.stylize(photo, "adain", [("starry-night", 3), ("the-scream", 1)], strength=0.8, threads=1)
    assert psnr(painted(page), wanted) >= 35
    page.check("#keep")
    wanted = stylex.stylize(
        photo, "adain", [("starry-night", 3), ("the-scream", 1)], strength=0.8, keep_colors=True, threads=1
    )
    assert psnr(painted(page), wanted) >= 35


def test_a_grey_photo_is_toned_as_the_command_line_does(
    page: Any, painted: Painted, photo: np.ndarray, tmp_path: Path
) -> None:
    grey = np.ascontiguousarray(np.repeat(photo.mean(2, keepdims=True), 3, 2).astype(np.uint8))
    write_picture(tmp_path / "grey.png", grey)
    page.set_input_files("#photo", tmp_path / "grey.png")
    page.select_option("#style", "starry-night")
    assert psnr(painted(page), stylex.stylize(grey, "adain", "starry-night", threads=1)) >= 35


@pytest.mark.parametrize("share", ["0", "0.4"])
def test_people_are_painted_more_lightly(
    page: Any, painted: Painted, files: tuple[Path, Path], photo: np.ndarray, share: str
) -> None:
    page.set_input_files("#photo", files[0])
    page.select_option("#style", "starry-night")
    page.select_option("#people", share)
    person = ("starry-night", float(share)) if float(share) else None
    wanted = stylex.stylize(photo, "adain", regions={"person": person, "background": "starry-night"}, threads=1)
    assert psnr(wanted, stylex.stylize(photo, "adain", "starry-night", threads=1)) < 30  # there is somebody
    assert psnr(painted(page), wanted) >= 35


def test_people_have_a_style_of_their_own(
    page: Any, painted: Painted, files: tuple[Path, Path], photo: np.ndarray
) -> None:
    page.set_input_files("#photo", files[0])
    page.select_option("#style", "starry-night")
    assert page.is_hidden("#people-style")
    page.select_option("#people", "own")
    page.select_option("#people-style", "the-scream")
    page.fill("#strength", "0.8")
    regions = {"person": "the-scream", "background": "starry-night"}
    wanted = stylex.stylize(photo, "adain", regions=regions, strength=0.8, threads=1)
    assert psnr(wanted, stylex.stylize(photo, "adain", "starry-night", strength=0.8, threads=1)) < 30
    assert psnr(painted(page), wanted) >= 35


def test_ones_own_painting_and_a_photo_that_is_reduced(
    page: Any, painted: Painted, files: tuple[Path, Path], tmp_path: Path
) -> None:
    large = cv2.resize(np.asarray(PIL.Image.open(files[0])), (700, 525), interpolation=cv2.INTER_CUBIC)
    write_picture(tmp_path / "large.png", large)
    page.set_input_files("#photo", tmp_path / "large.png")
    page.select_option("#size", "512")
    page.set_input_files("#painting", files[1])
    found = painted(page)
    assert found.shape == (384, 512, 3)
    assert psnr(found, stylex.stylize(large, "adain", files[1], size=512, threads=1)) >= 35


def test_by_keyboard_alone(page: Any, painted: Painted, files: tuple[Path, Path]) -> None:
    """Everything is reached with Tab, has a name, and can be changed with keys."""
    page.set_input_files("#photo", files[0])  # a file dialog is the system's
    painted(page)
    names: dict[str, str] = {}
    for _ in range(20):
        page.keyboard.press("Tab")
        name = "(document.activeElement.labels?.[0] ?? document.activeElement).innerText"
        found = page.evaluate(f"[document.activeElement.id, {name}]")
        if found[0] == "strength":
            page.keyboard.press("Home")
        if found[0] == "divider" and "divider" not in names:
            page.keyboard.press("ArrowRight")
        names[found[0]] = found[1]
    wanted = {"photo", "divider", "style", "painting", "second", "strength", "size", "keep", "camera", "download"}
    assert wanted <= names.keys()
    assert [name for name in wanted if not names[name].strip()] == []
    assert page.evaluate("document.getElementById('compared').style.getPropertyValue('--cut')") == "51%"
    assert psnr(painted(page), PIL.Image.open(files[0])) > 60  # strength 0 gives the photo back


def test_a_narrow_screen(page: Any, painted: Painted, files: tuple[Path, Path]) -> None:
    page.set_viewport_size({"width": 340, "height": 700})
    page.set_input_files("#photo", files[0])
    painted(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 340


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_dark_and_light_can_be_read(page: Any, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    colors = page.evaluate(COLORS, ["h1", "#where", "#drop strong", "#drop span", "#style", ".value", "#camera"])
    grounds = {ground for _, ground in colors}
    assert all((luminance(ground) > 0.5) == (scheme == "light") for ground in grounds)
    for ink, ground in colors:
        dark, light = sorted(map(luminance, (ink, ground)))
        assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2.1, AA
    page.emulate_media(color_scheme="light")


def luminance(color: str) -> float:
    """The relative luminance of rgb(r, g, b)."""
    levels = np.array([float(level) for level in color[4:-1].split(",")]) / 255
    return float(
        np.where(levels <= 0.03928, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
    )


def test_the_live_camera(page: Any, painted: Painted) -> None:
    page.click("#camera")
    page.wait_for_selector("#camera[aria-pressed=true]")
    page.wait_for_selector("#after[src]")
    page.click("#camera")
    assert painted(page).shape == (480, 640, 3)  # Chromium's own test picture
    assert page.get_attribute("#camera", "aria-pressed") == "false"


@pytest.mark.parametrize("address", ["service"], indirect=True)
def test_the_live_camera_of_a_slow_service(browser: Any, address: str) -> None:
    """No photo was chosen, each frame comes before the last one is painted, and sliders move meanwhile."""

    def slow(route: Any) -> None:
        time.sleep(0.2)
        route.continue_()

    context = browser.new_context(permissions=["camera"])
    page = context.new_page()
    context.route("**/v1/paint", slow)
    page.goto(address)
    page.wait_for_selector("body[data-ready]", timeout=60_000)
    page.select_option("#size", "512")
    page.click("#camera")
    page.wait_for_selector("#after[src]", timeout=30_000)
    for strength in ("0.9", "0.8", "0.7"):
        page.fill("#strength", strength)
        before = page.get_attribute("#after", "src")
        page.wait_for_function(
            "(before) => document.getElementById('after').src !== before", arg=before, timeout=30_000
        )
    page.click("#camera")
    context.close()


def dropped(page: Any, path: Path) -> Any:
    """A file on its way from the desktop, as the browser tells a page of it."""
    script = """(bytes) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(bytes)], "dropped.png", { type: "image/png" }));
      return transfer;
    }"""
    return {"dataTransfer": page.evaluate_handle(script, list(path.read_bytes()))}


def test_a_photo_and_a_painting_are_dropped(
    page: Any, painted: Painted, files: tuple[Path, Path], photo: np.ndarray, painting: np.ndarray
) -> None:
    for place, shown, file in (("#stage", "#drop", files[0]), ("#controls", "#controls", files[1])):
        transfer = dropped(page, file)
        page.dispatch_event(place, "dragover", transfer)
        outline = f"getComputedStyle(document.querySelector('{shown}')).outlineStyle"
        assert page.evaluate(outline) == "solid"
        page.dispatch_event(place, "drop", transfer)
        assert page.evaluate(outline) == "none"
    assert page.input_value("#style") == "your painting"
    assert psnr(painted(page), stylex.stylize(photo, "adain", painting, threads=1)) >= 35
    missed = "document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true }))"
    assert page.evaluate(missed) is False, "or the browser would open the file"
    page.select_option("#style", "starry-night")


def test_what_is_no_picture_is_told(page: Any, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture", encoding="utf-8")
    page.set_input_files("#photo", tmp_path / "text.png")
    page.wait_for_selector("#status.wrong")


@pytest.mark.parametrize("address", ["site"], indirect=True)
def test_it_works_offline_after_the_first_visit(
    page: Any, painted: Painted, files: tuple[Path, Path], photo: np.ndarray
) -> None:
    page.evaluate("navigator.serviceWorker.ready")
    page.context.set_offline(True)
    page.reload()
    page.wait_for_selector("body[data-ready]", timeout=60_000)
    assert page.evaluate("crossOriginIsolated") and "thread" in page.inner_text("#where")
    page.set_input_files("#painting", files[1])
    page.set_input_files("#photo", files[0])
    assert psnr(painted(page), stylex.stylize(photo, "adain", files[1], threads=1)) >= 35


@pytest.mark.parametrize("address", ["site"], indirect=True)
def test_a_backend_that_paints_wrong_is_refused(browser: Any, address: str) -> None:
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.route("**/check.bin", lambda route: route.fulfill(body=bytes(2 * 96 * 128 * 3)))
    page.goto(address)
    page.wait_for_selector("#status.wrong", timeout=60_000)
    assert "paints the check picture wrong" in page.inner_text("#status")
    context.close()
