"""The shares of a picture that are drawn: areas of one colour, and dark lines around them."""

from __future__ import annotations

import cv2
import numpy as np

from stylex.imaging.arrays import Image

WINDOW = 7
"""Pixels of the square in which an area is flat, and in which a line is darker than what surrounds it."""
FLAT = 3.0
"""Levels of 255 that the channels of a flat area deviate by, at most."""
DARKER = 60
"""Levels of 255 that a line lies below what surrounds it, at least."""


def flat_share(picture: Image) -> float:
    """Returns the share of pixels in [0, 1] whose surroundings have one colour.

    Args:
        picture: RGB (H, W, 3) uint8.
    """
    values = picture.astype(np.float32)
    mean = cv2.blur(values, (WINDOW, WINDOW))
    variance = cv2.blur(values * values, (WINDOW, WINDOW)) - mean * mean
    return float((variance.max(2) < FLAT**2).mean())


def outline_share(picture: Image) -> float:
    """Returns the share of pixels in [0, 1] that are dark lines: what a closing of the lightness fills (black top-hat).

    Args:
        picture: RGB (H, W, 3) uint8.
    """
    lightness = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    filled = cv2.morphologyEx(lightness, cv2.MORPH_BLACKHAT, np.ones((WINDOW, WINDOW), np.uint8))
    return float((filled > DARKER).mean())
