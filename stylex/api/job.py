"""Composes everything that `stylex.stylize` takes: techniques, regions, faces, tiles, sizes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from stylex.api.result import Ran, Result
from stylex.errors import UsageError
from stylex.imaging.arrays import Image
from stylex.imaging.picture import Picture
from stylex.runtime.painter import Painter
from stylex.runtime.style_painter import StylePainter
from stylex.runtime.tiles import Tile
from stylex.runtime.upscale import Upscaler, enlarged_alpha
from stylex.techniques import ARBITRARY, listed

if TYPE_CHECKING:
    from stylex.api.gatys import GatysPainter
    from stylex.runtime.semantic.masks import Mask
    from stylex.runtime.semantic.painter import RegionMasks, Regions, SemanticPainter
    from stylex.runtime.semantic.regions import Region

Stage: TypeAlias = Literal["painting tiles", "iterations", "enlarging"]
StageProgress: TypeAlias = Callable[[Stage, int, int], object]
"""Is told what is done, how many parts of it are, and how many there will be."""


def no_stage_progress(_stage: Stage, _done: int, _of: int) -> None:
    """Shows nothing: a progress that nobody watches."""


@dataclass(frozen=True, eq=False)
class Job:
    """One photo to paint.

    Attributes:
        picture: the photo, already reduced.
        sides: height and width of the photo before.
        protection: share of the strength that each place keeps; None for all of it.
        faces: how many are protected; None where none are looked for.
        The others are those of `stylize`.
    """

    painter: StylePainter
    picture: Picture
    sides: tuple[int, ...]
    style: Any
    strength: float
    keep_colors: bool
    tile: Tile
    progress: StageProgress
    protection: Mask | None = None
    faces: int | None = None

    @property
    def photo(self) -> Image:
        """Returns the pixels, RGB uint8 (H, W, 3)."""
        return self.picture.rgb

    def protecting(self, faces: bool | float | None, model: Path | str | None) -> Job:
        """Returns the job with less style on faces."""
        if faces is None or faces is False:
            return self
        if not self.painter.takes_masks:
            raise UsageError(
                f"{self.painter.technique} has one strength for the whole photo, also on faces: "
                f"take {listed(ARBITRARY, 'or')}",
                protect_faces=None,
            )
        from stylex.runtime.semantic.faces import STRENGTH, find_faces, protection

        found = find_faces(self.photo, model)
        kept = protection(self.photo, found, STRENGTH if faces is True else faces)
        return replace(self, protection=kept, faces=len(found))

    def painted(self, regions: Regions | None) -> Result:
        """Returns the painted photo, with the truth about it but for the time."""
        if not isinstance(self.painter, Painter):
            return self._without_graph(regions)
        if self.protection is None:
            return self._whole()
        return self._protected(self.painter)

    def _without_graph(self, regions: Regions | None) -> Result:
        """Returns the painted photo of a painter that has no graph of its own; each is imported only for its photos."""
        from stylex.api.gatys import GatysPainter
        from stylex.runtime.semantic.painter import SemanticPainter, regions_of

        if isinstance(self.painter, SemanticPainter):
            return self._in_regions(self.painter, regions_of(regions))
        return self._optimized(self.painter) if isinstance(self.painter, GatysPainter) else self._whole()

    def _whole(self) -> Result:
        options = (self.strength, self.keep_colors, self.tile, self._tell("painting tiles"))
        return self._result(self.painter.paint_rgb(self.photo, self.style, *options))

    def _protected(self, painter: Painter) -> Result:
        from stylex.runtime.semantic.regions import Region, paint

        tell = self._tell("painting tiles")
        everywhere = Region("photo", self.style, self.strength)
        masks = {everywhere.name: np.ones((1, 1), np.float32)}
        rest = (1.0, self.protection, self.keep_colors)
        return self._result(paint(painter, self.photo, [everywhere], masks, *rest, tile=self.tile, progress=tell))

    def _in_regions(self, painter: SemanticPainter, regions: list[Region]) -> Result:
        from stylex.runtime.semantic.regions import paint

        located = painter.locate(self.photo, regions, self.sides)
        rest, tell = (self.strength, self.protection, self.keep_colors), self._tell("painting tiles")
        rgb = paint(painter.base, self.photo, regions, located.masks, *rest, tile=self.tile, progress=tell)
        return self._result(rgb, located)

    def _optimized(self, painter: GatysPainter) -> Result:
        tell = self._tell("iterations")
        found = painter.painting(self.photo, self.style, self.strength, self.keep_colors, tell)
        done = self._result(found.picture)
        title = f"{painter.title}, {found.done} iterations"
        notes = (f"stopped after {found.done} of {painter.settings.iterations} iterations",) if found.stopped else ()
        return replace(done, ran=replace(done.ran, title=title, stopped=found.stopped), notes=notes)

    def _tell(self, stage: Stage) -> Callable[[int, int], object]:
        return functools.partial(self.progress, stage)

    def _result(self, rgb: Image, located: RegionMasks | None = None) -> Result:
        painter, plan = self.painter, self.painter.tiles(self.photo, self.tile)
        ran = Ran(
            painter.technique,
            painter.title,
            painter.precision,
            painter.provider,
            seconds=0.0,
            tiles=0 if plan is None else plan.count,
            tiling="" if plan is None else str(plan),
            regions="" if located is None else str(located),
            faces=self.faces,
        )
        notes = () if self.faces is None else (faces_message(self.faces),)
        return Result(rgb, self.picture.alpha, self.picture, ran, notes, {} if located is None else located.masks)


def faces_message(count: int) -> str:
    """Returns a note on how many faces were protected."""
    return f"{count} face{'s' * (count > 1)} protected" if count else "no face found"


def enlarged(done: Result, upscaler: Upscaler, progress: StageProgress) -> Result:
    """Returns the result at twice the size."""
    rgb = upscaler(done.rgb, functools.partial(progress, "enlarging"))
    return replace(done, rgb=rgb, alpha=enlarged_alpha(done.alpha), ran=replace(done.ran, enlarged_by=upscaler.name))
