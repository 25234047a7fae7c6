#!/usr/bin/env python3
"""Times a process from its start to the first painted picture on disk, beside what it can't do without.

    python benchmarks/start.py --rounds 20 --json start.json

Each round starts a bare Python, one that imports NumPy, OpenCV and ONNX Runtime, and `stylex run`, one after the other,
so that what else the machine does falls on all of them. Processor time, of all threads, is steadier than wall time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from stylex.cli.tables import print_table
from stylex.imaging.writing import write_picture
from stylex.runtime.benchmark.likeness import default_photo
from stylex.runtime.benchmark.report import write_report
from stylex.techniques import ARBITRARY, SINGLE

STYLES = {"cyclegan": "painting"}
COLUMNS = ("process", "wall ms", "least", "CPU ms", "least", "times the imports")


def commands(technique: str, photo: Path) -> dict[str, list[str]]:
    """Returns the processes by name; the second one is what the others are compared with."""
    style = STYLES.get(technique, "starry-night")
    ask = ["--style", style, "--precision", "int8", "--provider", "cpu", "-o", str(photo.with_name("painted.jpg"))]
    return {
        "python -c pass": [sys.executable, "-c", "pass"],
        "the imports": [sys.executable, "-c", "import numpy, cv2, onnxruntime"],
        f"stylex run {technique}": [sys.executable, "-m", "stylex", "run", technique, str(photo), *ask],
    }


def once(command: list[str]) -> tuple[float, float]:
    """Returns the milliseconds of a process: wall time, and processor time of all threads."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    wall, after = time.perf_counter() - start, os.times()
    return wall * 1e3, (sum(after[2:4]) - sum(before[2:4])) * 1e3


def main() -> None:
    """Parses, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--technique", default="adain", choices=(*ARBITRARY, *SINGLE))
    parser.add_argument("--size", type=int, default=512, help="height and width [512]")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    walls: dict[str, list[float]] = {}
    cpus: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo.jpg"
        side = (arguments.size, arguments.size)
        write_picture(photo, np.asarray(cv2.resize(default_photo(), side, interpolation=cv2.INTER_AREA), np.uint8))
        processes = commands(arguments.technique, photo)
        for command in processes.values():
            once(command)  # files in memory, bytecode on disk
        for _ in range(arguments.rounds):
            for name, command in processes.items():
                wall, cpu = once(command)
                walls.setdefault(name, []).append(wall)
                cpus.setdefault(name, []).append(cpu)
    rows = [{"name": name, "wall_ms": list(walls[name]), "cpu_ms": list(cpus[name])} for name in walls]
    imports = statistics.median(cpus["the imports"])
    cells = []
    for name in walls:
        measured = (statistics.median(walls[name]), min(walls[name]), statistics.median(cpus[name]), min(cpus[name]))
        cells.append((name, *(f"{value:.0f}" for value in measured), f"{measured[2] / imports:.2f}"))
    print_table(f"from start to picture, {arguments.size}x{arguments.size}", COLUMNS, cells)
    if arguments.json:
        write_report(arguments.json, rows)


if __name__ == "__main__":
    main()
