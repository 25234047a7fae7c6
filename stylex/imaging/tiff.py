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
BY_OPENCV = ((10,), (12,), (14,), (16,))
"""Bits a channel that OpenCV reads where Pillow doesn't; fewer than 16 are without gaps, and are widened to 16."""
WHITE_IS_ZERO = 0
PLAIN = {1: (WHITE_IS_ZERO, 1), 3: (2,)}
"""Photometric interpretations of grey and RGB, by their number of channels."""
UNSIGNED, SIGNED, FLOATING_POINT = 1, 2, 3
"""Values of the tag SampleFormat."""
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
    """Returns a grey or RGB TIFF of `BY_OPENCV`'s bits as "L" or "RGB", upright.

    Raises:
        InputError: it is of another kind that isn't read; the message says of which.
    """
    tags = tags_of(data)
    bits, samples = tuple(_numbers(tags.get(BITS_PER_SAMPLE))), tags.get(SAMPLES_PER_PIXEL, 1)
    if not bits:
        return None
    formats = sample_formats(tags)
    if FLOATING_POINT in formats:
        raise InputError(f"{path} holds floating-point values of unknown range: save it with 8 or 16 bits a channel")
    values = None
    plain = tags.get(PHOTOMETRIC) in PLAIN.get(samples, ()) and formats == {UNSIGNED}
    if plain and tuple(sorted(set(bits))) in BY_OPENCV:
        require_size(f"{path} has", tags.get(WIDTH, 0), tags.get(HEIGHT, 0))
        values = decoded_by_opencv(data)
    if values is None:
        sign = " with a sign" if SIGNED in formats else ""
        kind = f"{samples} channels of {max(bits)} bits{sign}, photometric interpretation {tags.get(PHOTOMETRIC)}"
        raise InputError(f"{path} is a TIFF of a kind that isn't read ({kind}), or damaged: save it as a PNG")
    high = (values >> 8).astype(np.uint8)
    if high.ndim == 2 and tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        high = 255 - high
    image = Image.fromarray(high if high.ndim == 2 else cv2.cvtColor(high, cv2.COLOR_BGR2RGB))
    image.info["icc_profile"] = tags.get(ICC_PROFILE)
    return image


def sample_formats(tags: Mapping[int, Any]) -> set[int]:
    """Returns what kinds of numbers the channels of a TIFF hold; unsigned ones where it doesn't say so."""
    return set(_numbers(tags.get(SAMPLE_FORMAT))) or {UNSIGNED}


def _numbers(value: object) -> tuple[int, ...]:
    """Returns the numbers of a tag that has one or several."""
    return tuple(v for v in (value if isinstance(value, tuple) else (value,)) if isinstance(v, int))
