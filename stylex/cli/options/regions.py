"""Options of `stylex run` to paint places differently: regions, masks, segmenters, faces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stylex.cli.options.common import decorated
from stylex.cli.options.numbers import Number
from stylex.errors import UsageError
from stylex.techniques import FACE_STRENGTH, technique_named

if TYPE_CHECKING:
    from stylex.runtime.semantic.regions import Region

F = TypeVar("F", bound=Callable[..., Any])


class _Strength(Number):
    """A share that may be left out, in which case what follows must be another option or the end."""

    def fail(self, message: str, param: click.Parameter | None = None, ctx: click.Context | None = None) -> Any:
        """Refuses what follows the option, and says where it can stand alone."""
        super().fail(f"{message.rstrip('.')}; without a strength, give --protect-faces behind PHOTO.", param, ctx)


def face_options(function: F) -> F:
    """Adds --protect-faces and --face-model."""
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


def given_where(technique: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options of `stylex.stylize` that a technique has.

    Args:
        technique: its name.
        own: the options that only some techniques have, by parameter name, also those of the others.

    Raises:
        UsageError: a --region or a --mask that is none, or no --region.
    """
    kept = {name: own[name] for name in technique_named(technique).arguments}
    if "regions" in kept:
        classes = [name.strip() for name in own["classes"].split(",")] if own["classes"] else []
        kept |= {"classes": classes, "regions": _regions(own["regions"]), "masks": _masks(own["masks"])}
    return kept


def files_of(where: Mapping[str, Any]) -> list[Path]:
    """Returns files that will be read for these options of `stylize`, so that none is written over.

    Names of built-in styles are among them: a file may be called the same.
    """
    styles = [region.style for region in where.get("regions", ())]
    parts = [part for style in styles for part in (style if isinstance(style, list) else [(style, 1.0)])]
    files = [*(style for style, _ in parts), *where.get("masks", {}).values()]
    return [Path(file) for file in (*files, where.get("segmenter"), where.get("face_model")) if file]


def _regions(texts: Sequence[str]) -> list[Region]:
    from stylex.runtime.semantic.regions import parse_region

    if not texts:
        raise UsageError("semantic needs regions: give --region NAME=STYLE, such as --region background=starry-night")
    return [parse_region(text) for text in texts]


def _masks(texts: Sequence[str]) -> dict[str, str]:
    """Returns the files of --mask by the names of their regions."""
    masks: dict[str, str] = {}
    for text in texts:
        name, _, file = (part.strip() for part in text.partition("="))
        if not name or not file:
            raise UsageError(f"--mask {text} names no region and file: give --mask NAME=FILE")
        if name in masks:
            raise UsageError(f"there are two masks of {name}: give one, or give one of the regions another name")
        masks[name] = file
    return masks
