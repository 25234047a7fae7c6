"""Real photos that every check and calibration can rely on: those inside scikit-image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from stylex.errors import InputError, MissingPackage
from stylex.runtime.images import read_picture

BUNDLED = ("astronaut", "chelsea", "coffee", "rocket")
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})


def bundled(name: str) -> npt.NDArray[np.uint8]:
    """One of scikit-image's colour photos, RGB (H, W, 3)."""
    try:
        from skimage import data
    except ImportError:
        raise MissingPackage("scikit-image", "export") from None
    return np.asarray(getattr(data, name)(), np.uint8)


def photos(folder: Path | None) -> Iterator[npt.NDArray[np.uint8]]:
    """Photos of a folder, or the bundled ones.

    Raises:
        InputError: the folder doesn't exist or holds no picture.
    """
    if folder is None:
        yield from map(bundled, BUNDLED)
        return
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder: give a folder of photos")
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() in SUFFIXES)
    if not files:
        raise InputError(f"{folder} holds no photos ({', '.join(sorted(SUFFIXES))}): give another folder")
    for file in files:
        yield read_picture(file).rgb


def crops(folder: Path | None, count: int, size: int, seed: int) -> list[npt.NDArray[np.uint8]]:
    """Seeded square crops, in turn from every photo: sides between half the photo and all of it, resized to `size`."""
    rng = np.random.default_rng(seed)
    available = list(photos(folder))
    made = []
    for i in range(count):
        photo = available[i % len(available)]
        longest = min(photo.shape[:2])
        side = int(rng.integers(longest // 2, longest + 1))
        top, left = (int(rng.integers(0, extent - side + 1)) for extent in photo.shape[:2])
        made.append(_resized(photo[top : top + side, left : left + side], size))
    return made


def _resized(picture: npt.NDArray[Any], size: int) -> npt.NDArray[np.uint8]:
    method = cv2.INTER_AREA if picture.shape[0] > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (size, size), interpolation=method), np.uint8)
