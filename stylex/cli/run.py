"""`stylex run`: paint one photo."""

from __future__ import annotations

import time
from pathlib import Path

import click

from stylex.cli.options import backend_options, technique_argument
from stylex.errors import UsageError


@click.command()
@technique_argument
@click.argument("photo", type=click.Path(path_type=Path))
@click.option(
    "--style",
    "styles",
    multiple=True,
    required=True,
    help="A built-in style, a picture or a .style file; repeat to mix.",
)
@click.option("--weight", "weights", multiple=True, type=float, help="One for each --style; equal shares by default.")
@click.option("--strength", default=1.0, type=click.FloatRange(0, 1.5), show_default=True, help="0 keeps the photo.")
@click.option("--keep-colors", is_flag=True, help="Take the strokes, keep the photo's colours.")
@click.option("--size", type=click.IntRange(1), help="Reduce the photo's longer side to this many pixels first.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="JPEG, PNG, WebP, BMP or TIFF  [PHOTO-TECHNIQUE.SUFFIX]"
)
@backend_options
def command(
    technique: str,
    photo: Path,
    styles: tuple[str, ...],
    weights: tuple[float, ...],
    strength: float,
    keep_colors: bool,
    size: int | None,
    output: Path | None,
    precision: str,
    provider: str,
    threads: int,
    graphs: Path | None,
) -> None:
    """Paint PHOTO with TECHNIQUE.

    The result has exactly the photo's size, its orientation and its alpha channel.

    \b
    Examples:
      stylex run adain photo.jpg --style starry-night
      stylex run adain photo.jpg --style painting.jpg --strength 0.7 -o painted.png
      stylex run adain photo.jpg --style great-wave --weight 2 --style the-scream --weight 1
    """
    from stylex.runtime.formats import default_output
    from stylex.runtime.images import check_output, limited, read_picture, write_picture
    from stylex.runtime.loading import load

    if weights and len(weights) != len(styles):
        raise UsageError(
            f"{len(styles)} --style and {len(weights)} --weight were given: give one weight for each style, or none"
        )
    output = output or default_output(photo, technique)
    check_output(output, [photo, *(Path(s) for s in styles)])
    picture = limited(read_picture(photo), size)
    painter = load(technique, precision, provider, graphs=graphs, threads=threads)
    shares = weights or (1.0,) * len(styles)
    start = time.perf_counter()
    painted = painter(picture.rgb, list(zip(styles, shares, strict=True)), strength, keep_colors)
    seconds = time.perf_counter() - start
    write_picture(output, painted, picture.alpha)
    height, width = painted.shape[:2]
    ran = f"{technique} {painter.precision} on {painter.provider}"
    click.echo(f"{output}: {width}x{height}, {ran}, {seconds * 1e3:.0f} ms with its styles")
