"""Pictures in and out of a graph: the padding, the layout and the cropping that its specification asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from stylex.artifacts.metadata import BYTES
from stylex.errors import InputError
from stylex.imaging.arrays import Image, to_bytes, to_floats
from stylex.runtime.engine.session import Session

Box: TypeAlias = "tuple[int, int, int, int]"
"""Top, left, bottom and right in a picture."""


def run_picture(
    session: Session, picture: Image, box: Box | None = None, more: Mapping[str, npt.NDArray[Any]] | None = None
) -> tuple[Image, list[npt.NDArray[Any]]]:
    """Runs a graph that takes a picture as `content` and gives a picture first.

    The graph needs some pixels around what it paints, and paints sizes of its own. They come from the picture where it
    has them, and are reflected at its border.

    Args:
        session: of a transfer graph or an upscaler.
        picture: RGB uint8 (H, W, 3), from 1x1 up.
        box: the part that is painted; all of the picture by default.
        more: the graph's other inputs by name.

    Returns:
        The painted part, RGB uint8, `scale` times as high and wide as the box; and the graph's other outputs.

    Raises:
        InputError: the graph paints one size alone, and the box is larger.
        Others: see `ForeignSession.run`.
    """
    top, left, bottom, right = box or (0, 0, *picture.shape[:2])
    height, width = bottom - top, right - left
    sides = painted_size(session, height, width)
    content = as_content(session, _padded(picture, (top, left), sides, session.metadata.spec.border))
    painted, *others = session.run(content=content, **(more or {}))
    whole = painted[0] if session.metadata.layout == BYTES else to_bytes(painted)
    return _cut(whole, sides, (height, width), session.metadata.spec.scale), others


def painted_size(session: Session, height: int, width: int) -> tuple[int, int]:
    """Returns height and width that the graph paints for a picture of this size.

    Raises:
        InputError: the graph paints one size alone, and the picture is larger.
    """
    spec, longer = session.metadata.spec, max(height, width)
    if spec.fixed_size is not None and longer > spec.fixed_size:
        raise InputError(
            f"a side of the photo has {longer} pixels; {session.path.name} was exported for {spec.fixed_size}: "
            "reduce the photo to that, or export the graph for any size",
            size=spec.fixed_size,
        )
    return spec.painted_side(height), spec.painted_side(width)


def as_content(session: Session, picture: Image) -> npt.NDArray[Any]:
    """Returns a picture, RGB uint8 (H, W, 3), in the layout of the graph: uint8 (1, H, W, 3) or floats (1, 3, H, W)."""
    return picture[None] if session.metadata.layout == BYTES else to_floats(picture)


def _padded(picture: Image, start: tuple[int, int], sides: tuple[int, int], border: int) -> Image:
    """Returns a part of a picture of so many pixels from `start`, with a border, reflected where the picture ends."""
    first = [max(0, at - border) for at in start]
    last = [min(size, at + side + border) for at, side, size in zip(start, sides, picture.shape, strict=False)]
    above, before = (border - (at - f) for at, f in zip(start, first, strict=True))
    below, behind = (at + side + border - end for at, side, end in zip(start, sides, last, strict=True))
    part = picture[first[0] : last[0], first[1] : last[1]]
    return np.asarray(cv2.copyMakeBorder(part, above, below, before, behind, cv2.BORDER_REFLECT_101), np.uint8)


def _cut(painted: Image, sides: tuple[int, int], size: tuple[int, int], scale: int) -> Image:
    """Returns the part for `size` pixels of the picture; some graphs paint the border as well, others leave it out."""
    top, left = ((have - scale * side) // 2 for have, side in zip(painted.shape, sides, strict=False))
    return np.array(painted[top : top + scale * size[0], left : left + scale * size[1]], np.uint8)
