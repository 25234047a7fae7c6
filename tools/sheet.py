"""Pictures side by side with a line of text below each, for the sheets in docs/."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from stylex.imaging.arrays import Image

SIDE = 512


def labelled(picture: Image, text: str) -> Image:
    """A picture of the sheet's size with a line of text below it."""
    scaled = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    framed = cv2.copyMakeBorder(scaled, 0, 36, 4, 4, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    cv2.putText(framed, text, (10, SIDE + 25), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 0, 0), 1, cv2.LINE_AA)
    return np.asarray(framed, np.uint8)


def arranged(tiles: Sequence[Image], across: int) -> Image:
    """Tiles of one size in rows of `across`; what is missing in the last row stays white."""
    white = np.full_like(tiles[0], 255)
    rows = [list(tiles[i : i + across]) for i in range(0, len(tiles), across)]
    rows[-1] += [white] * (across - len(rows[-1]))
    return np.concatenate([np.concatenate(row, 1) for row in rows])
