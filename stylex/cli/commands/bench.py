"""`stylex bench`: latency, memory and fidelity of every precision."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stylex.artifacts.metadata import PRECISIONS
from stylex.cli.options.common import technique_argument
from stylex.errors import MissingPackage, ResourceError
from stylex.runtime.engine.providers import NAMES
from stylex.techniques import technique_named

if TYPE_CHECKING:
    from stylex.imaging.arrays import Image
    from stylex.runtime.benchmark import Row

COLUMNS = ("precision", "provider", "size", "median ms", "p95 ms", "images/s", "peak MiB", "file MB", "PSNR dB", "SSIM")


@click.command()
@technique_argument
@click.option(
    "--size", "sizes", multiple=True, type=click.IntRange(32, 4096), help="Height and width; repeat for more  [512]"
)
@click.option("--precision", "precisions", multiple=True, type=click.Choice(PRECISIONS), help="Repeat for more  [all]")
@click.option("--provider", default="auto", type=click.Choice(["auto", *NAMES]), show_default=True)
@click.option("--threads", default=0, type=click.IntRange(0), help="CPU threads; 0 for all cores.", show_default=True)
@click.option("--photo", type=click.Path(path_type=Path), help="Photo to paint  [the astronaut of scikit-image]")
@click.option("--style", default="", help="Which network, of a technique whose weights hold one style  [the first]")
@click.option(
    "--graphs", type=click.Path(path_type=Path), help="Folder of exported ONNX files instead of the embedded ones."
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Also write the rows to this file.")
def command(
    technique: str,
    sizes: tuple[int, ...],
    precisions: tuple[str, ...],
    provider: str,
    threads: int,
    photo: Path | None,
    style: str,
    graphs: Path | None,
    json_file: Path | None,
) -> None:
    """Measure TECHNIQUE from uint8 photo to uint8 picture; PSNR and SSIM are against the most precise graph there is.

    Every row is measured in a process of its own, so that its peak memory is its own.

    \b
    Examples:
      stylex bench adain
      stylex bench adain --size 512 --size 1024 --precision int8 --json bench.json
    """
    from rich.console import Console

    from stylex.artifacts.catalog import GRAPHS, styles_in, transfer_file
    from stylex.cli.tables import print_table
    from stylex.files import check_place
    from stylex.runtime.benchmark import write_report

    if json_file:
        check_place(json_file)
    picture, folder = _picture(photo), graphs or GRAPHS
    if technique_named(technique).single_style:
        style = style or next(iter(styles_in(folder, technique)), "")
    there = tuple(p for p in PRECISIONS if os.path.isfile(transfer_file(technique, p, folder, style)))
    rows: list[Row] = []
    with Console(stderr=True).status("measuring") as status:
        for size in sizes or (512,):
            rest = (provider, size, threads, picture, style, graphs)
            rows += _rows(technique, precisions or there or PRECISIONS, there, rest, status.update)
    print_table(" ".join(filter(None, ("stylex", technique, style))), COLUMNS, [_cells(row) for row in rows])
    if json_file:
        write_report(json_file, rows)
        click.echo(f"{json_file}: {len(rows)} rows")


def _picture(photo: Path | None) -> Image:
    """The photo to paint."""
    from stylex.imaging.images import read_picture
    from stylex.runtime.benchmark import default_photo

    if photo:
        return read_picture(photo).rgb
    try:
        return default_photo()
    except MissingPackage as error:
        raise ResourceError(f"{error}; or give a photo of your own with --photo") from error


def _rows(
    technique: str,
    precisions: Sequence[str],
    there: Sequence[str],
    rest: tuple[Any, ...],
    tell: Callable[[str], object],
) -> Iterator[Row]:
    """One row a precision, compared with the most precise one, which is painted too where it isn't asked for."""
    from stylex.runtime.benchmark import isolated, paint_row, similarity

    reference = None
    for precision in sorted({*precisions, *there[:1]}, key=PRECISIONS.index):
        tell(f"measuring {precision} at {rest[1]}")
        row, painted = isolated(paint_row, technique, precision, *rest)
        if reference is None:
            reference = painted
        else:
            psnr, ssim = similarity(painted, reference)
            row = replace(row, psnr=psnr, ssim=ssim)
        if precision in precisions:
            yield row


def _cells(row: Row) -> tuple[object, ...]:
    size = None if row.file_bytes is None else f"{row.file_bytes / 1e6:.2f}"
    speed = (row.median_ms, row.p95_ms, row.images_per_second, row.peak_mib)
    ssim = None if row.ssim is None else f"{row.ssim:.4f}"
    return (row.precision, row.provider, row.size, *speed, size, row.psnr, ssim)
