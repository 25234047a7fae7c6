"""`stylex list`: the techniques."""

from __future__ import annotations

import importlib.util
import json
from typing import TYPE_CHECKING, Any

import click

from stylex.cli import OPTIONAL

if TYPE_CHECKING:
    from stylex.techniques import Technique

COLUMNS = ("technique", "kind", "tier", "embedded", "needs", "runs here", "what it does")


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def command(as_json: bool) -> None:
    """List the techniques: their tier, what is embedded, what they need, and whether they run here.

    \b
    Example:
      stylex list
    """
    from stylex.techniques import TECHNIQUES

    rows = [_row(technique) for technique in TECHNIQUES]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    lines = [COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for cells in lines:
        click.echo("  ".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip())


def _row(technique: Technique) -> dict[str, Any]:
    """One technique, machine-readable; sizes are of the embedded graphs by file name."""
    from stylex.artifacts.catalog import GRAPHS, styles_in, transfer_file
    from stylex.artifacts.metadata import PRECISIONS

    styles = styles_in(GRAPHS, technique.name) if technique.single_style else [""]
    files = [transfer_file(technique.name, p, style=s) for s in styles for p in PRECISIONS]
    missing = [package for package in technique.packages if importlib.util.find_spec(package) is None]
    return {
        "name": technique.name,
        "kind": technique.kind,
        "tiers": technique.tiers,
        "styles": [style for style in styles if style],
        "embedded_bytes": {file.name: file.stat().st_size for file in files if file.is_file()},
        "needs": technique.packages,
        "missing": missing,
        "runs_here": not missing,
        "summary": technique.summary,
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    sizes = [size for name, size in row["embedded_bytes"].items() if name.endswith("-int8.onnx")]
    embedded = f"{len(sizes)} x {max(sizes) / 1e6:.2f} MB (int8)" if sizes else "-"
    needs = ", ".join(row["needs"]) or "the runtime alone"
    extras = sorted({OPTIONAL[package] for package in row["missing"]})
    runs = f"no: pip install 'stylex[{','.join(extras)}]'" if extras else "yes"
    return (row["name"], row["kind"], " + ".join(row["tiers"]), embedded, needs, runs, row["summary"])
