"""The photos and paintings that are evaluated on: a seeded choice of two folders."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np

from stylex.errors import InputError
from stylex.imaging.arrays import Image
from stylex.imaging.folders import picture_files
from stylex.imaging.reading import read_picture
from stylex.models.training.data import is_held_out


def chosen(folder: Path, count: int, held_out: float, size: int) -> list[Image]:
    """Returns `count` pictures (0 for all) in the order of their names' hash, cut square and resized.

    Args:
        held_out: only the share that `stylex train` holds out by a hash of the name; 0 for all files.
        size: height and width in pixels.

    Raises:
        InputError: there are fewer.
    """
    files = [f for f in picture_files(folder) if not held_out or is_held_out(f.name, held_out)]
    if not files or len(files) < count:
        kind = "held-out pictures" if held_out else "pictures"
        raise InputError(f"{folder} has {len(files)} {kind}, {count or 1} are needed: ask for fewer")
    files.sort(key=lambda f: hash_of(f.name))
    return [square(read_picture(f).rgb, size) for f in files[: count or None]]


def hash_of(name: str) -> str:
    """Returns a stable order that has nothing to do with the alphabet."""
    return hashlib.sha256(f"order {name}".encode()).hexdigest()


def square(picture: Image, size: int) -> Image:
    """Returns the central square, resized to (size, size, 3)."""
    side = min(picture.shape[:2])
    top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
    method = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    cut = picture[top : top + side, left : left + side]
    return np.asarray(cv2.resize(cut, (size, size), interpolation=method), np.uint8)
