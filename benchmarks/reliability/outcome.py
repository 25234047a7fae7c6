"""The command line of a campaign, and its outcome: a line for docs/reliability.md, figures as JSON, an exit code."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from stylex.files import write_json

SHOWN = 20
"""Faults that are printed."""


def command_line(description: str | None) -> argparse.ArgumentParser:
    """Returns the parser of a campaign, whose help is the text of its module; each campaign has `--json`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="file that figures and faults are written to")
    return parser


def report(name: str, figures: Mapping[str, object], faults: Sequence[str], json_file: Path | None) -> None:
    """Prints the line and the first faults, writes the JSON, and ends the program: with 1 where there are faults."""
    cells = ", ".join(f"{key.replace('_', ' ')} {_text(value)}" for key, value in figures.items())
    print(f"| {name} | {cells}, faults {len(faults)} |", flush=True)
    for fault in faults[:SHOWN]:
        print(f"  {fault}", file=sys.stderr)
    if json_file is not None:
        write_json(json_file, {"campaign": name, "figures": dict(figures), "faults": list(faults)})
    sys.exit(bool(faults))


def _text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else json.dumps(value, ensure_ascii=False)
