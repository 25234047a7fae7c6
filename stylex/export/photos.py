"""Real photos that every check and calibration can rely on: those inside scikit-image."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from stylex.errors import InputError
from stylex.imaging.content import usable_picture
from stylex.imaging.folders import picture_files
from stylex.installation import optional

Photo: TypeAlias = npt.NDArray[np.uint8]

CALIBRATING, CHECKING = ("astronaut", "coffee", "rocket"), ("chelsea", "stereo_motorcycle")
"""Names of the bundled photos: none that is checked was calibrated on. Calibration needs the dark, empty sky of the
rocket: without it the worst picture at INT8 fell from 33 to 24 dB."""
LARGEST_SIDE = 1024
"""Pixels that the shorter side of a folder's photos is reduced to: calibration needs no more of any."""
MOST_FILES = 32
"""Files of a folder that are read for each purpose at most, a seeded choice."""
NAMED = 3
"""Files that can't be used that are named with their reasons."""
FLAT, ALIKE = 3.0, 3.0
"""Levels, at 16x16 pixels: the deviation below which a photo is flat, the mean difference below which two are alike."""
FEW = 4
"""Fewer different photos to calibrate on are told; half of a folder's serve to check."""

logger = logging.getLogger("stylex")


def bundled(name: str) -> Photo:
    """Returns one of scikit-image's colour photos, RGB (H, W, 3)."""
    photo = getattr(optional("skimage.data", "scikit-image"), name)()
    return np.asarray(photo[0] if isinstance(photo, tuple) else photo, np.uint8)  # the left one of a stereo pair


def photos(folder: Path | None, seed: int, *, check: bool) -> list[Photo]:
    """Returns photos to calibrate on or to check with; where a folder has two or more, none of it serves both.

    A check always sees the bundled photos as well, in turn with the folder's, so that what it reports holds for others
    than these. Of a folder for calibration the logger "stylex" is told which files can't be used, and that it is small.

    Args:
        folder: a folder of photos, or None for those inside scikit-image; unreadable files in it are passed over.

    Raises:
        InputError: the folder doesn't exist, holds no usable photo, or is to calibrate on and holds flat ones alone.
    """
    ours = [bundled(name) for name in (CHECKING if check else CALIBRATING)]
    if folder is None:
        return ours
    files = picture_files(folder)
    order = [files[i] for i in np.random.default_rng(seed).permutation(len(files))]
    halves = (order[1::2], order[::2]) if check else (order[::2], order[1::2])
    found, skipped = _read(halves[0][:MOST_FILES])
    if not found:
        found, more = _read(halves[1][:MOST_FILES])
        skipped += more
    named = f": {'; '.join(skipped[:NAMED])}" if skipped else ""
    if not found:
        raise InputError(f"{folder} holds no usable photos ({len(files)} pictures found{named}): give another folder")
    if check:
        return [photo for i, one in enumerate(found) for photo in (one, ours[i % len(ours)])]
    if skipped:
        logger.warning("%d pictures of %s can't be used to calibrate%s", len(skipped), folder, named)
    _require_telling(found, folder)
    return found


def _read(files: Sequence[Path]) -> tuple[list[Photo], list[str]]:
    """Returns the usable photos, and a line for each file that isn't usable."""
    found, skipped = [], []
    for file in files:
        try:
            found.append(usable_picture(file, LARGEST_SIDE))
        except InputError as error:
            skipped.append(str(error))
    return found, skipped


def _require_telling(found: Sequence[Photo], folder: Path) -> None:
    """Refuses photos that are all flat, and warns where few differ: ranges seen on them say little of others."""
    small = [cv2.resize(photo, (16, 16), interpolation=cv2.INTER_AREA).astype(np.float32) for photo in found]
    telling = [photo for photo in small if photo.std(axis=(0, 1)).max() >= FLAT]
    if not telling:
        raise InputError(
            f"the photos of {folder} are flat, each of one colour: INT8 can't be calibrated on them; give real photos"
        )
    different: list[npt.NDArray[np.float32]] = []
    for photo in telling:
        if all(np.abs(photo - other).mean() >= ALIKE for other in different):
            different.append(photo)
    if len(different) < FEW:
        message = "%s shows %d different photos to calibrate on, which is few: give %d or more"
        logger.warning(message, folder, len(different), 2 * FEW)


def crops(folder: Path | None, count: int, size: int, seed: int, *, check: bool) -> list[Photo]:
    """Returns seeded square crops from each photo in turn, of half of it to all of it, resized to `size`."""
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
