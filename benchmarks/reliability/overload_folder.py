"""A folder flooded: many photos, some of them poisoned, ended by SIGTERM and gone on with, in bounded memory.

PYTHONPATH=benchmarks python -m reliability.overload_folder --photos 10000 --json folder.json
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from reliability.outcome import command_line, report
from reliability.overload import as_png, own_photo, poison

MOST_GROWTH_MIB = 8.0
ENDED, NOT_ALL = 143, 3
"""Exit codes of a run that SIGTERM has ended, and of one with photos that can't be painted."""
FEWEST_ENDS = 3
"""Times that a run of few photos is ended; one of many is ended once in a thousand."""
POISONED = 20
"""Every so many photos one can't be read."""
LEAKING = """
import sys
from stylex.batch import run
settled, kept = run.FolderRun._settled, []
def leaking(self, *arguments):
    kept.append(b"x" * 50_000)
    return settled(self, *arguments)
run.FolderRun._settled = leaking
from stylex.cli import main
main(sys.argv[1:])
"""
"""A run that keeps 50 KB of every photo."""


def photos(folder: Path, count: int) -> set[str]:
    """Writes photos that all differ, and returns the names of those that can be painted."""
    folder.mkdir()
    for number in range(count):
        bad = number % POISONED == POISONED - 1
        (folder / f"{number:05}.png").write_bytes(poison(number) if bad else as_png(own_photo(number)))
    return {f"{number:05}.png" for number in range(count) if number % POISONED != POISONED - 1}


def paint(source: Path, out: Path, *more: str, leaking: bool = False) -> subprocess.Popen[bytes]:
    """Starts painting a folder."""
    call = ["-c", LEAKING] if leaking else ["-m", "stylex"]
    style = source.parent / "style.png"
    style.write_bytes(as_png(own_photo(-1 % 2**32)))
    options = ["--style", str(style), "-o", f"{out}{os.sep}", "--report", str(out.with_suffix(".jsonl")), *more]
    command = [sys.executable, *call, "run", "histogram", str(source), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def peak_mib(process: subprocess.Popen[bytes]) -> tuple[int, float]:
    """Returns exit code and peak memory of a process, once it has ended."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss / 1024


def paintings(out: Path) -> dict[str, bytes]:
    """Returns what lies in the folder of paintings."""
    return {file.name: file.read_bytes() for file in out.glob("*") if not file.name.startswith(".stylex.")}


def outcomes(out: Path) -> list[tuple[str, str]]:
    """Returns name and status of each line of a report."""
    lines = [json.loads(line) for line in out.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()]
    return sorted((Path(line["photo"]).name, line["status"]) for line in lines)


def ended_and_gone_on(source: Path, out: Path, count: int) -> tuple[int, list[str]]:
    """Ends the work by SIGTERM at random instants, then lets it go on to its end. Returns how often, and the faults."""
    ends, faults, rng = 0, [], random.Random(0)
    for painted in sorted(rng.sample(range(count * 3 // 4), max(FEWEST_ENDS, count // 1000))):
        enough = max(painted, _files(out))  # more than there were: this process paints, it doesn't just begin
        process = paint(source, out, "--resume")
        while process.poll() is None and _files(out) <= enough:
            time.sleep(0.002)
        process.send_signal(signal.SIGTERM)
        code = process.wait(120)
        ends += code == ENDED
        if code not in (ENDED, NOT_ALL):
            faults.append(f"ended by SIGTERM it had exit code {code}")
    if (code := paint(source, out, "--resume").wait()) != NOT_ALL:
        faults.append(f"with photos that can't be read it had exit code {code}")
    return ends, [*faults, *([] if ends else ["it was never ended by SIGTERM"])]


def _files(folder: Path) -> int:
    return len(os.listdir(folder)) if folder.is_dir() else 0  # noqa: PTH208


def faults_in(whole: Path, parts: Path, good: set[str], count: int) -> list[str]:
    """Returns what is wrong with the paintings and the reports of a run in one go, and of one that was ended.

    Args:
        whole, parts: their folders of paintings, beside which their reports stand.
        good: names of the photos that can be painted.
        count: how many photos there are.
    """
    faults, once = [], paintings(whole)
    if once.keys() != good:
        faults.append(f"{len(once)} paintings of {len(good)}")
    if paintings(parts) != once:
        faults.append("what was ended and gone on with differs from what was painted in one go")
    every = [f"{number:05}.png" for number in range(count)]
    for out in (whole, parts):
        if [name for name, _ in outcomes(out)] != every:
            faults.append(f"the report of {out.name} lacks photos, or has some twice")
    return faults


def campaign(count: int, *, measures: bool = True) -> tuple[dict[str, object], list[str]]:
    """Returns figures and faults."""
    place = Path(tempfile.mkdtemp())
    try:
        photos(place / "few", max(20, count // 10))
        good = photos(place / "many", count)
        _, few = peak_mib(paint(place / "few", place / "few-out"))
        start = time.perf_counter()
        code, many = peak_mib(paint(place / "many", place / "whole"))
        seconds = time.perf_counter() - start
        ends, faults = ended_and_gone_on(place / "many", place / "parts", count)
        faults += [f"exit code {code}"] if code != NOT_ALL else []
        faults += faults_in(place / "whole", place / "parts", good, count)
        figures: dict[str, object] = {"photos": count, "SIGTERMs": ends, "seconds": round(seconds)}
        if measures:
            _, leaked = peak_mib(paint(place / "many", place / "leaked", leaking=True))
            grown = {"growth_mib": round(many - few, 1), "growth_of_the_control_mib": round(leaked - few, 1)}
            figures |= grown
            if not many - few <= MOST_GROWTH_MIB < leaked - few:
                faults.append(f"ten times as many photos and the control, which leaks, took so much more: {grown}")
        return figures, faults
    finally:
        shutil.rmtree(place)


def main() -> None:
    """Report it."""
    parser = command_line(__doc__)
    parser.add_argument("--photos", type=int, default=10_000)
    given = parser.parse_args()
    report("overload, folder", *campaign(given.photos), given.json)


if __name__ == "__main__":
    main()
