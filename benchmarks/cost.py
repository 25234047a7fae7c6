#!/usr/bin/env python3
"""Costs of the techniques for arbitrary styles, beside AdaIN's: time, multiplications and peak memory, in one run.

    python benchmarks/cost.py --json cost.json

Times are of the INT8 graph alone, one photo and a style that is already encoded; the graphs take turns, as in peers.py.
Multiplications are those of the torch network's convolutions and matrix products. Peak memory is what `stylex bench`
says, of a process with nothing but the runtime that paints one photo.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peers import TURN, WARM_UP, opened_graph, timed
from torch.utils.flop_counter import FlopCounterMode

from stylex.artifacts.catalog import GRAPHS, transfer_file
from stylex.cli.tables import print_table
from stylex.models.registry import embedded_models
from stylex.runtime.benchmark.report import write_report
from stylex.techniques import ARBITRARY

PRECISION, FIRST = "int8", "adain"
COLUMNS = ("technique", "median ms", "times adain", "G multiplications", "times adain", "peak MiB", "times adain")
KEYS = ("median_ms", "multiplications", "peak_mib")


def multiplications(technique: str, size: int) -> int:
    """Returns those of one photo, in the torch network that the graph was traced from."""
    traceable = embedded_models(technique)[0].traceables(size)[0]
    pairs = zip(traceable.inputs, traceable.example, strict=True)
    examples = [example[:1] if name in ("codes", "masks") else example for name, example in pairs]  # of one style
    with torch.inference_mode(), FlopCounterMode(display=False) as counted:
        traceable.module.eval()(*examples)
    return int(counted.get_total_flops() // 2)


def times(techniques: list[str], arguments: argparse.Namespace) -> dict[str, float]:
    """Median milliseconds by technique; they take turns."""
    calls = {}
    for technique in techniques:
        path = transfer_file(technique, PRECISION, arguments.graphs)
        calls[technique] = opened_graph(path, "cpu", arguments.threads, arguments.size)
    found: dict[str, list[float]] = {technique: [] for technique in techniques}
    for _ in range(arguments.rounds):
        for technique, call in calls.items():
            timed(call, WARM_UP)
            found[technique].extend(timed(call, TURN))
    return {name: round(float(np.median(values)), 2) for name, values in found.items()}


def peak_mib(technique: str, arguments: argparse.Namespace) -> float:
    """Largest resident memory of a process that paints one photo."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "bench.json"
        ask = ["--precision", PRECISION, "--provider", "cpu", "--size", arguments.size, "--threads", arguments.threads]
        command = [sys.executable, "-m", "stylex", "bench", technique, *ask, "--graphs", arguments.graphs]
        subprocess.run([str(part) for part in [*command, "--json", report]], check=True, capture_output=True)
        return float(json.loads(report.read_text())["rows"][0]["peak_mib"])


def measure(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """One row a technique."""
    techniques = [FIRST, *(t for t in ARBITRARY if t != FIRST)]
    medians = times(techniques, arguments)
    rows: list[dict[str, Any]] = []
    for technique in techniques:
        measured = (medians[technique], multiplications(technique, arguments.size), peak_mib(technique, arguments))
        row = {
            "name": technique,
            "precision": PRECISION,
            "size": arguments.size,
            **dict(zip(KEYS, measured, strict=True)),
        }
        rows.append(row | {f"times_{key}": round(row[key] / (rows or [row])[0][key], 3) for key in KEYS})
    return rows


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=Path, default=GRAPHS, help="folder of ONNX files [embedded]")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--size", type=int, default=512, help="height and width, a multiple of 16 [512]")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = measure(arguments)
    cells = [
        (
            r["name"],
            *(f"{r['median_ms']:.2f}", f"{r['times_median_ms']:.3f}"),
            *(f"{r['multiplications'] / 1e9:.2f}", f"{r['times_multiplications']:.3f}"),
            *(f"{r['peak_mib']:.0f}", f"{r['times_peak_mib']:.3f}"),
        )
        for r in rows
    ]
    print_table(f"{PRECISION} at {arguments.size}x{arguments.size}", COLUMNS, cells)
    if arguments.json:
        write_report(arguments.json, rows)


if __name__ == "__main__":
    main()
