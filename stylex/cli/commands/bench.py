"""`stylex bench`: latency, memory and fidelity of every precision."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stylex.artifacts.metadata import PRECISIONS
from stylex.cli.options.common import THREADS, technique_argument_or_none
from stylex.cli.options.numbers import Count, Number
from stylex.errors import UsageError
from stylex.runtime.engine.providers import NAMES

if TYPE_CHECKING:
    from stylex.runtime.benchmark.row import Row

COLUMNS = (
    *("precision", "provider", "size", "p50 ms", "p90 ms", "p99 ms", "runs", "images/s", "load ms", "first ms"),
    *("engine %", "peak MiB", "file MB", "PSNR dB", "SSIM"),
)
LOADGEN_COLUMNS = ("scenario", "p90 ms", "images/s", "long enough")
RATIO_COLUMNS = ("row", "times as long", "95 % from", "to", "the second is")
PATH = click.Path(path_type=Path)


@click.command()
@technique_argument_or_none
@click.option("--size", "sizes", multiple=True, type=Count(32, 4096), help="Height and width; repeat for more  [512]")
@click.option("--precision", "precisions", multiple=True, type=click.Choice(PRECISIONS), help="Repeat for more  [all]")
@click.option("--provider", default="auto", type=click.Choice(["auto", *NAMES]), show_default=True)
@THREADS
@click.option("--photo", type=PATH, help="Photo to paint  [the astronaut of scikit-image]")
@click.option("--style", default="", help="Which network, of a technique whose weights hold one style  [the first]")
@click.option("--graphs", type=PATH, help="Folder of exported ONNX files instead of the embedded ones.")
@click.option("--verdict", is_flag=True, help="Also say in words which precision to take here.")
@click.option("--keep", is_flag=True, help='Keep the verdict: the precision "auto" means it from then on.')
@click.option("--loadgen", is_flag=True, help="Run MLPerf's SingleStream and Offline scenarios instead.")
@click.option("--seconds", default=10.0, type=Number(1, 3600), help="Of each --loadgen scenario.", show_default=True)
@click.option("--compare", nargs=2, type=PATH, metavar="BEFORE AFTER", help="Compare two files written by --json.")
@click.option("--json", "json_file", type=PATH, help="Also write the rows, single calls included, to this file.")
@click.option("--csv", "csv_file", type=PATH, help="Also write the rows to this file, one a line.")
@click.option("--chart", "chart_file", type=PATH, help="Also draw speed against likeness: a .png or .svg file.")
def command(
    technique: str | None,
    sizes: tuple[int, ...],
    precisions: tuple[str, ...],
    verdict: bool,
    keep: bool,
    loadgen: bool,
    seconds: float,
    compare: tuple[Path, Path] | None,
    json_file: Path | None,
    csv_file: Path | None,
    chart_file: Path | None,
    **where: Any,
) -> None:
    """Measure TECHNIQUE from uint8 photo to uint8 picture; PSNR and SSIM are against the most precise graph there is.

    Every row is measured in a process of its own, so that its peak memory is its own. "load" and "first" are opening
    the graph and the first picture, "engine" the share of a call that ONNX Runtime takes.

    \b
    Examples:
      stylex bench adain
      stylex bench adain --size 512 --size 1024 --precision int8 --json bench.json
      stylex bench adain --verdict --keep
      stylex bench fast --chart fast.svg --csv fast.csv
      stylex bench --compare before.json after.json
    """
    from stylex.files import check_place

    for file in filter(None, (json_file, csv_file)):
        check_place(file)
    if compare:
        _compare(*compare, json_file)
        return
    if technique is None:
        raise UsageError("TECHNIQUE is missing: name one, such as adain, or compare two files with --compare")
    if loadgen:
        _loadgen(technique, sizes, precisions, seconds, json_file, where)
        return
    if (verdict or keep) and len(sizes) > 1:
        raise UsageError("a verdict is about one size: give --size once")
    if chart_file:
        from stylex.runtime.benchmark.chart import check_chart

        check_chart(chart_file)
    rows = _measured(technique, sizes, precisions, where)
    found = _verdict(technique, rows, keep) if verdict or keep else {}
    _write(rows, json_file, csv_file, chart_file, found)


def _measured(technique: str, sizes: Sequence[int], precisions: Sequence[str], where: dict[str, Any]) -> list[Row]:
    from rich.console import Console

    from stylex.api.bench import bench
    from stylex.cli.tables import print_table

    with Console(stderr=True).status("measuring") as status:
        rows = bench(technique, sizes=sizes or (512,), precisions=precisions, progress=status.update, **where)
    print_table(rows[0].name, COLUMNS, [_cells(row) for row in rows])
    for row in rows:
        for line in _provider_lines(row):
            click.echo(line)
    return rows


def _cells(row: Row) -> tuple[object, ...]:
    size = None if row.file_bytes is None else f"{row.file_bytes / 1e6:.2f}"
    share = None if row.engine_share is None else f"{100 * row.engine_share:.0f}"
    times = (f"{row.p50_ms:.2f}", f"{row.p90_ms:.2f}", f"{row.p99_ms:.2f}", row.runs, row.images_per_second)
    ssim = None if row.ssim is None else f"{row.ssim:.4f}"
    start = (row.load_ms, row.first_call_ms, share, row.peak_mib)
    return (row.precision, row.provider, row.size, *times, *start, size, row.psnr, ssim)


def _provider_lines(row: Row) -> list[str]:
    """Returns lines for below the table: which provider ran a graph's nodes, and what changed meanwhile."""
    ran = ", ".join(f"{count} on {name.removesuffix('ExecutionProvider')}" for name, count in row.nodes.items())
    granted = f"{row.provider} granted, {row.asked} asked for; {row.threads} threads"
    lines = [f"{row.precision} at {row.size}: {granted}; nodes {ran}"]
    if row.fallen:
        fell = ", ".join(f"{count} {name}" for name, count in row.fallen.items())
        lines.append(f"{row.precision} at {row.size}: fell to the CPU: {fell}")
    labels = {"clock MHz": "clock_mhz", "temperature C": "temperature_c", "load": "load", "power W": "power_w"}
    said = ", ".join(f"{label} {_spoken(row.conditions.get(name))}" for label, name in labels.items())
    return [*lines, f"{row.precision} at {row.size}: {said}"]


