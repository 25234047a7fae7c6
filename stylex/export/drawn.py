"""Pictures that no photo collection has enough of: flat areas, pages of text, line art, ramps; drawn, seeded.

Photos alone never show a network a large white area: ranges that are calibrated on them cut off what happens there, and
paper comes out in another colour.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

CALIBRATED_LEVELS = (0, 20, 60, 110, 160, 210, 240, 255)
CHECKED_LEVELS = (0, 32, 64, 128, 192, 230, 250, 255)
"""Grey levels of flat pictures and of paper."""
INKS = (20, 235)
"""Levels of text on light and on dark paper."""
FREE = 0.68
"""Share of a page's height from which on nothing is drawn on it."""


def calibrating(size: int, seed: int) -> list[Picture]:
    """Returns the drawn pictures to calibrate on, RGB uint8 (size, size, 3)."""
    rng = np.random.default_rng((seed, 17))
    flats = [flat(level, size) for level in CALIBRATED_LEVELS]
    pages = [page(level, size, rng) for level in CALIBRATED_LEVELS]
    return [*flats, *pages, line_art(size, rng), ramp(size), ramp(size)[:, ::-1].copy(), tinted(size, rng)]


def flats(size: int, seed: int, rounds: int = 1, *, check: bool = True) -> list[Picture]:
    """Returns flat pictures, and pages of which the lower part is paper alone.

    Args:
        rounds: the first has `CHECKED_LEVELS`, each other as many levels between them.
        check: whether they are to check with; others serve to choose by.
    """
    rng, found = np.random.default_rng((seed, 23 if check else 29)), []
    for number in range(rounds):
        levels = CHECKED_LEVELS if number == 0 else rng.permutation(_between(number / rounds, check))
        found += [*(flat(level, size) for level in levels), *(page(level, size, rng) for level in levels)]
    return found


def _between(share: float, check: bool) -> list[int]:
    """Returns as many levels as `CHECKED_LEVELS` has, evenly spaced; other ones for each share and purpose."""
    step = 256 / len(CHECKED_LEVELS)
    return [int((number + share) * step) + (not check) for number in range(len(CHECKED_LEVELS))]


def paper_of(size: int) -> tuple[slice, slice]:
    """Returns rows and columns of a checked picture that are flat, away from what is drawn."""
    margin = size // 8
    return slice(round(FREE * size) + margin // 2, size - margin // 2), slice(margin, size - margin)


def flat(level: int, size: int) -> Picture:
    """Returns a picture of one grey."""
    return np.full((size, size, 3), level, np.uint8)


def page(paper: int, size: int, rng: np.random.Generator) -> Picture:
    """Returns lines of words, as bars, on paper of one grey."""
    picture, ink = flat(paper, size), INKS[0] if paper > 127 else INKS[1]
    line = max(4, size // 18)
    for top in range(size // 12, int(0.62 * size), line):
        left = size // 12
        while left < size - size // 6:
            width = int(rng.integers(2, max(4, size // 24)))
            cv2.rectangle(picture, (left, top), (left + width, top + line // 3), (ink,) * 3, -1)
            left += width + int(rng.integers(2, 6))
    return picture


def line_art(size: int, rng: np.random.Generator) -> Picture:
    """Returns thin dark lines and circles on white."""
    picture = flat(255, size)
    for _ in range(12):
        a, b = (tuple(int(v) for v in rng.integers(0, size, 2)) for _ in range(2))
        cv2.line(picture, a, b, (0, 0, 0), 1, cv2.LINE_AA)
        cv2.circle(picture, a, int(rng.integers(4, max(5, size // 4))), (0, 0, 0), 1, cv2.LINE_AA)
    return picture


def ramp(size: int) -> Picture:
    """Returns all greys, from black on the left to white on the right."""
    greys = np.linspace(0, 255, size).astype(np.uint8)
    return np.array(np.broadcast_to(greys[None, :, None], (size, size, 3)))


def tinted(size: int, rng: np.random.Generator) -> Picture:
    """Returns a poster of flat colours."""
    small = rng.integers(0, 256, (4, 4, 3), np.uint8)
    return np.asarray(cv2.resize(small, (size, size), interpolation=cv2.INTER_NEAREST), np.uint8)
