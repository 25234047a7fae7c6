"""`stylex run`: paint one photo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stylex.cli.options.common import (
    backend_options,
    examples,
    require_styles,
    strength_option,
    technique_argument,
    tile,
    weighted,
    weights_option,
)
from stylex.cli.options.regions import face_options, files_of, given_where
from stylex.cli.options.technique import RUN, OwnedCommand, own_options
from stylex.errors import Interrupted, UsageError
from stylex.techniques import ARBITRARY, SINGLE, Style, listed, technique_named

if TYPE_CHECKING:
    from stylex.api.result import Result

HELP = f"""Paint PHOTO with TECHNIQUE.

The result has exactly the photo's size, or twice that with --upscale 2, its orientation and its alpha channel.
`stylex run TECHNIQUE --help` shows the options of one technique.

{examples("stylex run", [f"{technique.name} {call}" for technique in RUN for call in technique.examples])}
"""
SIZES = ", ".join(f"{technique.name}: {technique.size}" for technique in RUN if technique.size)


@click.command(cls=OwnedCommand, help=HELP)
@technique_argument
@click.argument("photo", type=click.Path(path_type=Path))
@click.option(
    "--style",
    "styles",
    multiple=True,
    help=f"A picture; for {listed(ARBITRARY)} also a built-in style or a .style file; for {listed(SINGLE)} the "
    "network's name; repeat to mix.",
)
@weights_option
@strength_option("the photo")
@click.option("--keep-colors", is_flag=True, help="Take the strokes, keep the photo's colours.")
@click.option(
    "--size", type=click.IntRange(1), help=f"Reduce the photo's longer side to this many pixels first.  [{SIZES}]"
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="JPEG, PNG, WebP, BMP or TIFF  [PHOTO-TECHNIQUE.SUFFIX]"
)
@click.option(
    "--upscale", default=1, show_default=True, help="2 for twice the size, by a small network behind the technique."
)
@click.option(
    "--tile",
    default="auto",
    type=tile,
    show_default=True,
    help="auto, off, or pixels: paint a large photo in tiles, with statistics of the whole.",
)
@backend_options
@own_options
@face_options
def command(
    technique: str,
    photo: Path,
    styles: tuple[str, ...],
    weights: tuple[float, ...],
    strength: float,
    keep_colors: bool,
    size: int | None,
    upscale: int,
    output: Path | None,
    **own: Any,
) -> None:
    """See `HELP`."""
    from stylex.api.stylize import stylize
    from stylex.cli.progress import Bars
    from stylex.imaging.formats import default_output
    from stylex.imaging.images import check_output, write_picture
    from stylex.runtime.semantic.regions import overlay

    _require(technique, styles)
    output, told = output or default_output(photo, technique), given_where(technique, own)
    inputs = [photo, *(Path(s) for s in styles), *files_of(told)]
    check_output(output, inputs)
    for also in filter(None, (own["preview"], own["show_masks"])):
        check_output(also, [*inputs, output])
    with Bars(own["preview"], own["preview_every"]) as bars:
        if technique == "gatys":
            told["on_step"] = bars.step
        rest: dict[str, Any] = {"strength": strength, "keep_colors": keep_colors, "size": size, "upscale": upscale}
        pairs = list(weighted(styles, weights)) or None
        result = stylize(photo, technique, pairs, report=True, progress=bars, **rest, **told)
    if own["show_masks"]:
        write_picture(own["show_masks"], overlay(result.content.rgb, result.masks))
    write_picture(output, result.rgb, result.alpha)
    _tell(output, result)


def _require(technique: str, styles: tuple[str, ...]) -> None:
    """Refuses a technique that paints no photo, and one without the styles that it needs or with those it can't use."""
    known = technique_named(technique)
    if known.verb != "run":
        raise UsageError(f"{technique} paints no single photo: use `{known.call} --help`")
    if known.style is Style.REGIONS and styles:
        raise UsageError(f"{technique} takes its styles from --region NAME=STYLE: leave --style and --weight out")
    if known.needs_style:
        require_styles(styles)


def _tell(output: Path, result: Result) -> None:
    """Prints what was done; an optimization that was stopped ends with its own exit code."""
    height, width = result.rgb.shape[:2]
    seconds, ran = result.ran.seconds, result.ran
    took = f"{seconds * 1e3:.0f} ms" if seconds < 10 else f"{seconds:.0f} s"
    if ran.stopped:
        raise Interrupted(f"{result.notes[0]}; {output} is what there was")
    click.echo(f"{output}: {', '.join((f'{width}x{height}', str(ran), took, *result.notes))}")
