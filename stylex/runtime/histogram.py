"""Histogram matching as a lookup table: every channel of the photo gets the style's distribution of values.

Gonzalez and Woods, Digital Image Processing, chapter 3. A level of the photo becomes the style's level of the same
cumulative frequency, interpolated between the levels that the style has. The tables of several styles are averaged,
which gives the Wasserstein barycenter of their distributions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from stylex.artifacts.style_code import normalized_weights
from stylex.errors import InputError, UsageError
from stylex.imaging.color import keep_colors as with_own_colors
from stylex.runtime.style_painter import StylePainter, require_strength, style_pictures
from stylex.runtime.tiles import Progress, Tile
from stylex.techniques.options import SPACE

SPACES = SPACE.choices
LAB_LEVELS = 4096
"""Levels that L*, a* and b* are counted in. A value is moved by what its level is moved, not rounded to it."""
PART = 2**17
"""Pixels that are converted to L*a*b* and back at a time."""
LAB_RANGES = ((0.0, 100.0), (-128.0, 128.0), (-128.0, 128.0))

Pixels: TypeAlias = npt.NDArray[Any]
Pairs: TypeAlias = "Sequence[tuple[Pixels, float]]"


def match(photo: Pixels, style: Pixels | Pairs, space: str = SPACE.default, strength: float = 1.0) -> Pixels:
    """Gives a photo the colours of a style picture.

    Args:
        photo: RGB (H, W, 3), uint8 or uint16, from 1x1 up.
        style: a picture of the same type and any size, or (picture, weight) pairs; weights are 0 or more, not all 0.
        space: "rgb", or "lab" for CIE L*a*b*, in which lightness is matched apart from colour.
        strength: 0 gives the photo back, 1 the style's distribution; in between each level goes a part of the way, and
            up to 1.5 beyond.

    Returns:
        RGB of the photo's size and type.

    Raises:
        UsageError: an unknown space, a strength out of range, or weights that can't be used.
        InputError: pictures of different types, or of another type than 8 or 16 bits.
    """
    pairs = checked(photo, style, space, strength)
    if strength == 0:
        return np.array(photo)
    return _match_rgb(photo, pairs, strength) if space == "rgb" else _match_lab(photo, pairs, strength)


def checked(photo: Pixels, style: Pixels | Pairs, space: str, strength: float) -> Pairs:
    """Returns the styles as pairs whose weights add up to 1. Raises as `match` does."""
    _require_space(space)
    require_strength(strength)
    pairs = [(style, 1.0)] if isinstance(style, np.ndarray) else list(style)
    for one in (photo, *(picture for picture, _ in pairs)):
        if one.dtype not in (np.uint8, np.uint16) or one.ndim != 3 or one.shape[2] != 3 or not one.size:
            raise InputError(f"got {one.dtype} {one.shape}; a picture is a uint8 or uint16 array of shape (H, W, 3)")
        if one.dtype != photo.dtype:
            raise InputError(f"the photo is {photo.dtype} and a style {one.dtype}: convert one of them")
    return [(picture, float(share)) for (picture, _), share in zip(pairs, normalized_weights(pairs), strict=True)]


def _require_space(space: str) -> None:
    if space not in SPACES:
        raise UsageError(f"the colour space is {space!r}; choose {' or '.join(SPACES)}", space=None)


@dataclass(frozen=True, eq=False, repr=False)
class HistogramPainter(StylePainter):
    """Histogram matching as a painter; its styles are pictures.

    Args:
        space: "rgb", or "lab" for CIE L*a*b*.

    Raises:
        UsageError: an unknown space.
    """

    space: str = "rgb"

    def __post_init__(self) -> None:
        _require_space(self.space)

    @property
    def technique(self) -> str:
        """Returns the technique's name."""
        return "histogram"

    @property
    def title(self) -> str:
        """Returns the technique and its colour space."""
        return f"histogram in {'RGB' if self.space == 'rgb' else 'L*a*b*'}"

    def paint_rgb(
        self, content: Pixels, style: Any, strength: float, keep_colors: bool, tile: Tile, progress: Progress
    ) -> npt.NDArray[np.uint8]:
        """Matches RGB uint8 (H, W, 3) and returns the same; `tile` and `progress` are for networks."""
        painted = match(content, style_pictures(style, self.technique), self.space, strength)
        return with_own_colors(painted, content) if keep_colors else painted

    def prepared(self, style: Any) -> Any:
        """Returns the style's pictures, read. Raises as a call does."""
        return style_pictures(style, self.technique)


def _match_rgb(photo: Pixels, styles: Pairs, strength: float) -> Pixels:
    levels = int(np.iinfo(photo.dtype).max) + 1
    moves = strength * _moves(_counts(photo, levels), [(_counts(style, levels), weight) for style, weight in styles])
    tables = np.clip(np.rint(np.arange(levels) + moves), 0, levels - 1).astype(photo.dtype)
    if photo.dtype == np.uint8:
        return np.asarray(cv2.LUT(photo, np.ascontiguousarray(tables.T)[None]), np.uint8)
    return np.asarray(cv2.merge([t.take(plane) for t, plane in zip(tables, cv2.split(photo), strict=True)]))


