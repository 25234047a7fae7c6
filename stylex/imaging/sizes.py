"""Sizes of pictures, and of what is measured of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeAlias

Reduction: TypeAlias = "Callable[[tuple[int, int]], tuple[int, int]]"
"""Gives the sides that a picture of these sides is needed in, both (width, height) or both (height, width)."""
PALETTE_SIZE = 9
"""Numbers of a palette: three means, then the covariances RR, RG, RB, GG, GB, BB; of RGB in [0, 1]."""


def at_most(sides: tuple[int, int], longest: int | None, smallest: int = 1) -> tuple[int, int]:
    """Returns two sides of the same proportions, the longer one at most `longest`; None leaves them as they are.

    Args:
        sides: height and width, or width and height.
        smallest: neither side gets fewer pixels, even where the proportions are lost.
    """
    scale = 1.0 if longest is None else min(1.0, longest / max(sides))
    return max(smallest, round(sides[0] * scale)), max(smallest, round(sides[1] * scale))


def longer_side(longest: int | None) -> Reduction | None:
    """Returns the reduction to a longer side of at most so many pixels; None for none."""
    return None if longest is None else functools.partial(at_most, longest=longest)


def shorter_side(shortest: int) -> Reduction:
    """Returns the reduction to a shorter side of at most so many pixels."""
    return lambda sides: at_most(sides, round(shortest * max(sides) / min(sides)))
