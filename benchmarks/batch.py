#!/usr/bin/env python3
"""`stylex batch` with both engines: killed in the middle, called again, and compared byte for byte.

    python benchmarks/batch.py                                     # needs '.[ray]' for the engine ray
    python benchmarks/batch.py --photos 2000 --engine local
    python benchmarks/batch.py --engine ray --workers 1 --workers 2

Each engine paints a folder of JPEGs once in one go and once with a SIGKILL of the whole process group in the middle,
after which the same call is made again. `skipped` is what that call found done, `again` what was there when the
process was killed and isn't written down as done, so that it was painted twice. `same` says whether the paintings are
those of one go, and of the first engine, byte for byte; each photo must be in the report exactly once. `photos/s` is
from the first painting to the last one, in one go.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from evaluation.photos import pictures_of, write_photos

from stylex.cli.tables import print_table
from stylex.errors import ResourceError, StylexError
from stylex.runtime.benchmark.report import write_report

ENGINES = ("local", "ray")
PROVEN = ("same", "once_each")
PATIENCE = 600
"""Seconds that a run may take before it is given up."""


def call(photos: Path, paintings: Path, engine: str, workers: int) -> list[str]:
    """Returns the command."""
    options = ["--style", "irises", "--engine", engine, "--workers", str(workers), "--precision", "int8", "--json"]
    report = ["--report", str(paintings.with_suffix(".jsonl"))]
    return [sys.executable, "-m", "stylex", "batch", str(photos), str(paintings), *options, *report]


def finished(command: list[str]) -> dict[str, Any]:
    """Returns what a command printed as JSON.

    Raises:
        ResourceError: it failed.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    if done.returncode:
        raise ResourceError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def pictures(folder: Path) -> list[Path]:
    """Returns the paintings in a folder."""
    return sorted(folder.glob("[!.]*.jpg"))


def killed(command: list[str], paintings: Path, count: int) -> int:
    """Kills a command as soon as there are so many paintings; returns how many there are."""
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    end = time.monotonic() + PATIENCE
    while run.poll() is None and len(pictures(paintings)) < count and time.monotonic() < end:
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):  # it was done sooner
        os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    time.sleep(2)  # processes of Ray's that are no longer in its group end as they miss it
    return len(pictures(paintings))


def digests(folder: Path) -> dict[str, str]:
    """Returns the SHA-256 of each painting by its name."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in pictures(folder)}


def rate(folder: Path) -> float:
    """Returns paintings a second, from the first to the last one."""
    times = sorted(file.stat().st_mtime for file in pictures(folder))
    return (len(times) - 1) / (times[-1] - times[0])


def measured(photos: Path, out: Path, engine: str, workers: int) -> dict[str, Any]:
    """A row: one go, and one with a kill in the middle."""
    count = len(pictures(photos))
    whole, broken = out / f"{engine}-{workers}-whole", out / f"{engine}-{workers}-killed"
    one_go = finished(call(photos, whole, engine, workers))
    there = killed(call(photos, broken, engine, workers), broken, count // 2)
    again = finished(call(photos, broken, engine, workers))
    lines = [json.loads(line) for line in broken.with_suffix(".jsonl").read_text().splitlines()]
    reported = {Path(line["photo"]).name for line in lines}
    return {
        "engine": engine,
        "workers": one_go["workers"],
        "photos": count,
        "photos_per_second": rate(whole),
        "seconds": one_go["seconds"],
        "killed_at": there,
        "skipped": again["skipped"],
        "again": there - again["skipped"],
        "painted": again["painted"],
        "once_each": len(lines) == count and reported == {file.name for file in pictures(photos)},
        "same": digests(whole) == digests(broken) and len(digests(whole)) == count,
        "digest": hashlib.sha256(json.dumps(digests(whole)).encode()).hexdigest(),
    }


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--content", type=Path, help="folder of photos [scikit-image's]")
    parser.add_argument("--photos", type=int, default=200, help="how many are painted [200]")
    parser.add_argument("--size", type=int, default=512, help="their sides [512]")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="repeat for several [both]")
    parser.add_argument("--workers", action="append", type=int, help="repeat for several [as many as cores]")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    engines, workers = arguments.engine or ENGINES, arguments.workers or [0]
    try:
        with tempfile.TemporaryDirectory() as folder:
            photos = Path(folder) / "photos"
            photos.mkdir()
            write_photos(photos, pictures_of(arguments.content), arguments.photos, arguments.size)
            rows = [measured(photos, Path(folder), engine, count) for engine in engines for count in workers]
    except StylexError as error:
        parser.exit(error.exit_code, f"batch.py: {error}\n")
    for row in rows:
        row["same"] = row["same"] and row["digest"] == rows[0]["digest"]
    names = ("engine", "workers", "photos", "photos_per_second", "killed_at", "skipped", "again", "painted")
    columns = [name.replace("_per_second", "/s").replace("_", " ") for name in (*names, *PROVEN)]
    cells = [[*(row[name] for name in names), *("yes" if row[name] else "NO" for name in PROVEN)] for row in rows]
    print_table("A batch, killed and called again", columns, cells)
    if arguments.json:
        write_report(arguments.json, rows)
    if not all(row[name] for row in rows for name in PROVEN):
        parser.exit(1, "batch.py: paintings differ, or photos are lost\n")


if __name__ == "__main__":
    main()
