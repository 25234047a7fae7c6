"""`stylex list`: the techniques."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from stylex.installation import ONNX_RUNTIME, OPENCV, OPTIONAL, is_installed

if TYPE_CHECKING:
    from stylex.techniques import Technique

COLUMNS = ("technique", "kind", "tier", "embedded", "needs", "runs here", "what it does")


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.option("--markdown", is_flag=True, help="The tables of the README.")
def command(as_json: bool, markdown: bool) -> None:
    """List the techniques: their tier, what is embedded, what they need, and whether they run here.

    \b
    Example:
      stylex list
    """
    from stylex.techniques import ROWS, TECHNIQUES

    rows = [_row(technique) for technique in TECHNIQUES]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    if markdown:
        techniques = ["| technique | what it does | style | embedded |", "|---|---|---|---|", *map(_line, TECHNIQUES)]
        training = ["| command | what it does |", "|---|---|", *(_training(row) for row in ROWS if row.train)]
        click.echo("\n".join([*techniques, "", *training]))
        return
    lines = [COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for cells in lines:
        click.echo("  ".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip())
    for problem in dict.fromkeys(problem for row in rows for problem in row["broken"]):
        click.echo(problem)


def _row(technique: Technique) -> dict[str, Any]:
    """Returns one technique, machine-readable; sizes are of the embedded graphs by file name."""
    from stylex.artifacts.catalog import GRAPHS, styles_in, transfer_file
    from stylex.artifacts.metadata import PRECISIONS

    styles = styles_in(GRAPHS, technique.name) if technique.single_style else []
    files = [transfer_file(technique.name, p, style=s) for s in styles or [""] for p in PRECISIONS]
    missing = [package for package in technique.packages if not is_installed(package)]
    engines = (OPENCV, ONNX_RUNTIME) if technique.runs_graphs else (OPENCV,)
    broken = [problem for package in engines if (problem := package.problem())]
    return {
        "name": technique.name,
        "kind": technique.kind,
        "tiers": technique.tiers,
        "styles": styles,
        "embedded_bytes": {file.name: file.stat().st_size for file in files if file.is_file()},
        "peak_mib": technique.peak_mib or None,
        "needs": technique.packages,
        "missing": missing,
        "broken": broken,
        "runs_here": not missing and not broken,
        "summary": technique.summary,
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    sizes = [size for name, size in row["embedded_bytes"].items() if name.endswith("-int8.onnx")]
    embedded = f"{len(sizes)} x {max(sizes) / 1e6:.2f} MB (int8)" if sizes else "-"
    needs = ", ".join(row["needs"]) or "the runtime alone"
    extras = sorted({OPTIONAL[package] for package in row["missing"]})
    runs = f"no: pip install 'stylex[{','.join(extras)}]'" if extras else "yes"
    if row["broken"]:
        runs = "no: see below"
    return (row["name"], row["kind"], " + ".join(row["tiers"]), embedded, needs, runs, row["summary"])


def _training(row: Technique) -> str:
    """Returns the README's line about a training."""
    purpose, _, _ = row.training.help.partition("\n")
    return f"| `stylex train {row.name} {row.training.examples[0]}` | {purpose} |"


def _line(technique: Technique) -> str:
    """Returns the README's line about a technique."""
    from stylex.artifacts.catalog import GRAPHS, styles_in
    from stylex.artifacts.style_code import built_in
    from stylex.techniques import Style

    style, embedded = technique.style.value, technique.embedded
    if technique.single_style:
        styles = styles_in(GRAPHS, technique.name)
        style, embedded = ", ".join(styles), f"{len(styles)} networks"
    if technique.style is Style.ARBITRARY:
        embedded = f"1 network, {len(built_in(technique.name))} codes"
    return f"| `{technique.name}` | {technique.summary} | {style} | {embedded} |".replace("  ", " ")
