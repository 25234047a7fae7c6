"""The newest frame of a camera: a thread takes frames as they come, so that none grows old in the driver's buffer."""

from __future__ import annotations

import threading
import time
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

IMMEDIATE, BUFFERED = 0.002, 8
"""A frame that is there within so many seconds stood in the driver's buffer, which holds at most so many frames."""
PATIENCE = 2.0
"""Seconds that the thread is given to end; a driver may hang."""


class NewestFrame:
    """Reads a camera in a thread of its own and keeps only the newest frame.

    Args:
        capture: an opened camera; belongs to the thread until `close`.
    """

    def __init__(self, capture: cv2.VideoCapture) -> None:
        self._capture = capture
        self._changed = threading.Condition()
        self._frame: npt.NDArray[Any] | None = None
        self._ended = self._closing = False
        self._thread = threading.Thread(target=self._read, name="stylex-camera", daemon=True)
        self._thread.start()

    def next(self) -> npt.NDArray[np.uint8] | None:
        """Returns the newest frame that wasn't given yet, BGR uint8 (H, W, 3), and waits for one; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._ended)
            frame, self._frame = self._frame, None
        return None if frame is None else np.asarray(frame, np.uint8)

    def close(self) -> None:
        """Ends the thread and releases the camera."""
        self._closing = True
        self._thread.join(PATIENCE)
        if not self._thread.is_alive():
            self._capture.release()

    def _read(self) -> None:
        old = BUFFERED
        while not self._closing:
            begun = time.perf_counter()
            there, frame = self._capture.read()
            if not there or frame is None:
                break
            old = 0 if time.perf_counter() - begun > IMMEDIATE else max(0, old - 1)
            if old:
                continue
            with self._changed:
                self._frame = frame
                self._changed.notify()
        with self._changed:
            self._ended = True
            self._changed.notify()
