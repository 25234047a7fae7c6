"""`stylex bench`: latency, memory and fidelity of every precision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stylex.artifacts.metadata import PRECISIONS
from stylex.cli.options.common import technique_argument
from stylex.runtime.engine.providers import NAMES

if TYPE_CHECKING:
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

    from stylex.api.bench import bench
    from stylex.cli.tables import print_table
    from stylex.files import check_place
    from stylex.runtime.benchmark import write_report

    if json_file:
        check_place(json_file)
    where: dict[str, Any] = {"provider": provider, "threads": threads, "photo": photo, "style": style, "graphs": graphs}
    with Console(stderr=True).status("measuring") as status:
        rows = bench(technique, sizes=sizes or (512,), precisions=precisions, progress=status.update, **where)
    print_table(rows[0].name, COLUMNS, [_cells(row) for row in rows])
    if json_file:
        write_report(json_file, rows)
        click.echo(f"{json_file}: {len(rows)} rows")


def _cells(row: Row) -> tuple[object, ...]:
    size = None if row.file_bytes is None else f"{row.file_bytes / 1e6:.2f}"
    speed = (row.median_ms, row.p95_ms, row.images_per_second, row.peak_mib)
    ssim = None if row.ssim is None else f"{row.ssim:.4f}"
    return (row.precision, row.provider, row.size, *speed, size, row.psnr, ssim)
