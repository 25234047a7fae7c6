"""What `stylex run` takes to paint places differently: regions, masks, segmenters, faces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stylex.cli.options.common import decorated
from stylex.errors import UsageError
from stylex.techniques import FACE_STRENGTH

if TYPE_CHECKING:
    from stylex.imaging.arrays import Image
    from stylex.runtime.semantic.masks import Mask
    from stylex.runtime.semantic.regions import Region
    from stylex.runtime.semantic.segmenters import Segments

F = TypeVar("F", bound=Callable[..., Any])

OWN, GRABCUT = "person", "grabcut"
"""Names of segmenters that need no file."""


class _Strength(click.FloatRange):
    """A share that may be left out, in which case what follows must be another option or the end."""

    def fail(self, message: str, param: click.Parameter | None = None, ctx: click.Context | None = None) -> Any:
        """Refuse what follows the option, and say where it can stand alone."""
        super().fail(f"{message.rstrip('.')}; without a strength, give --protect-faces behind PHOTO.", param, ctx)


def face_options(function: F) -> F:
    """--protect-faces and --face-model."""
    options = (
        click.option(
            "--protect-faces",
            is_flag=False,
            flag_value=FACE_STRENGTH,
            type=_Strength(0, 1),
            metavar="[STRENGTH]",
            help=f"Keep less of the style on faces: this share of the strength, {FACE_STRENGTH} where none is given.",
        ),
        click.option(
            "--face-model",
            type=click.Path(path_type=Path),
            help="OpenCV's YuNet, an ONNX file, to find faces with  [scikit-image's cascade]",
        ),
    )
    return decorated(function, options)


def files_of(own: Mapping[str, Any]) -> list[Path]:
    """Files that will be read for these options, so that none of them is written over; also what may be none.

    Raises:
        UsageError: a --region that is none, or --face-model without --protect-faces.
    """
    from stylex.runtime.semantic.regions import parse_region

    if own["face_model"] is not None and own["protect_faces"] is None:
        raise UsageError("--face-model only says how faces are found: give --protect-faces too")
    styles = [region.style for region in map(parse_region, own["regions"])]
    parts = [part for style in styles for part in (style if isinstance(style, list) else [(style, 1.0)])]
    files = [*(style for style, _ in parts), *(text.partition("=")[2].strip() for text in own["masks"])]
    return [Path(file) for file in (*files, own["segmenter"], own["face_model"]) if file]


def given_regions(texts: Sequence[str]) -> list[Region]:
    """The --region options.

    Raises:
        UsageError: there is none, or one of them is wrong.
    """
    from stylex.runtime.semantic.regions import parse_region

    if not texts:
        raise UsageError("semantic needs regions: give --region NAME=STYLE, such as --region background=starry-night")
    return [parse_region(text) for text in texts]


def given_masks(texts: Sequence[str], photo: Image, sides: tuple[int, ...]) -> dict[str, Mask]:
    """The --mask options: masks of the photo's size by the names of the regions.

    Args:
        photo: as it is painted.
        sides: height and width of the photo before it was reduced, which masks must have.

    Raises:
        UsageError: one has no name or no file, or a region has two.
        InputError: a mask can't be read or has another size.
    """
    from stylex.runtime.semantic.masks import read_mask, require_size, resized

    masks: dict[str, Mask] = {}
    for text in texts:
        name, _, file = (part.strip() for part in text.partition("="))
        if not name or not file:
            raise UsageError(f"--mask {text} names no region and file: give --mask NAME=FILE")
        if name in masks:
            raise UsageError(f"there are two masks of {name}: give one, or give one of the regions another name")
        mask = read_mask(file)
        require_size(mask, sides, file)
        masks[name] = resized(mask, *photo.shape[:2])
    return masks


def segmenter_for(regions: Sequence[Region], masks: Mapping[str, Mask], own: Mapping[str, Any]) -> Segments | None:
    """What finds the regions that have no mask; None where all have one.

    Raises:
        UsageError: --classes without a file, or grabcut for more than one region.
    """
    from stylex.runtime.semantic.grabcut import SalientRegion
    from stylex.runtime.semantic.regions import BACKGROUND
    from stylex.runtime.semantic.segmenters import open_segmenter, own_segmenter

    chosen = own["segmenter"] or OWN
    classes = [name.strip() for name in own["classes"].split(",")] if own["classes"] else []
    if classes and chosen in (OWN, GRABCUT):
        raise UsageError("--classes are those of a file: give --segmenter FILE too")
    names = [name for name in dict.fromkeys(r.name for r in regions) if name not in (*masks, BACKGROUND)]
    if not names:
        return None
    if chosen == GRABCUT:
        if len(names) > 1:
            raise UsageError(f"grabcut finds one region, not {', '.join(names)}: give masks of the others")
        return SalientRegion(names[0])
    if chosen == OWN:
        return own_segmenter(own["graphs"], own["threads"])
    return open_segmenter(chosen, classes, own["threads"])
