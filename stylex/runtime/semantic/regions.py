"""Regions of a photo, each with a style and a strength of its own, painted in one run of the graph.

Semantic control follows Gatys et al. 2017, Controlling Perceptual Factors in Neural Style Transfer, section 4: spatial
guidance. There the guides weigh Gram matrices; here they are the masks of the modulation.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from stylex.artifacts.metadata import MOST_STYLES
from stylex.artifacts.style_code import built_in
from stylex.errors import UsageError
from stylex.imaging.arrays import Image
from stylex.imaging.color import keep_colors as with_own_colors
from stylex.imaging.picture import as_rgb
from stylex.imaging.sizes import at_most
from stylex.runtime.painter import Painter
from stylex.runtime.semantic.masks import (
    REFINED_SIDE,
    Mask,
    feathered,
    refined,
    require_size,
    resized,
    sharpened,
)
from stylex.runtime.semantic.segmenters import SegmenterProtocol
from stylex.runtime.style_painter import Style, faded
from stylex.techniques import ARBITRARY, DEFAULT, STRONGEST, listed, options

BACKGROUND = "background"
"""The region of everything that no other region is."""
FEATHER: float = options.FEATHER.default
"""Width of a region's soft edge, as a share of the photo's longer side."""
STRENGTH = re.compile(r"(?P<style>.+): *(?P<strength>[+-]?(\d+\.?\d*|\.\d+))")


@dataclass(frozen=True)
class Region:
    """The treatment of a region.

    Attributes:
        name: a class of the segmenter, the name of a mask, or `BACKGROUND`.
        style: anything that a painter takes as a style; None keeps the photo.
        strength: 0 keeps the photo, 1 is the style as it is, up to 1.5.
    """

    name: str
    style: Style | None = None
    strength: float = 1.0


def parse_region(text: str) -> Region:
    """Returns a region as the command line has it: NAME, NAME=STYLE or NAME=STYLE:STRENGTH.

    STYLE is a built-in name, a file, or several with + between them, in equal shares. The strength is the number behind
    the last colon; a file whose name ends like that is still found.

    Raises:
        UsageError: it has no name, or the strength is out of range.
    """
    name, _, rest = text.partition("=")
    name, rest = name.strip(), rest.strip()
    if not name:
        raise UsageError(f"{text!r} is no region: give NAME=STYLE:STRENGTH, such as person=starry-night:0.6")
    if not rest:
        return Region(name)
    found = None if os.path.exists(rest) else STRENGTH.fullmatch(rest)  # noqa: PTH110 - Path.exists may raise
    style, strength = (found["style"].strip(), float(found["strength"])) if found else (rest, 1.0)
    _require_strength(name, strength)
    return Region(name, _mixed(style), strength)


def _mixed(text: str) -> Style:
    """Returns one style, or several with + between them; a file with a + in its name is one."""
    parts = text.split("+")
    if len(parts) == 1 or not all(parts) or text in built_in(DEFAULT) or os.path.exists(text):  # noqa: PTH110
        return text
    return [(part.strip(), 1.0) for part in parts]


def _require_strength(name: str, strength: float) -> None:
    if not 0 <= strength <= STRONGEST:
        raise UsageError(f"the region {name} has strength {strength}; it must lie between 0 and {STRONGEST}")


def region_masks(
    photo: Image,
    regions: Sequence[Region],
    masks: Mapping[str, Mask] | None = None,
    segmenter: SegmenterProtocol | None = None,
    feather: float = FEATHER,
) -> dict[str, Mask]:
    """Returns where each region is, by its name; at every place they add up to at most 1.

    Args:
        photo: RGB uint8 (H, W, 3).
        masks: for regions that aren't to be found by the segmenter, each (H, W).
        segmenter: asked for the other regions; what it finds is drawn to the photo's edges.
        feather: see `FEATHER`; 0 for hard edges.

    Returns:
        masks with the photo's proportions, their longer side at most `masks.REFINED_SIDE` pixels.

    Raises:
        UsageError: a mask of no region, a region that neither a mask nor the segmenter knows, or no region but the
            background.
        InputError: a mask of another size than the photo.
        ModelError: the segmenter fails.
    """
    given, names = dict(masks or {}), list(dict.fromkeys(r.name for r in regions))
    if not 0 <= feather <= 1:
        raise UsageError(f"the feather is {feather}; it must lie between 0 and 1, a share of the photo's longer side")
    if names == [BACKGROUND] and not given:
        raise UsageError("the background alone is the whole photo: name what is not background too, such as person")
    for name, mask in given.items():
        if name not in names:
            raise UsageError(f"there is a mask of {name}, but no such region; the regions are {', '.join(names)}")
        require_size(mask, photo.shape[:2], f"the mask of {name}")
    height, width = at_most(photo.shape[:2], REFINED_SIDE)
    found = {name: resized(np.asarray(mask, np.float32), height, width) for name, mask in given.items()}
    missing = [name for name in names if name not in given and name != BACKGROUND]
    if missing:
        known = segmenter(photo) if segmenter else {}
        for name in missing:
            if name not in known:
                raise UsageError(_unknown(name, segmenter, list(known)), masks=f"{name}=FILE", segmenter=None)
            found[name] = refined(sharpened(known[name]), photo)
    found = {name: feathered(np.clip(mask, 0, 1), feather) for name, mask in found.items()}
    return _shared(found, BACKGROUND in names, (height, width))


def _unknown(name: str, segmenter: SegmenterProtocol | None, known: list[str]) -> str:
    if segmenter is None:
        return f"nothing says where the region {name} is: give a mask of it, or a segmenter"
    more = f", ... ({len(known)} in all)" if len(known) > 12 else ""
    return (
        f"{segmenter.title} doesn't know the region {name}, only {', '.join(known[:12])}{more}: give a mask of it, or "
        "another segmenter"
    )


def _shared(found: dict[str, Mask], background: bool, sides: tuple[int, int]) -> dict[str, Mask]:
    """Returns masks scaled down where regions overlap; the background is what is left, unless it has a mask."""
    total = np.sum([*found.values(), np.zeros(sides, np.float32)], 0)
    shared = {name: np.asarray(mask / np.maximum(total, 1), np.float32) for name, mask in found.items()}
    if background and BACKGROUND not in shared:
        shared[BACKGROUND] = np.asarray(np.clip(1 - total, 0, 1), np.float32)
    return shared


def paint(
    painter: Painter,
    photo: Image,
    regions: Sequence[Region],
    masks: Mapping[str, Mask],
    strength: float = 1.0,
    protection: Mask | None = None,
    keep_colors: bool = False,
    **tiling: Any,
) -> Image:
    """Paints a photo, every region in its own style.

    Args:
        painter: of a technique that takes masks.
        photo: RGB uint8 (H, W, 3).
        regions: several may have the same name; their strengths add up.
        masks: by the regions' names, from 0 to 1, with the photo's proportions; see `region_masks`.
        strength: of everything.
        protection: how much of the strength each place keeps, such as `faces.protection` makes it.
        keep_colors: take only the strokes, not the colours.
        tiling: `tile` and `progress` of `Painter.paint`.

    Returns:
        RGB uint8 of exactly the photo's size.

    Raises:
        UsageError: a technique without masks, no region with a style, more styles than the graph takes, a strength out
            of range, or what is wrong with a style.
        InputError: a photo or a style that can't be used.
    """
    photo = as_rgb(photo)
    codes, maps = styled(painter, regions, masks, strength)
    if protection is not None:
        maps = np.stack([resized(m, *protection.shape) for m in maps[:, 0]])[:, None] * protection
    painted = painter.paint(photo, codes, maps, **tiling).picture
    return faded(photo, with_own_colors(painted, photo), maps) if keep_colors else painted


def styled(
    painter: Painter, regions: Sequence[Region], masks: Mapping[str, Mask], strength: float = 1.0
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Returns codes (K, D) of all regions' styles, and where and how strongly each applies, (K, 1, h, w).

    Raises:
        UsageError: see `paint`.
        InputError: a style that can't be used.
    """
    technique = painter.technique
    if not painter.takes_masks:
        raise UsageError(f"{technique} has one style for the whole photo: take {listed(ARBITRARY, 'or')}")
    painted = [r for r in regions if r.style is not None]
    if not painted:
        raise UsageError("no region has a style: give at least one, such as background=starry-night")
    for name in dict.fromkeys(r.name for r in painted):
        _require_strength(name, strength * sum(r.strength for r in painted if r.name == name))
        assert name in masks, f"no mask of {name}"
    codes, maps = [], []
    for region in painted:
        assert region.style is not None
        code, weights = painter.codes(region.style)
        codes.append(code)
        maps.append(strength * region.strength * weights[:, None, None, None] * masks[region.name][None, None])
    found, most = np.concatenate(codes), _most_styles(painter)
    if len(found) > most:
        raise UsageError(f"the regions have {len(found)} styles; the graph takes at most {most} at once: give fewer")
    return found, np.concatenate(maps).astype(np.float32)


def _most_styles(painter: Painter) -> int:
    fixed = painter.transfer.shapes["codes"][0]
    return fixed if isinstance(fixed, int) else MOST_STYLES


def overlay(photo: Image, masks: Mapping[str, Mask]) -> Image:
    """Returns the photo in grey, every region in a colour of its own; what is in none stays grey."""
    height, width = photo.shape[:2]
    grey = cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB).astype(np.float32)
    hues = np.array([[[round(180 * i * 0.618) % 180, 200, 255] for i in range(len(masks))]], np.uint8)
    colors = cv2.cvtColor(hues, cv2.COLOR_HSV2RGB)[0].astype(np.float32) if masks else []
    shown = grey.copy()
    for color, mask in zip(colors, masks.values(), strict=True):
        shown += 0.5 * resized(mask, height, width)[..., None] * (color - grey)
    return np.asarray(np.clip(np.rint(shown), 0, 255), np.uint8)
