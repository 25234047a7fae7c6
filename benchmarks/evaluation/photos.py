"""Folders of JPEGs to be painted: as many and as large as wanted, cut out of few photos."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from stylex.imaging.arrays import Image
from stylex.imaging.folders import picture_files
from stylex.imaging.reading import read_picture
from stylex.imaging.writing import write_picture

SAMPLES = ("astronaut", "coffee", "chelsea", "rocket")


def pictures_of(folder: Path | None) -> list[Image]:
    """Returns the photos of a folder; those of scikit-image without one."""
    if folder is not None:
        return [read_picture(file).rgb for file in picture_files(folder)]
    from skimage import data

    return [np.asarray(getattr(data, name)(), np.uint8) for name in SAMPLES]


def write_photos(folder: Path, pictures: list[Image], count: int, size: int, seed: int = 0) -> None:
    """Writes square pieces of pictures as JPEG."""
    random = np.random.default_rng(seed)
    for i in range(count):
        picture = pictures[i % len(pictures)]
        side = int(min(picture.shape[:2]) * random.uniform(0.5, 1))
        top, left = (int(random.integers(0, whole - side + 1)) for whole in picture.shape[:2])
        piece = picture[top : top + side, left : left + side]
        method = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
        square = cv2.resize(piece, (size, size), interpolation=method)
        write_picture(folder / f"{i:05}.jpg", np.asarray(square, np.uint8), quality=90)
