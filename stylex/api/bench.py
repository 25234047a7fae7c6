"""`stylex.bench`: latency, memory and fidelity of every precision."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from stylex.api.loading import Precision, Provider
from stylex.artifacts.catalog import GRAPHS, styles_in, transfer_file
from stylex.artifacts.metadata import PRECISIONS
from stylex.errors import MissingPackage, ResourceError, UsageError
from stylex.imaging.arrays import Image
from stylex.imaging.content import Content, picture_of
from stylex.runtime.benchmark import likeness, timing
from stylex.runtime.benchmark.loadgen import SCENARIOS, LoadgenResult, require_loadgen, run_scenario
from stylex.runtime.benchmark.row import Configuration, Row, paint_row
from stylex.techniques import Technique, technique_named


def bench(
    technique: str | Technique,
    *,
    sizes: Sequence[int] = (512,),
    precisions: Sequence[str] = (),
    provider: Provider = "auto",
    threads: int = 0,
    photo: Content | None = None,
    style: str = "",
    graphs: Path | str | None = None,
    progress: Callable[[str], object] = lambda what: None,
) -> list[Row]:
    """Measures a technique from uint8 photo to uint8 picture, every row in a process of its own.

    Args:
        technique: one that has graphs: its name, or the row of one's own.
        sizes: heights and widths in pixels.
        precisions: the ones that are wanted; all that there are by default.
        provider, threads, graphs: as for `stylex.load`.
        photo: is painted; the astronaut of scikit-image by default.
        style: which network, of a technique whose weights hold one style; the first by default.
        progress: is called with what is being measured.

    Returns:
        A row for each size and precision; PSNR and SSIM are against the most precise graph there is.

    Raises:
        UsageError: a technique without graphs, or an unknown name.
        InputError: the photo or a graph can't be read.
        ResourceError: scikit-image is missing and no photo was given, or not enough memory.
    """
    row = technique_named(technique)
    folder, style, there = _graphs(row, graphs, style)
    picture = _photo(photo)
    rows: list[Row] = []
    for size in sizes:
        asked = Configuration(row, "auto", provider, size, threads, style, None if graphs is None else folder)
        rows += _rows(asked, precisions or there or PRECISIONS, there, picture, progress)
    return rows


def bench_loadgen(
    technique: str | Technique,
    *,
    size: int = 512,
    precision: Precision = "auto",
    provider: Provider = "auto",
    threads: int = 0,
    photo: Content | None = None,
    style: str = "",
    graphs: Path | str | None = None,
    seconds: float = 10.0,
    progress: Callable[[str], object] = lambda what: None,
) -> list[LoadgenResult]:
    """Runs MLPerf's SingleStream and Offline scenarios, each in a process of its own.

    Args:
        technique, size, precision, provider, threads, photo, style, graphs, progress: as for `bench`.
        seconds: that each scenario lasts at the least; MLPerf's own rules ask for 600.

    Raises:
        UsageError, InputError, ResourceError: as `bench` does.
        MissingPackage: the load generator isn't installed.
    """
    require_loadgen()
    row = technique_named(technique)
    folder, style, _ = _graphs(row, graphs, style)
    own = None if graphs is None else folder
    asked = Configuration(row, precision, provider, size, threads, style, own)
    picture, results = _photo(photo), []
    for scenario in SCENARIOS:
        progress(f"running {scenario}")
        results.append(timing.isolated(run_scenario, asked, picture, scenario, seconds))
    return results


def _graphs(row: Technique, graphs: Path | str | None, style: str) -> tuple[Path, str, tuple[str, ...]]:
    """Returns the folder of a technique's graphs, the style to measure, and the precisions that are there."""
    if not row.has_graphs:
        raise UsageError(f"{row.name} has no graphs to be measured")
    folder = Path(graphs) if graphs is not None else GRAPHS
    if row.single_style:
        style = style or next(iter(styles_in(folder, row.name)), "")
    return folder, style, tuple(p for p in PRECISIONS if os.path.isfile(transfer_file(row.name, p, folder, style)))


def _photo(photo: Content | None) -> Image:
    """Returns the pixels of the photo to paint."""
    if photo is not None:
        return picture_of(photo, "the photo").rgb
    try:
        return likeness.default_photo()
    except MissingPackage as error:
        raise ResourceError(f"{error}; or give a photo of your own", photo=None) from error


def _rows(
    asked: Configuration,
    precisions: Sequence[str],
    there: Sequence[str],
    photo: Image,
    tell: Callable[[str], object],
) -> Iterator[Row]:
    """Yields one row a precision, compared with the most precise one, which is painted too where it isn't asked for."""
    reference = None
    for precision in sorted({*precisions, *there[:1]}, key=PRECISIONS.index):
        tell(f"measuring {precision} at {asked.size}")
        row, painted = timing.isolated(paint_row, replace(asked, precision=precision), photo)
        if reference is None:
            reference = painted
        else:
            psnr, ssim = likeness.similarity(painted, reference)
            row = replace(row, psnr=psnr, ssim=ssim)
        if precision in precisions:
            yield row
