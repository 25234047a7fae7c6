"""Draws speed against likeness, one mark a precision and provider, as PNG or SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stylex.errors import InputError
from stylex.files import check_place, written_aside
from stylex.installation import optional
from stylex.runtime.benchmark.row import Row

KINDS = (".png", ".svg")
EXACT = 100.0
"""Decibels at which the most precise graph is drawn, which is compared with nothing."""
MARKS = {"fp32": "o", "fp16": "s", "int8": "^"}


def check_chart(path: Path) -> None:
    """Refuses a chart that can't be drawn, before anything is measured.

    Raises:
        InputError: the file's kind is unknown, or its folder doesn't exist.
        MissingPackage: matplotlib isn't installed.
    """
    if path.suffix.lower() not in KINDS:
        raise InputError(f"{path.name} has no suffix of a chart: let it end in .png or .svg")
    check_place(path)
    _pyplot()


def draw_chart(path: Path, rows: Sequence[Row]) -> None:
    """Draws one mark a row: images a second across, decibels to the most precise picture upwards.

    Raises:
        MissingPackage: matplotlib isn't installed.
        ResourceError: the file can't be written.
    """
    figure, axes = _pyplot().subplots(figsize=(7, 4.5), layout="constrained")
    try:
        for row in rows:
            likeness = EXACT if row.psnr is None else row.psnr
            label = f"{row.precision} on {row.provider}, {row.size} px"
            axes.scatter(row.images_per_second, likeness, s=70, marker=MARKS.get(row.precision, "D"), label=label)
        axes.set(xscale="log", xlabel="images a second", ylabel="dB to the most precise picture", title=rows[0].name)
        axes.grid(visible=True, which="both", alpha=0.3)
        axes.legend()
        with written_aside(path) as aside:
            figure.savefig(aside, format=path.suffix.lower()[1:], dpi=120)
    finally:
        _pyplot().close(figure)


def _pyplot() -> Any:
    optional("matplotlib").use("agg")
    return optional("matplotlib.pyplot")
