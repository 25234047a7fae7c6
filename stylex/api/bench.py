"""`stylex.bench`: latency, memory and fidelity of every precision."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stylex.artifacts.catalog import GRAPHS, styles_in, transfer_file
from stylex.artifacts.metadata import PRECISIONS
from stylex.errors import MissingPackage, ResourceError, UsageError
from stylex.imaging.content import Content, picture_of
from stylex.runtime import benchmark
from stylex.runtime.benchmark import Row, isolated, paint_row, similarity
from stylex.techniques import technique_named


def bench(
    technique: str,
    *,
    sizes: Sequence[int] = (512,),
    precisions: Sequence[str] = (),
    provider: str = "auto",
    threads: int = 0,
    photo: Content | None = None,
    style: str = "",
    graphs: Path | str | None = None,
    progress: Callable[[str], object] = lambda what: None,
) -> list[Row]:
    """Measure a technique from uint8 photo to uint8 picture, every row in a process of its own.

    Args:
        technique: one that has graphs.
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
    known = technique_named(technique)
    if not known.has_graphs:
        raise UsageError(f"{technique} has no graphs to be measured")
    folder = Path(graphs) if graphs is not None else GRAPHS
    if known.single_style:
        style = style or next(iter(styles_in(folder, technique)), "")
    there = tuple(p for p in PRECISIONS if os.path.isfile(transfer_file(technique, p, folder, style)))
    picture, own = _photo(photo), None if graphs is None else folder
    rows: list[Row] = []
    for size in sizes:
        rest = (provider, size, threads, picture, style, own)
        rows += _rows(technique, precisions or there or PRECISIONS, there, rest, progress)
    return rows


def _photo(photo: Content | None) -> Any:
    """Returns the pixels of the photo to paint."""
    if photo is not None:
        return picture_of(photo, "the photo").rgb
    try:
        return benchmark.default_photo()
    except MissingPackage as error:
        raise ResourceError(f"{error}; or give a photo of your own", photo=None) from error


def _rows(
    technique: str,
    precisions: Sequence[str],
    there: Sequence[str],
    rest: tuple[Any, ...],
    tell: Callable[[str], object],
) -> Iterator[Row]:
    """One row a precision, compared with the most precise one, which is painted too where it isn't asked for."""
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
