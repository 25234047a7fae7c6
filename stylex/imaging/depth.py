"""More than 8 bits a channel: brought to 8 by the bits that are in use, whatever the file's container."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from stylex.errors import InputError
from stylex.imaging.png import chunk
from stylex.imaging.quiet import decoded_by_opencv
from stylex.imaging.tiff import BITS_PER_SAMPLE, PHOTOMETRIC, PLANAR_CONFIGURATION, SIGNED, UNSIGNED, sample_formats

logger = logging.getLogger("stylex")

MAX_SAMPLE_VALUE = 281
"""Number of a TIFF tag."""
CAMERA_BITS = (8, 10, 12, 14)
"""Bits that cameras and scanners measure, and store in 16."""

Samples = npt.NDArray[np.uint16] | npt.NDArray[np.int32]


def is_deep_color(image: Image.Image) -> bool:
    """Returns whether a file that isn't loaded yet has 16 bits in several channels, which Pillow cuts to 8."""
    return _stored_as(image).startswith(("RGB;16", "RGBA;16", "RGBX;16", "RGBa;16", "LA;16"))


def _stored_as(image: Image.Image) -> str:
    """Returns Pillow's name of the samples in a file that isn't loaded yet; empty where it has none."""
    for tile in getattr(image, "tile", ()):
        arguments = tile[3] if len(tile) > 3 else None
        first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
        if isinstance(first, str):
            return first
    return ""


def require_interleaved(image: Image.Image, path: Path) -> None:
    """Raises InputError for a TIFF with more than 8 bits in separate planes, which Pillow and OpenCV take for noise."""
    tags: Mapping[int, object] = getattr(image, "tag_v2", {})
    bits = tags.get(BITS_PER_SAMPLE)
    if tags.get(PLANAR_CONFIGURATION) == 2 and isinstance(bits, tuple) and len(bits) > 1 and max(bits) > 8:
        raise InputError(
            f"{path} has {max(bits)} bits a channel in separate planes, which can't be read: save it with interleaved "
            "channels, or with 8 bits"
        )


def deep_color(data: bytes, image: Image.Image, path: Path) -> Image.Image | None:
    """Returns a picture of 16 bits in several channels with 8 of them, mode "RGB", "RGBA" or "RGBa".

    Args:
        data: of the file.
        image: the same, opened and not yet loaded.

    Returns:
        None where all 16 bits are in use, so that Pillow's cut is right, or where OpenCV can't read the file.
    """
    values = decoded_by_opencv(data)
    if values is None or values.dtype != np.uint16 or values.ndim != 3:
        return None
    samples = np.asarray(values, np.uint16)
    bits = bits_of(samples[..., :3], data, image, path)
    if bits >= 16:
        return None
    order = cv2.COLOR_BGRA2RGBA if values.shape[2] == 4 else cv2.COLOR_BGR2RGB
    scaled = scaled_to_bytes(samples, bits)
    if values.shape[2] == 4 and samples[..., 3].max() >= 2**bits:  # an alpha channel may have all bits nevertheless
        scaled[..., 3] = samples[..., 3] >> 8
    ordered = Image.fromarray(cv2.cvtColor(scaled, order))
    return Image.frombytes("RGBa", image.size, ordered.tobytes()) if _stored_as(image).startswith("RGBa") else ordered


def grey_of(image: Image.Image, data: bytes, path: Path) -> Image.Image:
    """Returns a loaded grey picture of more than 8 bits as "L", or "LA" where it has a transparent value.

    Raises:
        InputError: values that are no 8 or 16 bits.
    """
    tags: Mapping[int, object] = getattr(image, "tag_v2", {})
    values = np.asarray(image)  # (H, W)
    if values.dtype == np.int32 and sample_formats(tags) == {UNSIGNED}:
        values = values.view(np.uint32)  # which Pillow has no mode for
    _require_range(values, 65535, path)
    values = values.astype(np.int32)
    bits = 12 if tags.get(BITS_PER_SAMPLE) == (12,) else bits_of(values, data, image, path)
    grey = scaled_to_bytes(values, bits)
    if tags.get(PHOTOMETRIC) == 0:  # white is zero; Pillow inverts 8 bits but not 16
        grey = 255 - grey
    plain = Image.fromarray(grey)
    if "transparency" in image.info:
        visible = np.where(values == image.info["transparency"], 0, 255).astype(np.uint8)
        plain = Image.merge("LA", (plain, Image.fromarray(visible)))
    return plain


def without_sign(image: Image.Image, path: Path) -> Image.Image:
    """Returns a loaded grey picture "L" of signed bytes, which Pillow takes for unsigned ones, with 127 as white.

    Raises:
        InputError: some are negative.
    """
    if SIGNED not in sample_formats(getattr(image, "tag_v2", {})):
        return image
    values = np.asarray(image).view(np.int8)
    _require_range(values, 127, path)
    return Image.fromarray((values.astype(np.uint16) * 255 // 127).astype(np.uint8))


def _require_range(values: npt.NDArray[Any], most: int, path: Path) -> None:
    """Raises InputError where values are negative or too large."""
    smallest, largest = int(values.min()), int(values.max())
    if smallest < 0 or largest > most:
        raise InputError(f"{path} holds values from {smallest} to {largest}: save it with 8 or 16 bits, without a sign")


def bits_of(values: Samples, data: bytes, image: Image.Image, path: Path) -> int:
    """Returns the bits that values of 16 bits use, counted from the lowest: as the file states them, or by a guess."""
    stated = _largest_stated(image)
    if stated and values.max(initial=0) <= stated:
        return max(8, stated.bit_length())
    significant = chunk(data, b"sBIT")
    if significant and 1 <= max(significant) <= 16:
        return _bits_of_png(values, max(significant))
    tags: Mapping[int, object] = getattr(image, "tag_v2", {})
    signed = tags.get(BITS_PER_SAMPLE) == (16,) and SIGNED in sample_formats(tags)
    return bits_in_use(values, path, 15 if signed else 16)


def _largest_stated(image: Image.Image) -> int:
    """Returns the largest value that a TIFF states; 0 for none."""
    tags: Mapping[int, object] = getattr(image, "tag_v2", {})
    largest = tags.get(MAX_SAMPLE_VALUE)
    largest = max(largest) if isinstance(largest, tuple) and largest else largest
    return largest if isinstance(largest, int) and 0 < largest < 65535 else 0


def _bits_of_png(values: Samples, significant: int) -> int:
    """Returns the bits in use of a PNG with so many significant ones: the high ones, in some files the low ones."""
    bits = max(8, significant)
    low = values.max(initial=0) < 2**bits and (values & (2 ** (16 - bits) - 1)).any()
    return bits if low else 16


def bits_in_use(values: Samples, path: Path, most: int = 16) -> int:
    """Returns the bits that values of 16 bits use, at most so many; fewer than 16 are told, since that is a guess."""
    largest = int(values.max(initial=0))
    bits = next((bits for bits in CAMERA_BITS if largest < 2**bits), most)
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
