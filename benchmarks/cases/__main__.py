"""Runs the cases of one family, or of all whose folders are given, and prints a table: row, wanted, got, ok.

    python benchmarks/cases pictures=FOLDER films=FOLDER

The exit code is the number of rows that fell short, at most 100.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cases.case import Family

FAMILIES = ("pictures", "films", "models")
"""Modules of this folder, each with a function `cases`."""


def family(name: str) -> Family:
    """Returns the cases of a family."""
    found: Family = importlib.import_module(f"cases.{name}").cases
    return found


def main(arguments: list[str]) -> int:
    """Prints the tables and returns the number of rows that fell short."""
    if not arguments or any("=" not in argument for argument in arguments):
        print(__doc__)
        return 2
    missed = 0
    for argument in arguments:
        name, _, folder = argument.partition("=")
        for case in family(name)(Path(folder).resolve()):
            outcome = case.run()
            missed += not outcome.ok
            print(f"{'ok  ' if outcome.ok else 'MISS'} | {case.name} | wanted: {case.wanted} | got: {outcome.got}")
    print(f"{missed} rows fell short")
    return min(missed, 100)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
