"""The webcam without a window: a film file stands for the camera, a script for who presses the keys."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import stylex
from stylex.errors import ResourceError
from stylex.imaging.reading import read_picture
from stylex.runtime.video import live
from stylex.runtime.video.camera import Camera
from stylex.runtime.video.live import LivePreview, require_display, watch
from stylex.runtime.video.stylizer import PreparedStyle, Stylizer, prepare_style

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def styles() -> list[PreparedStyle]:
    painter = stylex.load("adain", "int8", "cpu", threads=1)
    network = prepare_style(stylex.load("cyclegan", "int8", "cpu", style="cartoon", threads=1))
    return [prepare_style(painter, "great-wave"), prepare_style(painter, "irises"), network]


class Script:
    """A screen that keeps what it is shown and presses one key after the other."""

    def __init__(self, keys: str) -> None:
        self.keys, self.shown = list(keys), list[np.ndarray]()

    def show(self, picture: np.ndarray) -> int:
        self.shown.append(picture)
        key = self.keys.pop(0)
        return -1 if key == " " else ord(key)


def preview(styles: list[PreparedStyle], folder: Path, **options: object) -> LivePreview:
    return LivePreview(styles, Stylizer(styles[0], **options), folder)  # type: ignore[arg-type]


def test_showing_until_q(styles: list[PreparedStyle], make_film: Make, tmp_path: Path) -> None:
    screen, standing = Script("  q"), preview(styles, tmp_path)
    with Camera(str(make_film())) as camera:
        assert watch(camera, standing, screen) == 3
    assert standing.rate > 0
    assert [picture.shape for picture in screen.shown] == [(48, 64, 3)] * 3
    assert standing.painted is not None
    assert (screen.shown[-1] != standing.painted).any()  # the caption
    assert screen.shown[-1].max() == 255


def test_a_film_ends_and_every_painted_frame_is_sent(
    styles: list[PreparedStyle], make_film: Make, tmp_path: Path
) -> None:
    screen, sent, standing = Script("    "), list[np.ndarray](), preview(styles, tmp_path)
    with Camera(str(make_film(pictures=3))) as camera:
        assert watch(camera, standing, screen, sent.append) == 3
    assert len(sent) == len(screen.shown) == 3
    assert (sent[-1] == standing.painted).all() and (sent[-1] != screen.shown[-1]).any()  # the caption


def test_strength_keys(styles: list[PreparedStyle], tmp_path: Path) -> None:
    standing = preview(styles, tmp_path, strength=0.95)
    assert standing.press(ord("-")) and standing.stylizer.strength == 0.85
    for _ in range(20):
        standing.press(ord("+"))
    assert standing.stylizer.strength == 1.5
    for _ in range(20):
        standing.press(ord("-"))
    assert standing.stylizer.strength == 0
    standing.press(ord("="))
    assert (standing.stylizer.strength, standing.message) == (0.1, "strength 0.1")


def test_style_keys(styles: list[PreparedStyle], tmp_path: Path) -> None:
    standing = preview(styles, tmp_path, strength=1.4)
    standing.press(ord("n"))
    assert standing.message == "irises" and standing.stylizer.style is styles[1]
    standing.press(ord("n"))
    assert (
        standing.stylizer.style is styles[2] and standing.stylizer.strength == 1
    )  # as strong as a network of one style goes
    standing.press(ord("n"))
    assert standing.stylizer.style is styles[0]
    standing.press(ord("p"))
    assert standing.stylizer.style is styles[2]


def test_the_mode_key_says_what_really_runs(styles: list[PreparedStyle], tmp_path: Path, photo: np.ndarray) -> None:
    standing = preview(styles, tmp_path)
    for mode in ("flow", "off", "statistics"):
        standing.press(ord("t"))
        assert (standing.stylizer.temporal, standing.message) == (mode, f"temporal {mode}")
    standing.press(ord("p"))
    plain = standing.captioned(photo)
    standing.stylizer.temporal = "off"
    standing.press(ord("t"))
    assert "every frame is painted alone" in standing.message
    assert (standing.captioned(photo) != plain).any()


def test_saving(styles: list[PreparedStyle], tmp_path: Path, photo: np.ndarray) -> None:
    standing = preview(styles, tmp_path)
    standing.press(ord("s"))  # nothing painted yet
    assert list(tmp_path.iterdir()) == []
    painted = standing.paint(photo)
    for name in ("stylex-001.png", "stylex-002.png"):
        standing.press(ord("s"))
        assert standing.message == f"saved {name}"
        np.testing.assert_array_equal(read_picture(tmp_path / name).rgb, painted)


def test_other_keys(styles: list[PreparedStyle], tmp_path: Path) -> None:
    standing = preview(styles, tmp_path)
    assert standing.press(-1) and standing.press(ord("x")) and standing.press(200)
    assert not standing.press(ord("q"))
    assert not standing.press(27)


def test_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":973")
    with pytest.raises(ResourceError, match="no window opens: run it in a desktop session"):
        require_display()
    monkeypatch.delenv("DISPLAY")
    with pytest.raises(ResourceError, match=r"there is no display|no window opens|this OpenCV has no windows"):
        require_display()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("The function is not implemented. Rebuild the library", "pip install opencv-python"), ("xcb", "no window opens")],
)
def test_why_no_window_opens(text: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    done = subprocess.CompletedProcess([], 1, "", text)
    monkeypatch.setattr(live.subprocess, "run", lambda *_, **__: done)
    with pytest.raises(ResourceError, match=expected):
        require_display()
    monkeypatch.setattr(live.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, "", ""))
    require_display()
