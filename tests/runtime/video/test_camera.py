"""Cameras: which there are, a film that stands for one, and the size of frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from stylex.errors import InputError
from stylex.runtime.video import camera
from stylex.runtime.video.camera import Camera, CameraInfo, cameras

Make = Callable[..., Path]


class Device:
    """A camera of OpenCV's, of which number 2 doesn't open."""

    released = 0

    def __init__(self) -> None:
        self.number = -1

    def open(self, number: int) -> None:
        self.number = number

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self.number in (0, 10)

    def get(self, key: int) -> float:
        return {cv2.CAP_PROP_FRAME_WIDTH: 640.0, cv2.CAP_PROP_FRAME_HEIGHT: 480.0}[key]

    def release(self) -> None:
        Device.released += 1


def test_the_list_names_what_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, name in ((10, "Virtual"), (2, "Metadata"), (0, "Integrated Camera")):
        (tmp_path / f"video{number}").mkdir()
        (tmp_path / f"video{number}" / "name").write_text(f"{name}\n", encoding="utf-8")
    (tmp_path / "v4l-subdev0").mkdir()
    monkeypatch.setattr(camera, "DEVICES", tmp_path)
    monkeypatch.setattr(camera.sys, "platform", "linux")
    monkeypatch.setattr(cv2, "VideoCapture", Device)
    before = Device.released
    assert cameras() == [CameraInfo(0, "Integrated Camera", 640, 480), CameraInfo(10, "Virtual", 640, 480)]
    assert Device.released == before + 3
    monkeypatch.setattr(camera.sys, "platform", "win32")
    assert cameras() == [CameraInfo(0, "", 640, 480)]  # numbers are tried


def test_colours_are_not_swapped(make_film: Make) -> None:
    with Camera(str(make_film(pictures=[np.full((48, 64, 3), (220, 40, 40), np.uint8)] * 2))) as film:
        frames = list(film)
        red, _, blue = frames[0].mean((0, 1))
    assert len(frames) == 2 and red > 180 and blue < 80


@pytest.mark.parametrize(("size", "shape"), [(None, (48, 64, 3)), (32, (24, 32, 3)), (640, (48, 64, 3))])
def test_frames_are_reduced(size: int | None, shape: tuple[int, ...], make_film: Make) -> None:
    with Camera(str(make_film(pictures=2)), size) as film:
        assert {frame.shape for frame in film} == {shape}


def test_what_does_not_open(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=r"camera 97 doesn't open: connect it.*or give another \(found: "):
        Camera(97)
    with pytest.raises(InputError, match=r"nothing\.mp4 doesn't open: give a camera's number or a film that is there"):
        Camera(str(tmp_path / "nothing.mp4"))
    (tmp_path / "text.mp4").write_text("no film", encoding="utf-8")
    with pytest.raises(InputError, match=r"text\.mp4 doesn't open: give a film that can be read"):
        Camera(str(tmp_path / "text.mp4"))
    assert capfd.readouterr().err == ""
