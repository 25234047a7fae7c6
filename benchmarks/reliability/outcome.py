"""The outcome of a campaign: a line for the table in docs/reliability.md, figures as JSON, and an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from stylex.files import write_json

SHOWN = 20
"""Faults that are printed."""


def report(name: str, figures: Mapping[str, object], faults: Sequence[str], json_file: Path | None) -> None:
    """Prints the line and the first faults, writes the JSON, and ends the program: with 1 where there are faults."""
    told = ", ".join(f"{key.replace('_', ' ')} {_text(value)}" for key, value in figures.items())
    print(f"| {name} | {told}, faults {len(faults)} |", flush=True)
    for fault in faults[:SHOWN]:
        print(f"  {fault}", file=sys.stderr)
    if json_file is not None:
        write_json(json_file, {"campaign": name, "figures": dict(figures), "faults": list(faults)})
    sys.exit(bool(faults))


def _text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else json.dumps(value, ensure_ascii=False)
