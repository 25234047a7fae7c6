"""TIFF files: their tags, read without decoding anything, and kinds that OpenCV reads and Pillow doesn't."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, TiffImagePlugin

from stylex.errors import InputError
from stylex.imaging.picture import require_size
from stylex.imaging.quiet import decoded_by_opencv

WIDTH, HEIGHT, BITS_PER_SAMPLE, PHOTOMETRIC, SAMPLES_PER_PIXEL = 256, 257, 258, 262, 277
PLANAR_CONFIGURATION, SAMPLE_FORMAT, ICC_PROFILE = 284, 339, 34675
"""Numbers of TIFF tags."""
PACKED = ((10,), (12,), (14,))
"""Bits a channel, without gaps between the values; OpenCV widens them to 16."""
WHITE_IS_ZERO, FLOATING_POINT = 0, 3
BIG = 43
"""Version of files with 64-bit offsets, whose header has 16 bytes."""


def tags_of(data: bytes) -> Mapping[int, Any]:
    """Returns the tags of the first picture of a TIFF; none where it is damaged, or no TIFF."""
    try:
        directory = TiffImagePlugin.ImageFileDirectory_v2(data[: 16 if BIG in data[2:4] else 8])
        file = io.BytesIO(data)
        file.seek(directory.next)
        directory.load(file)
        return dict(directory)
    except Exception:  # Pillow promises no class
        return {}


def opened_by_opencv(data: bytes, path: Path) -> Image.Image | None:
    """Returns a TIFF of 10, 12 or 14 bits a channel without gaps, which Pillow doesn't open, as "L" or "RGB", upright.

    Raises:
        InputError: it is of another kind that isn't read; the message says of which.
    """
    tags = tags_of(data)
    bits, samples = tuple(_numbers(tags.get(BITS_PER_SAMPLE))), tags.get(SAMPLES_PER_PIXEL, 1)
    if not bits:
        return None
    if FLOATING_POINT in _numbers(tags.get(SAMPLE_FORMAT)):
        raise InputError(f"{path} holds floating-point values of unknown range: save it with 8 or 16 bits a channel")
    values = None
    if tuple(sorted(set(bits))) in PACKED and samples in (1, 3):
        require_size(f"{path} has", tags.get(WIDTH, 0), tags.get(HEIGHT, 0))
        values = decoded_by_opencv(data)
    if values is None:
        kind = f"{samples} channels of {max(bits)} bits, photometric interpretation {tags.get(PHOTOMETRIC)}"
        raise InputError(f"{path} is a TIFF of a kind that isn't read ({kind}), or damaged: save it as a PNG")
    plain = (values >> 8).astype(np.uint8)
    if plain.ndim == 2 and tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        plain = 255 - plain
    image = Image.fromarray(plain if plain.ndim == 2 else cv2.cvtColor(plain, cv2.COLOR_BGR2RGB))
    image.info["icc_profile"] = tags.get(ICC_PROFILE)
    return image


def _numbers(value: object) -> tuple[int, ...]:
    """Returns the numbers of a tag that has one or several."""
    return tuple(v for v in (value if isinstance(value, tuple) else (value,)) if isinstance(v, int))
