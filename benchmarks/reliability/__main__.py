"""Runs every campaign, each in a process of its own: `PYTHONPATH=benchmarks python -m reliability`."""

from __future__ import annotations

import subprocess
import sys

CAMPAIGNS: tuple[str, ...] = (
    "disk.kills",
    "disk.calls",
    "disk.places",
    "fuzzing",
    "mutated",
    "overload",
    "overload_folder",
    "mutants",
)
"""Modules of this package, each with a command line of its own."""


def main() -> None:
    """Ends with 1 where one of the campaigns found a fault."""
    codes = [subprocess.run([sys.executable, "-m", f"reliability.{name}"]).returncode for name in CAMPAIGNS]
    sys.exit(any(codes))


if __name__ == "__main__":
    main()
