"""Sizes of pictures."""

from __future__ import annotations


def at_most(sides: tuple[int, int], longest: int | None, smallest: int = 1) -> tuple[int, int]:
    """Returns two sides of the same proportions, the longer one at most `longest`; None leaves them as they are.

    Args:
        sides: height and width, or width and height.
        smallest: neither side gets fewer pixels, even where the proportions are lost.
    """
    scale = 1.0 if longest is None else min(1.0, longest / max(sides))
    return max(smallest, round(sides[0] * scale)), max(smallest, round(sides[1] * scale))
