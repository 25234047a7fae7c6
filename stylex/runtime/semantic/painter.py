"""The technique `semantic`: every region in its own style, with the graphs of another technique."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import PIL.Image

from stylex.errors import UsageError
from stylex.imaging.arrays import Image
from stylex.runtime.guided_painter import GuidedPainter
from stylex.runtime.painter import Painter
from stylex.runtime.semantic.grabcut import SalientRegion
from stylex.runtime.semantic.masks import Mask, mask_of, require_size, resized
from stylex.runtime.semantic.regions import BACKGROUND, FEATHER, Region, paint, parse_region, region_masks
from stylex.runtime.semantic.segmenters import Segmenter, SegmenterProtocol, embedded_segmenter, open_segmenter
from stylex.runtime.style_painter import Style
from stylex.runtime.tiles import Progress, Tile, Tiling

EMBEDDED, GRABCUT = "person", "grabcut"
"""Names of segmenters that need no file."""

Regions: TypeAlias = "Mapping[str, Style | tuple[Style, float] | None] | Sequence[Region | str]"
"""Styles by the names of their regions, each perhaps with a strength behind it; or regions, or texts such as
"person=irises:0.4"."""
GivenMask: TypeAlias = "Mask | PIL.Image.Image | str | Path"
"""A mask of the photo's size: (H, W) from 0 to 1, a picture that is white or opaque on the region, or its path."""


@dataclass(frozen=True, eq=False)
class RegionMasks:
    """Where the regions of a photo are.

    Attributes:
        masks: by the regions' names, see `region_masks`.
        found_by: the segmenter, in a few words, or "masks".
    """

    masks: Mapping[str, Mask]
    found_by: str

    def __str__(self) -> str:
        areas = ", ".join(f"{name} {100 * float(mask.mean()):.0f} %" for name, mask in self.masks.items())
        return f"regions by {self.found_by}: {areas}"


@dataclass(frozen=True, eq=False, repr=False)
class SemanticPainter(GuidedPainter):
    """Regions, found and painted; what a call takes as a style are regions, see `Regions`.

    Attributes:
        base: paints; of a technique that takes masks.
        segmenter: finds the regions that have no mask: "person", people by the embedded one; "grabcut", what stands
            out; an ONNX file; or anything that is called like a `SegmenterProtocol`.
        classes: names of the classes of a file, in its order, where it doesn't tell them.
        feather: width of soft edges, as a share of the photo's longer side.
        masks: by the regions' names.
        graphs: folder of exported graphs, for the embedded segmenter.
    """

    base: Painter
    segmenter: str | Path | SegmenterProtocol = EMBEDDED
    classes: Sequence[str] = ()
    feather: float = FEATHER
    masks: Mapping[str, GivenMask] = field(default_factory=dict)
    graphs: Path | None = None

    @property
    def technique(self) -> str:
        """Returns the technique's name."""
        return "semantic"

    @property
    def takes_masks(self) -> bool:
        """Returns whether every place can have a style and a strength of its own."""
        return self.base.takes_masks

    def paint_rgb(
        self, content: Image, style: Any, strength: float, keep_colors: bool, tile: Tile, progress: Progress
    ) -> Image:
        """Paints RGB uint8 (H, W, 3) and returns the same; arguments and errors are those of a call."""
        regions = regions_of(style)
        located = self.locate(content, regions, content.shape[:2])
        rest = (strength, None, keep_colors)
        return paint(self.base, content, regions, located.masks, *rest, tile=tile, progress=progress)

    def locate(self, photo: Image, regions: Sequence[Region], sides: tuple[int, ...]) -> RegionMasks:
        """Returns where the regions are.

        Args:
            photo: RGB uint8 (H, W, 3), as it is painted.
            regions: all of them.
            sides: height and width of the photo before it was reduced, which masks have.

        Raises:
            UsageError, InputError, ModelError: as `region_masks` and `open_segmenter` do.
        """
        height, width = photo.shape[:2]
        masks = {}
        for name, given in self.masks.items():
            mask = mask_of(given)
            require_size(mask, sides, str(given) if isinstance(given, (str, Path)) else f"the mask of {name}")
            masks[name] = resized(mask, height, width)
        segmenter = self._segmenter([r.name for r in regions if r.name not in (*masks, BACKGROUND)])
        found = region_masks(photo, regions, masks, segmenter, self.feather)
        return RegionMasks(found, segmenter.title if segmenter else "masks")

    def _segmenter(self, names: Sequence[str]) -> SegmenterProtocol | None:
        """Returns what finds regions of these names; None where there are none."""
        chosen, names = self.segmenter, list(dict.fromkeys(names))
        if self.classes and chosen in (EMBEDDED, GRABCUT):
            raise UsageError("classes are those of a file: name the file too", segmenter="FILE")
        if not names:
            return None
        if not isinstance(chosen, (str, Path)):
            return chosen
        if chosen == GRABCUT:
            if len(names) > 1:
                raise UsageError(f"grabcut finds one region, not {', '.join(names)}: give masks of the others")
            return SalientRegion(names[0])
        return self._opened

    @functools.cached_property
    def _opened(self) -> Segmenter:
        """Returns the segmenter of a file, opened once for all photos."""
        assert isinstance(self.segmenter, (str, Path))
        if self.segmenter == EMBEDDED:
            return embedded_segmenter(self.graphs, self.base.options.threads)
        return open_segmenter(self.segmenter, self.classes, self.base.options.threads)

    def close(self) -> None:
        """Frees the graphs of the base, and of the segmenter that was opened here."""
        super().close()
        if "_opened" in vars(self):
            self._opened.close()

    def prepared(self, style: Any) -> list[Region]:
        """Returns the regions with every style encoded. Raises as a call does."""
        return [Region(r.name, self.base.prepared(r.style), r.strength) for r in regions_of(style)]

    def tiles(self, content: Image, tile: Tile) -> Tiling | None:
        """Returns the tiles that a photo would be cut in; None where it would be painted at once."""
        return self.base.tiles(content, tile)


def regions_of(given: Any) -> list[Region]:
    """Returns regions in the form that the painting takes.

    Args:
        given: see `Regions`.

    Raises:
        UsageError: there are none, or one is of another kind.
    """
    if not given:
        raise UsageError('semantic needs regions: give at least one, such as {"background": "starry-night"}')
    if isinstance(given, Mapping):
        return [_region(name, style) for name, style in given.items()]
    if isinstance(given, (str, bytes)) or not isinstance(given, Sequence):
        raise UsageError(f"regions can't be a {type(given).__name__}: give styles by name, or a list of regions")
    return [one if isinstance(one, Region) else parse_region(str(one)) for one in given]


def _region(name: str, style: Any) -> Region:
    """Returns the region of a name and a style, or of a (style, strength)."""
    if isinstance(style, tuple) and len(style) == 2 and isinstance(style[1], (int, float, np.floating)):
        return Region(name, style[0], float(style[1]))
    return Region(name, style)
