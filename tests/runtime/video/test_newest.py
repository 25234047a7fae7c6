"""A camera whose driver buffers, by the clock."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from stylex.errors import InputError
from stylex.runtime.video.camera import Camera

RATE = 30


class Buffering:
    """Frames by the clock, of which it keeps 4, as drivers do; the first pixel says which one it is."""

    def __init__(self, frames: int = 10_000) -> None:
        self.begun, self.last, self.frames, self.released = time.perf_counter(), -1, frames, False

    @property
    def now(self) -> float:
        return (time.perf_counter() - self.begun) * RATE

    def open(self, *_: object) -> bool:
        return True

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return True

    def release(self) -> None:
        self.released = True

    def read(self) -> tuple[bool, np.ndarray | None]:
        self.last = max(self.last + 1, int(self.now) - 3)
        if self.last >= self.frames:
            return False, None
        while self.now < self.last:
            time.sleep(0.001)
        frame = np.zeros((24, 32, 3), np.uint8)
        frame[0, 0, 0] = self.last
        return True, frame


@pytest.mark.parametrize("pause", [0.0, 0.2])
def test_the_newest_frame_comes(pause: float, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Buffering()
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: driver)
    time.sleep(0.15)  # the buffer is full
    numbers, ages = [], []
    with Camera(0) as camera:
        for frame in camera:
            numbers.append(int(frame[0, 0, 2]))
            ages.append(driver.now - numbers[-1])
            time.sleep(pause)
            if len(numbers) == 5:
                break
    assert driver.released
    assert numbers == sorted(set(numbers))
    assert np.median(ages) <= 1.5  # a busy machine may let one wait


def test_a_camera_that_vanishes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: Buffering(3))
    with Camera(0) as camera, pytest.raises(InputError, match="has vanished"):
        list(camera)
