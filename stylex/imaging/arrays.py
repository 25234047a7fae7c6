"""Between 8-bit pictures and the float planes that graphs take and give."""

from __future__ import annotations

from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from stylex.cores import cores
from stylex.installation import OPENCV

OPENCV.working()  # what is left of a removed package can be imported, and would fail at its first use
cv2.setNumThreads(min(cv2.getNumThreads(), cores()))  # OpenCV doesn't know every kind of quota

Image: TypeAlias = npt.NDArray[np.uint8]


def to_floats(picture: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Converts RGB uint8 (H, W, 3) to float32 (1, 3, H, W) in [0, 1]."""
    planes = np.empty((1, 3, *picture.shape[:2]), np.float32)
    for plane, channel in zip(planes[0], cv2.split(picture), strict=True):
        np.multiply(channel, np.float32(1 / 255), out=plane)
    return planes


def to_bytes(planes: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Converts float32 (1, 3, H, W) in [0, 1] to RGB uint8 (H, W, 3), rounded, not wrapped."""
    channels = [np.rint(np.clip(plane, 0, 1) * 255).astype(np.uint8) for plane in planes[0]]
    return np.asarray(cv2.merge(channels), np.uint8)


def shrunk(picture: Image, short_side: int) -> Image:
    """Returns all of a picture, its shorter side reduced to at most `short_side` pixels."""
    height, width = picture.shape[:2]
    scale = short_side / min(height, width)
    if scale >= 1:
        return picture
    size = (round(width * scale), round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
