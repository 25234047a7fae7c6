"""Cameras: which there are, and their frames."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from stylex.errors import InputError
from stylex.imaging.arrays import Image
from stylex.imaging.sizes import at_most
from stylex.runtime.video.newest import NewestFrame

DEVICES = Path("/sys/class/video4linux")
"""Where Linux lists its cameras."""
TRIED = range(10)
"""Numbers that are tried on other systems, which don't tell which ones there are."""


@dataclass(frozen=True)
class CameraInfo:
    """A camera that opens.

    Attributes:
        number: as `Camera` takes it.
        name: where the system tells.
        width, height: of its frames, in pixels.
    """

    number: int
    name: str
    width: int
    height: int


def cameras() -> list[CameraInfo]:
    """Returns the cameras that open, by their numbers."""
    found = []
    for number, name in _devices():
        capture = _opened(number)
        if capture.isOpened():
            sides = (round(capture.get(key)) for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
            found.append(CameraInfo(number, name, *sides))
        capture.release()
    return found


def _devices() -> Iterator[tuple[int, str]]:
    """Yields numbers and names of what may be a camera."""
    if sys.platform != "linux":
        yield from ((number, "") for number in TRIED)
        return
    numbers = [path.name.removeprefix("video") for path in DEVICES.glob("video*")]
    for number in sorted(int(number) for number in numbers if number.isdecimal()):
        name = ""
        with contextlib.suppress(OSError):
            name = (DEVICES / f"video{number}" / "name").read_text(encoding="utf-8", errors="replace").strip()
        yield number, name


def _opened(source: int | str) -> cv2.VideoCapture:
    """Returns a capture, which says whether it is opened; messages of OpenCV and FFmpeg are kept back."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET; read when the first film is opened
    capture = cv2.VideoCapture()
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # what is wrong is said by us
    try:
        capture.open(source)
    finally:
        cv2.utils.logging.setLogLevel(before)
    return capture


class Camera:
    """Frames of a camera, always the newest one, however long the last one was painted.

    Args:
        source: its number, from 0; or the path of a film, which stands for a camera and all of whose frames are read.
        size: pixels of the longer side that frames are reduced to; None for as they are.

    Raises:
        InputError: there is no such camera or film; while iterating, the camera has vanished.
    """

    def __init__(self, source: int | str, size: int | None = None) -> None:
        self.name = f"camera {source}" if isinstance(source, int) else str(source)
        self.size = size
        self._capture = _opened(source)
        if not self._capture.isOpened():
            raise InputError(f"{self.name} doesn't open: {_advice(source)}", camera=None)
        self._newest = NewestFrame(self._capture) if isinstance(source, int) else None

    def __enter__(self) -> Camera:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._newest.close() if self._newest else self._capture.release()

    def __iter__(self) -> Iterator[Image]:
        """Yields RGB uint8 (H, W, 3), one after the other; a film ends, a camera doesn't."""
        while True:
            frame = self._newest.next() if self._newest else self._capture.read()[1]
            if frame is None and self._newest:
                raise InputError(f"{self.name} has vanished: connect it again and start anew")
            if frame is None:
                return
            yield self._reduced(np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8))

    def _reduced(self, frame: Image) -> Image:
        height, width = at_most(frame.shape[:2], self.size)
        if (height, width) == frame.shape[:2]:
            return frame
        return np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _advice(source: int | str) -> str:
    """Returns what to do about a camera or a film that doesn't open."""
    if isinstance(source, int):
        there = ", ".join(str(one.number) for one in cameras()) or "none"
        return f"connect it, close what else uses it, or give another (found: {there})"
    return (
        "give a film that can be read" if os.path.isfile(source) else "give a camera's number or a film that is there"
    )
