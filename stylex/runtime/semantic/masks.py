"""Masks: read from pictures, refined along the photo's edges, feathered."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
import PIL.Image

from stylex.errors import InputError
from stylex.imaging.arrays import Image
from stylex.imaging.content import picture_of
from stylex.imaging.sizes import at_most

Mask: TypeAlias = npt.NDArray[np.float32]
"""(H, W), from 0, outside, to 1, inside."""

REFINED_SIDE = 512
"""Pixels of the longer side at which masks are refined; the result is stretched to the photo."""
UNSURE = 0.25
"""Share of a class that counts as none; a place that is half in a region would be half painted."""
FLATNESS = 1e-4
"""Variance of the photo, in [0, 1], below which the guided filter smooths instead of keeping an edge."""


def read_mask(path: Path | str) -> Mask:
    """Returns a picture as a mask: its alpha channel where it is transparent anywhere, its lightness otherwise.

    A picture of the levels 0 and 1 alone, as tools for labelling write them, is black and white.

    Raises:
        InputError: it can't be read.
    """
    return mask_of(path)


def mask_of(given: Mask | PIL.Image.Image | Path | str) -> Mask:
    """Returns a mask (H, W) from 0 to 1 of an array that is one, or of a picture as `read_mask` does.

    Raises:
        InputError: it can't be read, or is no array (H, W).
    """
    if isinstance(given, np.ndarray):
        if given.ndim != 2 or not given.size:
            raise InputError(f"got an array of shape {given.shape}; a mask is one of shape (H, W), from 0 to 1")
        return np.asarray(given / 255 if given.dtype == np.uint8 else given, np.float32)
    picture = picture_of(given, "the mask")
    if picture.alpha is not None and picture.alpha.min() < 255:
        return np.asarray(picture.alpha / 255, np.float32)
    grey = cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2GRAY)
    return np.asarray(grey if grey.max() <= 1 else grey / 255, np.float32)


def require_size(mask: Mask, sides: tuple[int, ...], name: str) -> None:
    """Raises InputError unless the mask, called `name`, has the photo's `sides`, height and width."""
    if mask.shape != sides:
        (height, width), (high, wide) = mask.shape, sides
        raise InputError(
            f"{name} is {width}x{height}, the photo is {wide}x{high}: a mask needs the photo's size, upright as it is"
        )


def sharpened(mask: Mask) -> Mask:
    """Returns the mask with less in between: 0 up to `UNSURE`, 1 from as much below 1 on, smooth between."""
    t = np.clip((mask - UNSURE) / (1 - 2 * UNSURE), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def refined(mask: Mask, photo: Image) -> Mask:
    """Returns the mask drawn to the photo's edges, by the guided filter (He, Sun and Tang 2013, equations 5, 6 and 8).

    Args:
        mask: of any resolution.
        photo: RGB uint8 (H, W, 3).

    Returns:
        with the photo's proportions, its longer side at most `REFINED_SIDE` pixels.
    """
    height, width = at_most(photo.shape[:2], REFINED_SIDE)
    guide = cv2.cvtColor(cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    light = np.asarray(guide / 255, np.float32)
    given = resized(mask, height, width)
    mean, average = _box(light), _box(given)
    slope = (_box(light * given) - mean * average) / (_box(light * light) - mean * mean + FLATNESS)
    level = average - slope * mean
    return np.asarray(np.clip(_box(slope) * light + _box(level), 0, 1), np.float32)


def _box(plane: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Returns the mean over a square whose side is a 32nd of the plane's longer one."""
    side = 2 * (max(plane.shape) // 64) + 1
    return np.asarray(cv2.blur(plane, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)


def feathered(mask: Mask, width: float) -> Mask:
    """Returns the mask with soft edges.

    Args:
        width: of the edge, as a share of the mask's longer side.
    """
    sigma = width * max(mask.shape) / 2
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma), np.float32) if sigma > 0.1 else mask


def resized(mask: Mask, height: int, width: int) -> Mask:
    """Returns the mask at another resolution; averaged where it gets smaller."""
    if mask.shape == (height, width):
        return mask
    smaller = mask.shape[0] > height or mask.shape[1] > width
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(mask, (width, height), interpolation=method), np.float32)
