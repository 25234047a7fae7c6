"""`stylex run`: paint photos."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stylex.cli.options.common import (
    backend_options,
    examples,
    require_no_weights,
    require_styles,
    strength_option,
    technique_argument,
    tile,
    weighted,
    weights_option,
)
from stylex.cli.options.folder import folder_options, print_report
from stylex.cli.options.numbers import Count
from stylex.cli.options.place import folder_named, given_content, place_of, write_painting
from stylex.cli.options.regions import face_options, files_of, given_where
from stylex.cli.options.technique import RUN, TechniqueCommand, own_options
from stylex.errors import Interrupted, UsageError
from stylex.techniques import ARBITRARY, SINGLE, Style, listed, technique_named

if TYPE_CHECKING:
    from stylex.api.result import Result

MANY = (
    "adain photos/ --style irises -o painted/ --resume",
    "adain photos/ --style irises --style great-wave --each -o painted/ --report report.jsonl",
    "adain - --style irises -o - < photo.jpg > painted.jpg",
)
CALLS = [f"{technique.name} {call}" for technique in RUN for call in technique.examples]
HELP = f"""Paint each PHOTO with TECHNIQUE: a file, a folder, or - for standard input.

The result has exactly the photo's size, or twice that with --upscale 2, its orientation and its alpha channel.
`stylex run TECHNIQUE --help` shows the options of one technique.

A folder is painted into the folder OUTPUT: structure, names and formats are kept. Other files, hidden ones, folders
of thumbnails, and raw files of cameras beside pictures of the same names are passed over. Photos that can't be used are
listed at the end, with exit code 3.

{examples("stylex run", [*CALLS, *MANY])}
"""
SIZES = ", ".join(f"{technique.name}: {technique.size}" for technique in RUN if technique.size)


@click.command(cls=TechniqueCommand, help=HELP)
@technique_argument
@click.argument("photos", metavar="PHOTO...", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
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
@click.option("--size", type=Count(1), help=f"Reduce the photo's longer side to this many pixels first.  [{SIZES}]")
@click.option(
    "-o",
    "--output",
    help="JPEG, PNG, WebP, BMP or TIFF; a folder, needed for folders; - for standard output  "
    "[PHOTO-TECHNIQUE-STYLE.SUFFIX]",
)
@click.option(
    "--upscale",
    default=1,
    type=Count(),
    show_default=True,
    help="2 for twice the size, by a small network behind the technique.",
)
@click.option(
    "--tile",
    default="auto",
    type=tile,
    show_default=True,
    help="auto, off, or pixels: paint a large photo in tiles, with statistics of the whole.",
)
@backend_options
@folder_options
@click.option(
    "--resume", is_flag=True, help="Skip what is done, with the same style and options, in the folder OUTPUT."
)
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@own_options
@face_options
def command(
    technique: str,
    photos: tuple[Path, ...],
    styles: tuple[str, ...],
    weights: tuple[float, ...],
    strength: float,
    keep_colors: bool,
    size: int | None,
    upscale: int,
    output: str | None,
    each: bool,
    recursive: bool,
    workers: int,
    report: Path | None,
    resume: bool,
    as_json: bool,
    **own: Any,
) -> None:
    """See `HELP`."""
    _require(technique, styles)
    common: dict[str, Any] = {"strength": strength, "keep_colors": keep_colors, "size": size, "upscale": upscale}
    many = {"each": each, "recursive": recursive, "workers": workers, "report": report, "resume": resume}
    if each:
        require_styles(styles)
        require_no_weights(weights)
    style: Any = list(styles) if each else list(weighted(styles, weights)) or None
    if len(photos) > 1 or os.path.isdir(photos[0]) or each or report or resume:
        _paint_many(technique, photos, output, style, as_json, {**common, **many}, own)
    else:
        _paint_one(technique, photos[0], output, style, as_json, common, own)


def _paint_many(
    technique: str,
    photos: tuple[Path, ...],
    output: str | None,
    style: Any,
    as_json: bool,
    options: dict[str, Any],
    own: dict[str, Any],
) -> None:
    from stylex.batch.folder import stylize_folder
    from stylex.cli.progress import RateBar

    if Path("-") in photos or output == "-":
        raise UsageError("- stands for one photo: give it alone, without --each, --resume and --report")
    for flag in ("preview", "show_masks"):
        if own[flag]:
            raise UsageError(f"--{flag.replace('_', '-')} shows one photo: leave it out, or give one photo")
    folder = None if output is None else folder_named(output)
    arguments = given_where(technique, own)
    with RateBar("photos/s") as bar:
        arguments |= {"progress": lambda done, of, _outcome: bar(done, of)}
        report = stylize_folder(photos, folder, technique, style, **options, **arguments)
    print_report(folder, report, as_json)


def _paint_one(
    technique: str,
    photo: Path,
    output: str | None,
    style: Any,
    as_json: bool,
    common: dict[str, Any],
    own: dict[str, Any],
) -> None:
    from stylex.api.names import style_name
    from stylex.api.stylize import stylize
    from stylex.cli.progress import Bars
    from stylex.imaging.writing import check_output, write_picture

    content, photo = given_content(photo)
    arguments = given_where(technique, own)
    place = place_of(output, photo, technique, style_name(style, arguments.get("regions")), isinstance(content, bytes))
    older = place is not None and str(place) != output and os.path.lexists(place)
    inputs = [photo, *(Path(name) for name, _ in style or ()), *files_of(arguments)]
    if place is not None:
        check_output(place, inputs)
    for also in filter(None, (own["preview"], own["show_masks"])):
        check_output(also, [*inputs, *filter(None, [place])])
    with Bars(own["preview"], own["preview_every"]) as bars:
        if technique == "gatys":
            arguments["on_step"] = bars.step
        result = stylize(content, technique, style, report=True, progress=bars, **common, **arguments)
    if own["show_masks"]:
        from stylex.runtime.semantic.regions import overlay

        write_picture(own["show_masks"], overlay(result.content.rgb, result.masks))
    write_painting(place, photo, result)
    if older:
        result = replace(result, notes=(*result.notes, "in place of an older one"))
    _tell(place, photo, result, as_json)


def _require(technique: str, styles: tuple[str, ...]) -> None:
    """Refuses a technique that paints no photo, and one without the styles that it needs or with those it can't use."""
    known = technique_named(technique)
    if known.verb != "run":
        raise UsageError(f"{technique} paints no single photo: use `{known.call} --help`")
    if known.style is Style.REGIONS and styles:
        raise UsageError(f"{technique} takes its styles from --region NAME=STYLE: leave --style and --weight out")
    if known.needs_style:
        require_styles(styles)


def _tell(place: Path | None, photo: Path, result: Result, as_json: bool) -> None:
    """Prints what was done; an optimization that was stopped ends with its own exit code."""
    height, width = result.rgb.shape[:2]
    seconds, ran, name = result.ran.seconds, result.ran, str(place or "standard output")
    took = f"{seconds * 1e3:.0f} ms" if seconds < 10 else f"{seconds:.0f} s"
    if as_json:
        sizes = {"photo": str(photo), "output": name, "width": width, "height": height}
        line = json.dumps({**sizes, **asdict(ran), "notes": result.notes}, indent=2)
    else:
        line = f"{name}: {', '.join((f'{width}x{height}', str(ran), took, *result.notes))}"
    if ran.stopped and not as_json:
        raise Interrupted(f"{result.notes[0]}; {name} is what there was")
    click.echo(line, err=place is None)
    if ran.stopped:
        click.get_current_context().exit(Interrupted.exit_code)
