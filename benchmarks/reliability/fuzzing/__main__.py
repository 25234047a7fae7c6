"""Coverage-guided fuzzing: `PYTHONPATH=benchmarks python -m reliability.fuzzing --seconds 60`.

Each reader is fuzzed in a process of its own by atheris (pip install atheris), which is there for Linux and macOS;
without it inputs are damaged blindly, and the line says so. An input that ends in anything but a result or a
`StylexError` is a fault, and is kept in the current folder. A reader with a bug is the control: --reader careless.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import re
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from reliability.mutated.mutators import mutated
from reliability.outcome import command_line, report
from stylex.errors import StylexError

READERS = (
    "graph_metadata",
    "style_code",
    "checkpoint",
    "picture",
    "segmenter_output",
    "film_probe",
    "request",
)
CONTROL = "careless"
LONGEST, MEMORY = 25, 3072
"""Seconds and MiB that one input may take."""


def _careful(target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Returns the target, for which a `StylexError` of one line is an end like any other."""

    def one(data: bytes) -> None:
        try:
            target(data)
        except StylexError as error:
            assert str(error) and "\n" not in str(error), "an error has one line"

    return one


def fuzz(reader: str, seconds: float, runs: int, corpus: Path, seed: int) -> None:
    """Fuzzes a reader in this process, and ends it where a fault is found."""
    try:
        import atheris
    except ImportError:
        blindly(reader, seconds, runs, seed)
        return
    with atheris.instrument_imports(include=["stylex", "reliability.fuzzing"]):
        module = importlib.import_module(f"reliability.fuzzing.{reader}")
    _write_seeds(module, corpus)
    warnings.simplefilter("ignore")
    options = [f"-max_total_time={int(seconds)}", f"-runs={runs}", f"-timeout={LONGEST}", f"-rss_limit_mb={MEMORY}"]
    atheris.Setup(["fuzz", *options, f"-seed={seed + 1}", "-max_len=65536", str(corpus)], _careful(module.target))
    atheris.Fuzz()


def _write_seeds(module: object, corpus: Path) -> None:
    for number, data in enumerate(module.seeds()):  # type: ignore[attr-defined]
        (corpus / str(number)).write_bytes(data)


def blindly(reader: str, seconds: float, runs: int, seed: int) -> None:
    """Damages whole inputs without looking at what is covered; raises what isn't a permitted end."""
    module = importlib.import_module(f"reliability.fuzzing.{reader}")
    warnings.simplefilter("ignore")
    target, wholes, rng = _careful(module.target), list(module.seeds()), np.random.default_rng(seed)
    end, done = time.monotonic() + seconds, 0
    while time.monotonic() < end and (runs < 0 or done < runs):
        data = mutated(wholes[done % len(wholes)], rng)
        try:
            target(data)
        except BaseException:
            Path(f"crash-{reader}").write_bytes(data)
            raise
        done += 1
    print(f"Done {done} runs", file=sys.stderr)


def fuzzed(reader: str, seconds: float, runs: int, seed: int) -> tuple[int, str]:
    """Returns how many inputs a reader took in a process of its own, and the fault, empty where there is none."""
    with tempfile.TemporaryDirectory() as corpus:
        command = [sys.executable, "-m", "reliability.fuzzing", "--one", reader, "--corpus", corpus]
        command += ["--seconds", str(seconds), "--runs", str(runs), "--seed", str(seed)]
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    printed = ended.stdout.decode("utf-8", "replace")
    counts = [int(number) for number in re.findall(r"(?:Done |^#)(\d+)", printed, re.MULTILINE)]
    return max(counts, default=0), "" if not ended.returncode else f"{reader}: {' '.join(printed[-900:].split())}"


def main() -> None:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of each reader  [60]")
    parser.add_argument("--runs", type=int, default=-1, help="of each reader  [no limit]")
    parser.add_argument("--reader", action="append", choices=[*READERS, CONTROL], help="repeat for more  [all]")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--corpus", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        fuzz(asked.one, asked.seconds, asked.runs, asked.corpus, asked.seed)
        return
    counts: dict[str, int] = {}
    faults: list[str] = []
    for reader in asked.reader or READERS:
        if reader == "request" and importlib.util.find_spec("fastapi") is None:
            print("request: left out, as this needs fastapi: pip install 'stylex[serve]'", flush=True)
            continue
        counts[reader], fault = fuzzed(reader, asked.seconds, asked.runs, asked.seed)
        faults += [fault] if fault else []
        print(f"{reader}: {counts[reader]:,} runs, {len(faults)} faults", flush=True)
    guided = importlib.util.find_spec("atheris") is not None
    report("fuzzing", {"guided by coverage": guided, "runs": sum(counts.values()), **counts}, faults, asked.json)


if __name__ == "__main__":
    main()
