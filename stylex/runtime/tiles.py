"""Photos that don't fit: painted tile by tile, as if they had been painted whole.

A tile is painted with as much of the photo around it as its pixels depend on, and with the photo's statistics, frozen:
then it comes out as it would in the whole.

The statistics have to be the whole photo's own. Those of a thumbnail are off by 1 or 2 %, and at INT8 a thousandth
already rounds other values another way, which shows as differences of 30 levels. They can be had from tiles exactly.
What is measured of a tile is wrong at its borders, where it is reflected instead of going on. But the overlap of two
neighbours, measured alone, is wrong at the same borders in the same way, so that the first plus the second minus the
overlap is the union. This holds for a site when the statistics of the sites before it are right: every pass over all
tiles settles one site.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from stylex.artifacts.metadata import GraphMetadata, GraphSpec
from stylex.errors import UsageError
from stylex.imaging.arrays import Image
from stylex.runtime.engine.pictures import Box

AUTO: Final = "auto"
OFF: Final = "off"
LARGEST_WHOLE = 8_000_000
"""Pixels that `AUTO` paints at once: some 120 MiB of memory a megapixel."""
SIDE = 2048
"""Pixels of a tile that `AUTO` makes at most, without what lies around it."""

Floats: TypeAlias = npt.NDArray[np.float32]
Tile: TypeAlias = "int | Literal['auto', 'off']"
Progress: TypeAlias = Callable[[int, int], object]
"""Called after every run of the graph: how many are done, and how many there will be."""


@dataclass(frozen=True, eq=False)
class Painted:
    """The output of a transfer graph.

    Attributes:
        picture: RGB uint8 (H, W, 3).
        statistics: of the photo, (1, S) float32, as measured; they can be frozen for other photos. None where the
            graph measures nothing.
    """

    picture: Image
    statistics: npt.NDArray[np.float32] | None = None


Paint: TypeAlias = Callable[[Image, "Floats | None", "Floats | None"], Painted]
"""Paints a photo with masks (K, 1, H', W') of its cells and frozen statistics."""


@dataclass(frozen=True)
class Extent:
    """A part of one side.

    Attributes:
        start, end: pixels that are painted.
        first, last: pixels that are needed for them.
    """

    start: int
    end: int
    first: int
    last: int


@dataclass(frozen=True)
class Tiling:
    """The cut of a photo into tiles.

    Attributes:
        height, width: of the photo.
        down, across: pixels of a tile, multiples of what the graph paints; the last ones may be smaller.
        halo: pixels of the photo around a tile that are needed, where there are so many; such a multiple too.
        passes: statistics passes over all tiles before painting, one per modulation site.
    """

    height: int
    width: int
    down: int
    across: int
    halo: int
    passes: int

    def __str__(self) -> str:
        return f"{self.count} tiles of {self.across}x{self.down}"

    @property
    def rows(self) -> list[Extent]:
        """Returns the extents from top to bottom."""
        return _spans(self.height, self.down, self.halo)

    @property
    def columns(self) -> list[Extent]:
        """Returns the extents from left to right."""
        return _spans(self.width, self.across, self.halo)

    @property
    def count(self) -> int:
        """Returns the number of tiles."""
        return len(self.rows) * len(self.columns)

    @property
    def runs(self) -> int:
        """Returns how often the graph is run in all."""
        return self.passes * len(_parts(self)) + self.count


def _spans(side: int, step: int, halo: int) -> list[Extent]:
    ends = [(start, min(start + step, side)) for start in range(0, side, step)]
    return [Extent(start, end, max(0, start - halo), min(side, end + halo)) for start, end in ends]


def planned(metadata: GraphMetadata, height: int, width: int, tile: Tile) -> Tiling | None:
    """Returns how a photo is to be cut; None where it is painted at once.

    Args:
        metadata: of the transfer graph.
        tile: pixels of a tile, without what lies around it, rounded up to what the graph paints; `AUTO` for tiles where
            the photo is large and the graph can be used on them; `OFF` for none.

    Raises:
        UsageError: no such value, a tile that is too small, or a graph that can't be used on tiles.
    """
    spec = metadata.spec
    usable = spec.reach > 0 and spec.fixed_size is None
    if tile == OFF or (tile == AUTO and (height * width <= LARGEST_WHOLE or not usable)):
        return None
    halo = _up(spec.reach, spec.multiple)
    longest = SIDE if tile == AUTO else _up(_required(metadata, tile, halo), spec.multiple)
    down, across = (_up(math.ceil(side / math.ceil(side / longest)), spec.multiple) for side in (height, width))
    plan = Tiling(height, width, down, across, halo, passes=len(spec.sites))
    return plan if plan.count > 1 else None


def _required(metadata: GraphMetadata, tile: Tile, halo: int) -> int:
    name = f"this {metadata.precision} graph of {metadata.technique}"
    if isinstance(tile, bool) or not isinstance(tile, int):
        raise UsageError(f"tile is {tile!r}; give {AUTO}, {OFF}, or the pixels of a tile")
    if metadata.spec.fixed_size is not None:
        raise UsageError(f"{name} paints one size alone, and no tiles: export it for any size", tile=OFF)
    if not metadata.spec.reach:
        raise UsageError(
            f"{name} doesn't say how far it sees, and can't paint tiles: give {OFF} and a smaller size",
            tile=OFF,
            size=None,
        )
    if tile < halo:
        raise UsageError(f"a tile of {tile} pixels is too small: {name} sees {halo} around it; give {halo} or more")
    return tile


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def paint_tiles(
    paint: Paint,
    plan: Tiling,
    spec: GraphSpec,
    photo: Image,
    masks: Floats | None,
    frozen: Floats | None,
    progress: Progress,
) -> tuple[Image, Floats | None]:
    """Paints a photo tile by tile.

    Args:
        paint: paints one part.
        spec: of the transfer graph.
        photo: RGB uint8 (H, W, 3).
        masks: (K, 1, H', W') of all of the photo's cells.
        frozen: statistics to use; None for those of the photo.

    Returns:
        RGB uint8 (H, W, 3), and the statistics (1, S) that it was painted with.
    """
    passes, parts = plan.passes if frozen is None else 0, _parts(plan)
    done, total = 0, plan.runs if passes else plan.count

    def run(top: int, left: int, bottom: int, right: int) -> Painted:
        nonlocal done
        piece = np.ascontiguousarray(photo[top:bottom, left:right])
        painted = paint(piece, None if masks is None else _cut(masks, top, left, piece, spec), frozen)
        done += 1
        progress(done, total)
        return painted

    for _ in range(passes):
        frozen = pooled([(_measured(run(*part)), sign * _painted(part, spec)) for part, sign in parts], spec)
    picture = np.empty_like(photo)
    for y in plan.rows:
        for x in plan.columns:
            painted = run(y.first, x.first, y.last, x.last).picture
            into = picture[y.start : y.end, x.start : x.end]
            into[:] = painted[y.start - y.first :, x.start - x.first :][: into.shape[0], : into.shape[1]]
    return picture, frozen


def _cut(masks: Floats, top: int, left: int, piece: Image, spec: GraphSpec) -> Floats:
    """Returns the cells of a part of the photo, of as many as the graph paints of it."""
    rows, columns = (spec.painted_side(side) // spec.cell for side in piece.shape[:2])
    top, left = top // spec.cell, left // spec.cell
    return masks[:, :, top : top + rows, left : left + columns]


def _parts(plan: Tiling) -> list[tuple[Box, int]]:
    """Returns the parts to measure, and 1 to add one or -1 to take it away."""
    down, across = _signed(plan.rows), _signed(plan.columns)
    return [((top, left, bottom, right), a * b) for top, bottom, a in down for left, right, b in across]


def _signed(spans: list[Extent]) -> list[tuple[int, int, int]]:
    """Returns extents and their overlaps, which are to be subtracted; without what cancels out."""
    found = [(spans[0].first, spans[0].last, 1)]
    for before, span in itertools.pairwise(spans):
        overlap, whole = (span.first, before.last), (span.first, span.last)
        if overlap != whole:
            found += [(*overlap, -1), (*whole, 1)]
    return found


def _measured(part: Painted) -> Floats:
    assert part.statistics is not None, "a graph with sites measures them"
    return part.statistics


def _painted(part: Box, spec: GraphSpec) -> int:
    """Returns the pixels that the graph paints of a part, whose features are what it measures."""
    top, left, bottom, right = part
    return spec.painted_side(bottom - top) * spec.painted_side(right - left)


def _mean_of(spec: GraphSpec, size: int) -> npt.NDArray[np.intp]:
    """Returns for each statistic where its mean stands: for a mean itself, for a root mean square -1."""
    found, at = np.full(size, -1), 0
    for width in spec.sites:
        found[at : at + 2 * width] = np.tile(np.arange(at, at + width), 2)
        at += 2 * width
    return found


def pooled(seen: Sequence[tuple[Floats, int]], spec: GraphSpec) -> Floats:
    """Returns the statistics of a whole from those of its parts.

    Args:
        seen: statistics (1, S) of every part, and its pixels, negative where it is to be taken away.
        spec: of the transfer graph, for its sites.

    Returns:
        (1, S) float32.
    """
    values = np.concatenate([statistics for statistics, _ in seen]).astype(np.float64)  # (N, S)
    pixels = np.array([count for _, count in seen], np.float64)
    mean_of = _mean_of(spec, values.shape[1])
    is_mean, has_mean = mean_of == np.arange(len(mean_of)), mean_of >= 0
    moments = np.where(is_mean, values, values**2 + has_mean * values[:, mean_of] ** 2)
    whole = pixels @ moments / pixels.sum()
    deviation = np.sqrt(np.maximum(whole - has_mean * whole[mean_of] ** 2, 0))
    return np.asarray(np.where(is_mean, whole, deviation)[None], np.float32)