def _match_lab(photo: Pixels, styles: Pairs, strength: float) -> Pixels:
    scratch = ScratchBuffers()
    counted = [(_lab_counts(style, scratch), weight) for style, weight in styles]
    moves = (strength * _moves(_lab_counts(photo, scratch), counted)).astype(np.float32)
    painted = np.empty(photo.shape, photo.dtype)
    for part, into in zip(_parts(photo), _parts(painted), strict=True):
        lab = to_lab(part, scratch)
        levels = cv2.split(lab_levels(lab, scratch))
        moved = cv2.merge([move.take(level) for move, level in zip(moves, levels, strict=True)])
        into[:] = from_lab(lab, moved, photo.dtype, scratch)
    return painted


def _parts(picture: Pixels) -> list[Pixels]:
    """Views of a picture, of as many rows as have at most `PART` pixels, of one row at least."""
    rows = max(1, PART // picture.shape[1])
    return [picture[top : top + rows] for top in range(0, len(picture), rows)]


def _lab_counts(picture: Pixels, scratch: ScratchBuffers) -> npt.NDArray[np.float64]:
    """Counts the levels of L*, a* and b*, (3, LAB_LEVELS)."""
    found = [_counts(lab_levels(to_lab(part, scratch), scratch), LAB_LEVELS) for part in _parts(picture)]
    return np.asarray(np.sum(found, 0))


def _counts(picture: Pixels, levels: int) -> npt.NDArray[np.float64]:
    """Counts the levels of each channel of (H, W, 3): (3, levels)."""
    # OpenCV adds up to 2**31 in integers before it returns float32, which is exact up to 2**24 pixels of one level and
    # off by less than one in a million beyond.
    # Plane by plane it takes a fifth of the time.
    planes = cv2.split(picture)
    found = [np.asarray(cv2.calcHist([plane], [0], None, [levels], [0, levels])).ravel() for plane in planes]
    return np.stack(found).astype(np.float64)


def _moves(have: npt.NDArray[np.float64], styles: Pairs) -> npt.NDArray[np.float64]:
    """Returns by how much each level moves, (3, N), from the counts (3, N) of the photo and of the styles."""
    mixed = sum(weight * np.stack([table(h, w) for h, w in zip(have, want, strict=True)]) for want, weight in styles)
    return np.asarray(mixed - np.arange(have.shape[1]))


def table(have: npt.NDArray[np.float64], want: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns the new value of each level, (N,), from the counts (N,) of the photo and of the style; it never falls."""
    there = want.nonzero()[0]
    frequencies = np.cumsum(want)[there] / want.sum()
    return np.asarray(np.interp(np.cumsum(have) / have.sum(), frequencies, there), np.float64)


class ScratchBuffers:
    """Holds memory that is used over and over: to allocate it for every step took longer than the arithmetic."""

    def __init__(self) -> None:
        self.buffers = [np.empty(0, np.float32)] * 2

    def of(self, index: int, like: Pixels) -> npt.NDArray[np.float32]:
        """Returns one of two buffers, in the shape of a part."""
        if self.buffers[index].size < like.size:
            self.buffers[index] = np.empty(like.size, np.float32)
        return self.buffers[index][: like.size].reshape(like.shape)


def to_lab(picture: Pixels, scratch: ScratchBuffers | None = None) -> npt.NDArray[np.float32]:
    """Returns RGB uint8 or uint16 (H, W, 3) as CIE L*a*b* (H, W, 3); `scratch` holds memory for parts."""
    scale = np.float32(1 / np.iinfo(picture.dtype).max)
    scaled = np.multiply(picture, scale, out=scratch.of(0, picture) if scratch else None, dtype=np.float32)
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2LAB, dst=scratch.of(1, picture) if scratch else None))


def lab_levels(lab: npt.NDArray[np.float32], scratch: ScratchBuffers | None = None) -> npt.NDArray[np.uint16]:
    """Returns L*a*b* (H, W, 3) as levels from 0 to 4095."""
    low, high = np.array(LAB_RANGES).T
    steps = LAB_LEVELS / (high - low)
    affine = np.column_stack((np.diag(steps), -low * steps)).astype(np.float32)
    levels = np.asarray(cv2.transform(lab, affine, dst=scratch.of(0, lab) if scratch else None))
    return np.asarray(levels.clip(0, LAB_LEVELS - 1, out=levels).astype(np.uint16))


def from_lab(
    lab: npt.NDArray[np.float32],
    moves: npt.NDArray[np.float32],
    dtype: npt.DTypeLike,
    scratch: ScratchBuffers | None = None,
) -> Pixels:
    """Returns L*a*b* (H, W, 3), moved by levels (H, W, 3), as RGB of the type; colours that RGB lacks are clipped."""
    low, high = np.array(LAB_RANGES).T
    steps = np.diag((high - low) / LAB_LEVELS).astype(np.float32)
    moved = np.asarray(cv2.transform(moves, steps, dst=scratch.of(0, lab) if scratch else None))
    np.add(moved, lab, out=moved)
    rgb = np.asarray(cv2.cvtColor(moved, cv2.COLOR_LAB2RGB, dst=scratch.of(1, lab) if scratch else None))
    rgb.clip(0, 1, out=rgb)
    rgb *= np.iinfo(dtype).max
    return np.asarray(np.rint(rgb, out=rgb), dtype)
