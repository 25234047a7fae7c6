"""The virtual camera: pyvirtualcam with a backend that keeps what it is sent, and without any device."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from stylex.errors import MissingPackage, ResourceError
from stylex.runtime.video.virtual_camera import VirtualCamera


class Kept:
    """A backend as pyvirtualcam's documentation describes them."""

    opened: list[Kept]

    def __init__(self, *, width: int, height: int, fps: float, fourcc: int, device: str | None, **_: Any) -> None:
        if device not in (None, "kept"):
            raise RuntimeError(f"there is no {device}")
        self.size, self.frames, self.closed = (height, width), list[np.ndarray](), False
        Kept.opened.append(self)

    def send(self, frame: np.ndarray) -> None:
        self.frames.append(frame.reshape(*self.size, 3).copy())

    def device(self) -> str:
        return "kept"

    def native_fourcc(self) -> int | None:
        return None

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def library() -> Iterator[Any]:
    """The library, with its backends as they were afterwards."""
    found = pytest.importorskip("pyvirtualcam", reason="needs pyvirtualcam: pip install 'stylex[webcam]'")
    before = dict(found.camera.BACKENDS)
    yield found
    found.camera.BACKENDS.clear()
    found.camera.BACKENDS.update(before)


@pytest.fixture
def kept(library: Any) -> list[Kept]:
    """The devices that are opened."""
    library.camera.BACKENDS.clear()
    library.register_backend("kept", Kept)
    Kept.opened = []
    return Kept.opened


@pytest.mark.parametrize("sides", [(48, 64), (49, 65), (48, 63)])
def test_frames_come_out_as_they_went_in(sides: tuple[int, int], kept: list[Kept]) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (3, *sides, 3), np.uint8)
    with VirtualCamera() as camera:
        assert camera.device == "" and not kept
        for frame in frames:
            camera.send(frame)
        assert camera.device == "kept"
    (device,) = kept
    assert device.closed and device.size == (48, sides[1] // 2 * 2)
    np.testing.assert_array_equal(device.frames, frames[:, : device.size[0], : device.size[1]])


def test_another_device_or_size_is_one_line(kept: list[Kept]) -> None:
    frame = np.zeros((48, 64, 3), np.uint8)
    with (
        pytest.raises(ResourceError, match="there is no /dev/video7") as caught,
        VirtualCamera("/dev/video7") as camera,
    ):
        camera.send(frame)
    assert "\n" not in str(caught.value)
    with VirtualCamera("kept") as camera:
        camera.send(frame)
        with pytest.raises(ResourceError, match="no virtual camera takes the frames"):
            camera.send(frame[:24])


@pytest.mark.skipif(sys.platform != "linux", reason="asks for Linux's own devices")
def test_no_virtual_camera_is_there(library: Any) -> None:
    camera = VirtualCamera("/dev/video97")
    with pytest.raises(ResourceError, match=r"no virtual camera takes the frames .*: sudo modprobe v4l2loopback"):
        camera.send(np.zeros((48, 64, 3), np.uint8))


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(MissingPackage, match=r"pip install 'stylex\[webcam\]'"):
        VirtualCamera()