def _spoken(reading: object) -> str:
    """Returns a reading, or those at the start and the end, in words."""
    if isinstance(reading, list):
        return " to ".join(dict.fromkeys(map(str, reading)))
    return str(reading)


def _verdict(technique: str, rows: list[Row], keep: bool) -> dict[str, object]:
    from dataclasses import asdict

    from stylex.runtime.benchmark.verdict import verdict
    from stylex.runtime.kept_precisions import keep_precision

    found = verdict(technique, rows)
    for line in found.why:
        click.echo(line)
    if keep:
        path = keep_precision(technique, found.provider, found.precision)
        click.echo(f"{path}: auto means {found.precision} for {technique} on {found.provider} from now on")
    return {"verdict": asdict(found)}


def _write(
    rows: list[Row], json_file: Path | None, csv_file: Path | None, chart_file: Path | None, more: dict[str, object]
) -> None:
    from stylex.runtime.benchmark.report import write_csv, write_report

    if json_file:
        write_report(json_file, rows, **more)
        click.echo(f"{json_file}: {len(rows)} rows")
    if csv_file:
        write_csv(csv_file, rows)
        click.echo(f"{csv_file}: {len(rows)} rows")
    if chart_file:
        from stylex.runtime.benchmark.chart import draw_chart

        draw_chart(chart_file, rows)
        click.echo(f"{chart_file}: {len(rows)} marks")


def _loadgen(
    technique: str,
    sizes: Sequence[int],
    precisions: Sequence[str],
    seconds: float,
    json_file: Path | None,
    where: dict[str, Any],
) -> None:
    from dataclasses import asdict

    from rich.console import Console

    from stylex.api.bench import bench_loadgen
    from stylex.cli.tables import print_table
    from stylex.runtime.benchmark.report import write_report

    if len(sizes) > 1 or len(precisions) > 1:
        raise UsageError("the load generator runs one configuration: give --size and --precision once")
    chosen: dict[str, Any] = {
        "size": (sizes or (512,))[0],
        "precision": (precisions or ("auto",))[0],
        "seconds": seconds,
    }
    with Console(stderr=True).status("measuring") as status:
        results = bench_loadgen(technique, **chosen, progress=status.update, **where)
    cells = [(r.scenario, r.p90_ms, r.samples_per_second, "yes" if r.valid else "no") for r in results]
    print_table(f"{technique} under MLPerf's load generator, {seconds:.0f} s each", LOADGEN_COLUMNS, cells)
    if json_file:
        write_report(json_file, [{"name": technique, **chosen, **asdict(r)} for r in results])
        click.echo(f"{json_file}: {len(results)} rows")


def _compare(before: Path, after: Path, json_file: Path | None) -> None:
    from dataclasses import asdict

    from stylex.cli.tables import print_table
    from stylex.files import write_json
    from stylex.runtime.benchmark.comparison import compared
    from stylex.runtime.benchmark.report import read_rows

    ratios = compared(read_rows(before), read_rows(after))
    cells = [(r.name, f"{r.times:.3f}", f"{r.low:.3f}", f"{r.high:.3f}", r.verdict) for r in ratios]
    print_table(f"{after} beside {before}", RATIO_COLUMNS, cells)
    if json_file:
        write_json(json_file, {"ratios": [{**asdict(r), "verdict": r.verdict} for r in ratios]})
        click.echo(f"{json_file}: {len(ratios)} rows")
