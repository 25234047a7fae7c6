"""Orientation of coded pictures, and turning them upright."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import SideData
from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame


class Orientation:
    """Turns coded pictures upright.

    Args:
        swaps: rows become columns; done first.
        left, up: then mirrored left to right, and upside down.
    """

    def __init__(self, swaps: bool, left: bool, up: bool) -> None:
        self.swaps, self.left, self.up = swaps, left, up

    def apply(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Returns the picture (H, W, 3), upright, C-contiguous."""
        turned = picture.transpose(1, 0, 2) if self.swaps else picture
        return np.ascontiguousarray(turned[:: -1 if self.up else 1, :: -1 if self.left else 1])


def upright(frame: VideoFrame | None) -> Orientation:
    """Returns the orientation in a frame's display matrix: x' = a x + c y, y' = b x + d y, with values of 0 and +-1.

    Turns by other angles than multiples of 90 degrees go to the nearest.
    """
    found = iter(frame.side_data) if frame is not None else ()
    for data in cast(Iterable[SideData], found):  # a mapping to the type checker, which iterates over keys
        if data.type is SideDataType.DISPLAYMATRIX:
            a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
            swaps = abs(b) + abs(c) > abs(a) + abs(d)
            return Orientation(swaps, (c if swaps else a) < 0, (b if swaps else d) < 0)
    return Orientation(False, False, False)
