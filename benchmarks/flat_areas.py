#!/usr/bin/env python3
"""Shifts of flat areas at INT8: every embedded network and style against FP16, in levels of 255 a channel.

    python benchmarks/flat_areas.py --json flat.json

Flat pictures of white, paper and grey and some of their neighbours, and pages of text on paper, are painted by both;
the mean of each channel over the flat area is compared. Lists the pairs that miss the bound; the exit code is 1 if
there are any.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import stylex
from stylex.artifacts.catalog import GRAPHS, styles_in
from stylex.artifacts.style_code import built_in
from stylex.cli.tables import print_table
from stylex.export import drawn
from stylex.files import write_json
from stylex.techniques import ARBITRARY

LEVELS = (120, 128, 136, 245, 250, 252, 255)
"""Greys of flat pictures."""
PAPERS = (250, 255)
"""Greys of the paper of pages."""
ONE_STYLE = ("fast", "cyclegan")
COLUMNS = ("network", "style", "largest shift", "in a picture of")


def pictures(size: int) -> dict[str, npt.NDArray[np.uint8]]:
    """Returns the pictures by name, uint8 (size, size, 3)."""
    rng = np.random.default_rng(0)
    flats = {f"grey {level}": drawn.flat(level, size) for level in LEVELS}
    return flats | {f"text on {paper}": drawn.page(paper, size, rng) for paper in PAPERS}


def pairs() -> Iterator[tuple[str, str, list[stylex.StylePainter], str | None]]:
    """Yields network, style, painters at FP16 and INT8, and what they are to be called with."""
    options: dict[str, Any] = {"provider": "cpu"}
    for technique in ONE_STYLE:
        for style in styles_in(GRAPHS, technique):
            yield technique, style, [stylex.load(technique, p, style=style, **options) for p in ("fp16", "int8")], None
    for technique in ARBITRARY:
        painters = [stylex.load(technique, precision, **options) for precision in ("fp16", "int8")]
        for style in built_in(technique):
            yield technique, style, painters, style


def shift(painters: list[stylex.StylePainter], style: str | None, picture: npt.NDArray[np.uint8]) -> float:
    """Returns by how many levels the mean of a channel moves at the most in the flat area of a picture."""
    rows, columns = drawn.paper_of(picture.shape[0])
    half, byte = (np.asarray(painter(picture, style), float)[rows, columns].mean((0, 1)) for painter in painters)
    return float(np.abs(half - byte).max())


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=128, help="pixels of a side  [128]")
    parser.add_argument("--bound", type=float, default=5.0, help="levels  [5]")
    parser.add_argument(
        "--network", action="append", choices=[*ONE_STYLE, *ARBITRARY], help="only this; may be repeated"
    )
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    drawings = pictures(asked.size)
    rows: list[dict[str, Any]] = []
    for network, style, painters, called in pairs():
        if asked.network and network not in asked.network:
            continue
        shifts = {name: shift(painters, called, picture) for name, picture in drawings.items()}
        worst = max(shifts, key=lambda name: shifts[name])
        rows.append({"network": network, "style": style, "shift": round(shifts[worst], 2), "picture": worst})
        rows[-1]["shifts"] = {name: round(value, 2) for name, value in shifts.items()}
    missed = [row for row in rows if row["shift"] > asked.bound]
    table = [[str(row[key]) for key in ("network", "style", "shift", "picture")] for row in missed]
    print_table("flat areas", COLUMNS, table)
    print(f"{len(missed)} of {len(rows)} pairs move a flat area by more than {asked.bound:g} levels")
    if asked.json is not None:
        write_json(asked.json, rows)
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
