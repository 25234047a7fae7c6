"""`stylex run`: paint one photo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from stylex.cli.options.common import backend_options, require_styles, technique_argument, weighted
from stylex.cli.options.regions import FACES, SEMANTIC, face_options, files_of, given_where, semantic_options
from stylex.cli.options.technique import OwnedCommand, Owners, listed
from stylex.errors import Interrupted, UsageError
from stylex.techniques import ANY_STYLE, NETWORKS, TECHNIQUES, technique_named

if TYPE_CHECKING:
    from stylex.api.result import Result

GATYS = (
    "iterations",
    "encoder",
    "optimizer",
    "style_loss",
    "style_weight",
    "content_weight",
    "variation",
    "preview",
    "preview_every",
)
"""Parameters that only gatys has; their defaults are those of `GatysSettings`."""
STYLE_OPTIONAL = (*(technique.name for technique in TECHNIQUES if technique.one_style), "semantic")
"""Techniques that do without --style: where there is one network only, and where every region has its own."""
MASKED = (*ANY_STYLE, "semantic")
"""Techniques that can paint every place with a strength of its own."""


class RunCommand(OwnedCommand):
    """`stylex run`, and which options belong to whom."""

    owners: ClassVar[Owners] = {
        **dict.fromkeys(("precision", "provider", "graphs"), (*NETWORKS, "semantic")),
        "tile": (*NETWORKS, "semantic"),
        "threads": (*NETWORKS, "semantic", "gatys"),
        **dict.fromkeys(SEMANTIC, ("semantic",)),
        **dict.fromkeys(FACES, MASKED),
        "space": ("histogram",),
        **dict.fromkeys(GATYS, ("gatys",)),
    }


def _tile(_context: click.Context, _parameter: click.Parameter, given: str) -> int | str:
    """A number of pixels, or a word, which the library knows."""
    return int(given) if given.lstrip("-").isdecimal() else given


@click.command(cls=RunCommand)
@technique_argument
@click.argument("photo", type=click.Path(path_type=Path))
@click.option(
    "--style",
    "styles",
    multiple=True,
    help=f"A picture; for {listed(ANY_STYLE)} also a built-in style or a .style file; for fast and cyclegan the "
    "network's name; repeat to mix.",
)
@click.option("--weight", "weights", multiple=True, type=float, help="One for each --style; equal shares by default.")
@click.option("--strength", default=1.0, type=click.FloatRange(0, 1.5), show_default=True, help="0 keeps the photo.")
@click.option("--keep-colors", is_flag=True, help="Take the strokes, keep the photo's colours.")
@click.option(
    "--size", type=click.IntRange(1), help="Reduce the photo's longer side to this many pixels first.  [gatys: 512]"
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
    callback=_tile,
    show_default=True,
    help="auto, off, or pixels: paint a large photo in tiles, with statistics of the whole.",
)
@backend_options
@semantic_options
@face_options
@click.option("--space", default="rgb", type=click.Choice(["rgb", "lab"]), show_default=True, help="Colour space.")
@click.option("--iterations", default=300, type=click.IntRange(1), show_default=True, help="Over all sizes.")
@click.option(
    "--encoder",
    default="slim",
    type=click.Choice(["slim", "vgg19"]),
    show_default=True,
    help="The embedded one, or VGG-19, downloaded once (548 MB).",
)
@click.option("--optimizer", default="adam", type=click.Choice(["adam", "lbfgs"]), show_default=True)
@click.option("--style-loss", default="wasserstein", type=click.Choice(["wasserstein", "gram"]), show_default=True)
@click.option("--style-weight", default=1.0, type=click.FloatRange(0), show_default=True, help="Of the style.")
@click.option("--content-weight", default=0.15, type=click.FloatRange(0), show_default=True, help="Of the structure.")
@click.option("--variation", default=4.0, type=click.FloatRange(0), show_default=True, help="Weight of smoothness.")
@click.option("--preview", type=click.Path(path_type=Path), help="Picture that shows the work so far.")
@click.option("--preview-every", default=25, type=click.IntRange(1), show_default=True, help="Iterations between two.")
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
    """Paint PHOTO with TECHNIQUE.

    The result has exactly the photo's size, or twice that with --upscale 2, its orientation and its alpha channel.
    `stylex run TECHNIQUE --help` shows the options of one technique.

    \b
    Examples:
      stylex run adain photo.jpg --style starry-night
      stylex run adain photo.jpg --style painting.jpg --strength 0.7 -o painted.png
      stylex run adain photo.jpg --style great-wave --weight 2 --style the-scream --weight 1
      stylex run adain photo.jpg --style irises --protect-faces
      stylex run adain large.jpg --style the-scream --tile 1024
      stylex run attention photo.jpg --style painting.jpg
      stylex run multiscale photo.jpg --style painting.jpg
      stylex run fast photo.jpg --style the-scream
      stylex run fast photo.jpg --style the-scream --upscale 2
      stylex run semantic photo.jpg --region person=irises:0.4 --region background=starry-night
      stylex run semantic photo.jpg --region person --region background=great-wave+deluge --protect-faces 0.2
      stylex run semantic photo.jpg --region sky=starry-night --mask sky=sky.png
      stylex run semantic photo.jpg --region cat=irises --segmenter voc.onnx --classes background,cat,dog
      stylex run histogram photo.jpg --style painting.jpg
      stylex run histogram photo.jpg --style painting.jpg --space lab --strength 0.6
      stylex run gatys photo.jpg --style painting.jpg --size 768 --iterations 500
      stylex run gatys photo.jpg --style one.jpg --weight 2 --style other.jpg --weight 1 --preview so-far.jpg
      stylex run gatys photo.jpg --style painting.jpg --encoder vgg19 --optimizer lbfgs
    """
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
    if technique == "semantic" and styles:
        raise UsageError("semantic takes its styles from --region NAME=STYLE: leave --style and --weight out")
    if technique not in STYLE_OPTIONAL:
        require_styles(styles)


def _tell(output: Path, result: Result) -> None:
    """Prints what was done; an optimization that was stopped ends with its own exit code."""
    height, width = result.rgb.shape[:2]
    seconds, ran = result.ran.seconds, result.ran
    took = f"{seconds * 1e3:.0f} ms" if seconds < 10 else f"{seconds:.0f} s"
    if ran.stopped:
        raise Interrupted(f"{result.notes[0]}; {output} is what there was")
    click.echo(f"{output}: {', '.join((f'{width}x{height}', str(ran), took, *result.notes))}")
