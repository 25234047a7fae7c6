"""More than 8 bits a channel: brought to 8 by the bits that are in use, whatever the file's container."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from stylex.errors import InputError
from stylex.imaging.png import chunk

logger = logging.getLogger("stylex")

BITS_PER_SAMPLE, PHOTOMETRIC, MAX_SAMPLE_VALUE = 258, 262, 281
"""Numbers of TIFF tags."""
CAMERA_BITS = (8, 10, 12, 14)
"""Bits that cameras and scanners measure, and store in 16."""

Samples = npt.NDArray[np.uint16] | npt.NDArray[np.int32]


def is_deep_color(image: Image.Image) -> bool:
    """Returns whether a file that isn't loaded yet has 16 bits of red, green and blue, which Pillow cuts to 8."""
    for tile in getattr(image, "tile", ()):
        arguments = tile[3] if len(tile) > 3 else None
        raw = arguments if isinstance(arguments, str) else arguments[0] if isinstance(arguments, tuple) else ""
        if isinstance(raw, str) and raw.startswith(("RGB;16", "RGBA;16", "RGBX;16", "RGBa;16")):
            return True
    return False


def deep_color(data: bytes, image: Image.Image, path: Path) -> Image.Image | None:
    """Returns a picture of 16 bits of red, green and blue with 8 of them, mode "RGB" or "RGBA".

    Args:
        data: of the file.
        image: the same, opened and not yet loaded.

    Returns:
        None where all 16 bits are in use, so that Pillow's cut is right, or where OpenCV can't read the file.
    """
    used = stated_bits(data, image)
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.ndim != 3:
        return None
    samples = np.asarray(values, np.uint16)
    bits = used or bits_in_use(samples[..., :3], path)
    if bits >= 16:
        return None
    order = cv2.COLOR_BGRA2RGBA if values.shape[2] == 4 else cv2.COLOR_BGR2RGB
    scaled = scaled_to_bytes(samples, bits)
    if values.shape[2] == 4:
        scaled[..., 3] = samples[..., 3] >> 8
    return Image.fromarray(cv2.cvtColor(scaled, order))


def grey_of(image: Image.Image, data: bytes, path: Path) -> Image.Image:
    """Returns a loaded grey picture of more than 8 bits as "L", or "LA" where it has a transparent value.

    Raises:
        InputError: values that are no 8 or 16 bits.
    """
    values = np.asarray(image).astype(np.int32)  # (H, W)
    if values.min() < 0 or values.max() > 65535:
        raise InputError(f"{path} holds values from {values.min()} to {values.max()}: save it with 8 or 16 bits")
    tags: Mapping[int, object] = getattr(image, "tag_v2", {})
    bits = 12 if tags.get(BITS_PER_SAMPLE) == (12,) else stated_bits(data, image) or bits_in_use(values, path)
    grey = scaled_to_bytes(values, bits)
    if tags.get(PHOTOMETRIC) == 0:  # white is zero; Pillow inverts 8 bits but not 16
        grey = 255 - grey
    plain = Image.fromarray(grey)
    if "transparency" in image.info:
        visible = np.where(values == image.info["transparency"], 0, 255).astype(np.uint8)
        plain = Image.merge("LA", (plain, Image.fromarray(visible)))
    return plain


def stated_bits(data: bytes, image: Image.Image) -> int | None:
    """Returns the significant bits that a file states: PNG's sBIT chunk, TIFF's largest value; None for none."""
    tags: Mapping[int, object] = getattr(image, "tag_v2", {})
    largest = tags.get(MAX_SAMPLE_VALUE)
    largest = max(largest) if isinstance(largest, tuple) and largest else largest
    if isinstance(largest, int) and 0 < largest < 65535:
        return max(8, largest.bit_length())
    stated = chunk(data, b"sBIT")
    if stated and 1 <= max(stated) <= 16:
        return 16 if max(stated) >= 15 else max(8, max(stated))
    return None


def bits_in_use(values: Samples, path: Path) -> int:
    """Returns the bits that values of 16 bits use; where they are 14 or fewer that is told, since it is a guess."""
    largest = int(values.max(initial=0))
    bits = next((bits for bits in CAMERA_BITS if largest < 2**bits), 16)
    if bits < 16 and largest:
        logger.warning(
            "%s has 16 bits a channel, of which %d are in use (values up to %d): it is read as %d bits",
            *(path, bits, largest, bits),
        )
        return bits
    return 16


def scaled_to_bytes(values: Samples, bits: int) -> npt.NDArray[np.uint8]:
    """Returns the high 8 of so many bits; values beyond them are the brightest."""
    return np.asarray(np.minimum(values >> (bits - 8), 255), np.uint8)
