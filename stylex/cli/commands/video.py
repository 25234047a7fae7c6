"""`stylex video`: paint a film."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from stylex.cli.options.common import (
    NETWORK_STYLES,
    backend_options,
    click_option,
    require_styles,
    weighted,
    weights_option,
)
from stylex.cli.options.numbers import Count, Number
from stylex.cli.options.video import steadiness_options
from stylex.techniques import technique_named
from stylex.techniques.options import CRF


@click.command("video")
@click.argument("film", metavar="IN", type=click.Path(path_type=Path))
@click.argument("output", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--style", "styles", multiple=True, help=f"{NETWORK_STYLES}; repeat to mix.")
@weights_option
@steadiness_options
@click.option("--size", type=Count(16), help="Reduce the longer side to this many pixels first.")
@click_option(CRF)
@click.option("--start", default=0.0, type=Number(0), help="Seconds to begin at.", show_default=True)
@click.option("--end", type=Number(0, min_open=True), help="Seconds to stop at  [the film's end]")
@click.option("--sound/--no-sound", default=True, help="Keep the film's sound.", show_default=True)
@click.option("--frames", type=Count(1), help="At most so many frames, for a trial.")
@backend_options
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Also write what was done to this file.")
def command(
    film: Path,
    output: Path,
    styles: tuple[str, ...],
    weights: tuple[float, ...],
    technique: str,
    strength: float,
    keep_colors: bool,
    temporal: str,
    keyframes: int,
    size: int | None,
    crf: int,
    start: float,
    end: float | None,
    frames: int | None,
    sound: bool,
    json_file: Path | None,
    **backend: Any,
) -> None:
    """Paint the film IN, into OUT (.mp4, .m4v, .mov or .mkv, H.264).

    Frames keep their times; sound that OUT can't hold is encoded anew as AAC. OUT appears when all of it is written:
    Ctrl-C and errors leave nothing behind. Odd sides are made even by repeating the last row or column.

    \b
    Examples:
      stylex video film.mp4 painted.mp4 --style starry-night
      stylex video film.mp4 painted.mp4 --style the-scream --temporal flow
      stylex video film.mp4 trial.mp4 --technique fast --style great-wave --start 60 --frames 48
      stylex video film.mov painted.mkv --style one.jpg --style other.jpg --size 1280 --crf 18 --json report.json
    """
    from stylex.api.film import stylize_film
    from stylex.cli.progress import RateBar
    from stylex.files import check_place, write_json
    from stylex.runtime.video import pyav  # noqa: F401 - one line for another PyAV, before it is imported

    if json_file:
        check_place(json_file)
    if technique_named(technique).needs_style:
        require_styles(styles)
    pairs = list(weighted(styles, weights)) or None
    steady: dict[str, Any] = {"temporal": temporal, "keyframes": keyframes, "crf": crf, "size": size}
    part: dict[str, Any] = {"start": start, "end": end, "frames": frames, "sound": sound}
    common: dict[str, Any] = {"strength": strength, "keep_colors": keep_colors}
    with RateBar("frames/s") as bar:
        common["progress"] = lambda count, info: bar(count, info.frames)
        report = stylize_film(film, output, technique, pairs, **common, **steady, **part, **backend)
    for notice in report.notices:
        click.echo(f"stylex: {notice}", err=True)
    if json_file:
        write_json(json_file, asdict(report))
    click.echo(
        f"{output}: {report.frames} frames of {report.width}x{report.height}, {technique} {report.precision} on "
        f"{report.provider}, temporal {report.temporal}, {report.frames_per_second:.1f} frames/s"
    )
