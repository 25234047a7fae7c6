"""Real photos that every check and calibration can rely on: those inside scikit-image."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from stylex.errors import InputError, MissingPackage
from stylex.imaging.arrays import shrunk
from stylex.imaging.content import visible_of
from stylex.imaging.folders import SMALLEST_SIDE, picture_files
from stylex.imaging.sizes import shorter_side

Photo: TypeAlias = npt.NDArray[np.uint8]

CALIBRATING, CHECKING = ("astronaut", "coffee", "rocket"), ("chelsea", "stereo_motorcycle")
"""Names of the bundled photos: none that is checked was calibrated on. Calibration needs the dark, empty sky of the
rocket: without it the worst picture at INT8 fell from 33 to 24 dB."""
LARGEST_SIDE = 1024
"""Pixels that the shorter side of a folder's photos is reduced to: calibration needs no more of any."""
MOST_FILES = 32
"""Files of a folder that are read for each purpose at most, a seeded choice."""


def bundled(name: str) -> Photo:
    """One of scikit-image's colour photos, RGB (H, W, 3)."""
    try:
        from skimage import data
    except ImportError:
        raise MissingPackage("scikit-image", "export") from None
    photo = getattr(data, name)()
    return np.asarray(photo[0] if isinstance(photo, tuple) else photo, np.uint8)  # the left one of a stereo pair


def photos(folder: Path | None, seed: int, *, check: bool) -> list[Photo]:
    """Photos to calibrate on or to check with; where there are two or more, no photo serves both.

    Args:
        folder: a folder of photos, or None for those inside scikit-image; unreadable files in it are passed over.

    Raises:
        InputError: the folder doesn't exist or holds no usable photo.
    """
    if folder is None:
        return [bundled(name) for name in (CHECKING if check else CALIBRATING)]
    files = picture_files(folder)
    order = np.random.default_rng(seed).permutation(len(files))
    half = order[1::2] if check and len(files) > 1 else order[::2]
    found = [photo for i in half[:MOST_FILES] if (photo := _usable(files[i])) is not None]
    if not found:
        raise InputError(f"{folder} holds no usable photos ({len(files)} pictures found): give another folder")
    return found


def _usable(file: Path) -> Photo | None:
    try:
        photo = shrunk(visible_of(file, str(file), shorter_side(LARGEST_SIDE)), LARGEST_SIDE)
    except InputError:
        return None
    return photo if min(photo.shape[:2]) >= SMALLEST_SIDE else None


def crops(folder: Path | None, count: int, size: int, seed: int, *, check: bool) -> list[Photo]:
    """Seeded square crops, in turn from every photo: sides between half the photo and all of it, resized to `size`."""
    available = photos(folder, seed, check=check)
    rng = np.random.default_rng((seed, check))
    made = []
    for i in range(count):
        photo = available[i % len(available)]
        longest = min(photo.shape[:2])
        side = int(rng.integers(longest // 2, longest + 1))
        top, left = (int(rng.integers(0, extent - side + 1)) for extent in photo.shape[:2])
        made.append(_resized(photo[top : top + side, left : left + side], size))
    return made


def _resized(picture: npt.NDArray[Any], size: int) -> Photo:
    method = cv2.INTER_AREA if picture.shape[0] > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (size, size), interpolation=method), np.uint8)
