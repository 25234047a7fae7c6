"""`stylex run`: paint one photo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
from stylex.cli.options.regions import face_options, files_of
from stylex.cli.options.technique import RUN, OwnedCommand, own_options
from stylex.errors import UsageError
from stylex.techniques import ARBITRARY, SINGLE, listed, technique_named

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
    from stylex.cli.runners import RUNNERS, Job, network
    from stylex.imaging.formats import default_output
    from stylex.imaging.images import check_output, limited, read_picture
    from stylex.runtime.upscale import require_room

    known = technique_named(technique)
    if known.verb != "run":
        raise UsageError(f"{technique} paints no single photo: use `{known.call} --help`")
    if known.needs_style:
        require_styles(styles)
    pairs = weighted(styles, weights)
    output = output or default_output(photo, technique)
    inputs = [photo, *(Path(s) for s in styles), *files_of(own)]
    check_output(output, inputs)
    for also in filter(None, (own["preview"], own["show_masks"])):
        check_output(also, [*inputs, output])
    whole = read_picture(photo)
    picture, sides = limited(whole, size or known.size or None), whole.rgb.shape[:2]
    del whole  # of a large photo that is a lot
    if upscale != 1:
        require_room(picture.rgb.shape[0], picture.rgb.shape[1], upscale)
    job = Job(technique, picture, pairs, strength, keep_colors, output, sides, own, upscale > 1)
    RUNNERS.get(technique, network)(job)
