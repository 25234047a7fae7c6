"""`stylex list`: the techniques."""

from __future__ import annotations

import json

import click


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def command(as_json: bool) -> None:
    """List the techniques and whether this version has them.

    \b
    Example:
      stylex list
    """
    from stylex.methods import TECHNIQUES
    from stylex.runtime.catalog import transfer_file
    from stylex.runtime.facts import PRECISIONS

    rows = []
    for t in TECHNIQUES:
        files = {p: transfer_file(t.name, p) for p in PRECISIONS}
        embedded = {p: file.stat().st_size for p, file in files.items() if file.is_file()}
        rows.append(
            {"name": t.name, "kind": t.kind, "ready": t.ready, "embedded_bytes": embedded, "summary": t.summary}
        )
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{row['name']:11} {row['kind']:13} {'ready' if row['ready'] else 'not yet':8} {row['summary']}")
