#!/usr/bin/env python3
"""A folder of JPEGs against the network alone: photos a second, and memory over many photos.

    python benchmarks/folder.py
    python benchmarks/folder.py --content photos/ --photos 2000 --rounds 5

Photos are cut out of those of scikit-image, or of a folder's, and written as JPEG. In each round `stylex bench`
measures the network, from array to array, and `stylex.stylize_folder` paints the photos, from JPEG to JPEG, each in a
process of its own. Rounds alternate, so that what else the machine does falls on both. `ratio` is the median of the
rounds' ratios of photos a second. `growth` is what the resident memory grows by from a tenth of the photos to the last.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from evaluation.photos import pictures_of, write_photos

from stylex.api.bench import bench
from stylex.batch.folder import stylize_folder
from stylex.batch.records import Outcome
from stylex.cli.tables import print_table
from stylex.errors import ResourceError, StylexError
from stylex.runtime.benchmark.report import write_report
from stylex.runtime.benchmark.timing import isolated
from stylex.runtime.engine.hardware import peak_memory_mib
from stylex.techniques import NETWORKS, technique_named

STYLES = {"fast": "the-scream", "cyclegan": "painting"}
STATUS = Path("/proc/self/status")


def resident_mib() -> float:
    """Returns the resident memory of this process.

    Raises:
        ResourceError: only Linux tells.
    """
    for line in STATUS.read_text().splitlines() if STATUS.exists() else ():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ResourceError("resident memory is read from /proc, which only Linux has: run this there")


def painted(photos: Path, technique: str, workers: int) -> dict[str, Any]:
    """Paints a folder in this process: photos a second and memory."""
    memory: list[float] = []
    with tempfile.TemporaryDirectory() as folder:

        def tell(_done: int, _of: int, _outcome: Outcome) -> None:
            memory.append(resident_mib())

        style = STYLES.get(technique, "irises")
        options: dict[str, Any] = {"workers": workers, "precision": "int8", "progress": tell}
        report = stylize_folder(photos, folder, technique, style, **options)
    early = max(memory[: max(1, len(memory) // 10)])
    return {
        "photos": report.painted,
        "workers": report.workers,
        "photos_per_second": report.photos_per_second,
        "early_mib": early,
        "growth_mib": memory[-1] - early,
        "peak_mib": peak_memory_mib(),
    }


def measured(photos: Path, technique: str, size: int, rounds: int, workers: int) -> dict[str, Any]:
    """A row: the rates of both, alternating."""
    pairs, network = [], STYLES.get(technique, "") if technique_named(technique).single_style else ""
    for _ in range(rounds):
        (row,) = bench(technique, sizes=(size,), precisions=("int8",), style=network)
        pairs.append((row.images_per_second, isolated(painted, photos, technique, workers)))
    ratios = [folder["photos_per_second"] / alone for alone, folder in pairs]
    last = pairs[-1][1]
    return {
        "technique": technique,
        "network": statistics.median(alone for alone, _ in pairs),
        "folder": statistics.median(folder["photos_per_second"] for _, folder in pairs),
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        **{name: last[name] for name in ("photos", "workers", "early_mib", "peak_mib")},
        "growth_mib": max(folder["growth_mib"] for _, folder in pairs),
    }


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--content", type=Path, help="folder of photos [scikit-image's]")
    parser.add_argument("--photos", type=int, default=200, help="how many are painted [200]")
    parser.add_argument("--size", type=int, default=512, help="their sides [512]")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=0, help="0 for as many as there are cores")
    parser.add_argument("--technique", action="append", choices=NETWORKS, help="repeat for several [adain]")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rest = (arguments.size, arguments.rounds, arguments.workers)
    try:
        pictures = pictures_of(arguments.content)
        with tempfile.TemporaryDirectory() as folder:
            write_photos(Path(folder), pictures, arguments.photos, arguments.size)
            rows = [measured(Path(folder), name, *rest) for name in arguments.technique or ["adain"]]
    except StylexError as error:
        parser.exit(error.exit_code, f"folder.py: {error}\n")
    columns = (
        "technique, INT8",
        "photos",
        "workers",
        "network/s",
        "folder/s",
        "ratio",
        "MiB early",
        "growth",
        "peak MiB",
    )
    names = ("technique", "photos", "workers", "network", "folder", "ratio", "early_mib", "growth_mib", "peak_mib")
    shown = [{**row, "ratio": f"{row['ratio']:.2f}"} for row in rows]
    print_table("A folder against the network alone", columns, [[row[name] for name in names] for row in shown])
    if arguments.json:
        write_report(arguments.json, rows)


if __name__ == "__main__":
    main()
