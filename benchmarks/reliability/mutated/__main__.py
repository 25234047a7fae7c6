"""Damaged files in their thousands: `python -m reliability.mutated --python 20000 --command 2000 --seed 0`.

Each must be read, or refused in one line, within `LONGEST` seconds; anything else, a crash too, is a fault.
`--only films:17` reads one of them again and shows what comes of it.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from reliability.mutated import worker
from reliability.outcome import command_line, report

PORTIONS = {
    "python": {"pictures": 0.7, "codes": 0.08, "checkpoints": 0.1, "graphs": 0.02, "films": 0.1},
    "command": {"pictures": 0.7, "codes": 0.15, "checkpoints": 0.01, "graphs": 0.04, "films": 0.1},
}
"""Parts of the files that are of each kind: fewer of those that take long."""
LONGEST = {"python": 60.0, "command": 310.0}
"""Seconds that reading one file may take on a busy machine."""
START = 120.0
"""Seconds that a process may take to begin."""


@dataclass
class Found:
    """Outcomes of the files of one kind.

    Attributes:
        ended: how many were read, and how many refused.
        faults: a line or a traceback for each.
        slowest: seconds of a processor that one took at most, and its number.
    """

    ended: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, 0)


def run(kind: str, way: str, seed: int, count: int) -> Found:
    """Reads the files 0 to `count` of a kind; a process that crashes or hangs is one fault, and another goes on."""
    found, number = Found(), 0
    while number < count:
        number = _until_it_ends(kind, way, seed, number, count, found)
    return found


def _until_it_ends(kind: str, way: str, seed: int, first: int, behind: int, found: Found) -> int:
    """Reads until all is done, or until the process ends or hangs; returns the number to go on with."""
    call = [sys.executable, "-m", "reliability.mutated.worker", kind, way, *map(str, (seed, first, behind))]
    number, suffix = first, ""
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            for line in _lines(process, LONGEST[way]):
                entry = json.loads(line)
                if "number" in entry:
                    number, suffix = entry["number"], entry["suffix"]
                    continue
                found.slowest = max(found.slowest, (round(entry["seconds"], 1), number))
                if "fault" in entry:
                    found.faults.append(f"{kind}:{number} {suffix} {way}: {entry['fault']}")
                else:
                    found.ended[entry["ended"]] += 1
                number += 1
        except TimeoutError:
            found.faults.append(f"{kind}:{number} {suffix} {way}: took longer than {LONGEST[way]:g} s")
            return number + 1
        finally:
            process.kill()
    if number < behind:
        found.faults.append(f"{kind}:{number} {suffix} {way}: the process ended with {process.returncode}")
        return number + 1
    return number


def _lines(process: subprocess.Popen[str], longest: float) -> Iterator[str]:
    """Yields what a process prints; raises TimeoutError where nothing comes for so many seconds."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    patience = START
    while True:
        try:
            line = lines.get(timeout=patience)
        except queue.Empty:
            raise TimeoutError from None
        if line is None:
            return
        yield line
        patience = longest


def main() -> None:
    """Runs the campaign."""
    parser = command_line(__doc__)
    parser.add_argument("--python", type=int, default=20_000, help="files read through Python")
    parser.add_argument("--command", type=int, default=2_000, help="files read through the command line")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default=",".join(PORTIONS["python"]), help="of files, such as pictures,films")
    parser.add_argument("--only", metavar="KIND:NUMBER", help="read this one again, in this process")
    given = parser.parse_args()
    if given.only:
        kind, _, number = given.only.partition(":")
        worker.main(kind, "command" if given.python == 0 else "python", given.seed, int(number), int(number) + 1)
        return
    figures: dict[str, object] = {"seed": given.seed}
    faults: list[str] = []
    for way, count in (("python", given.python), ("command", given.command)):
        for kind in given.kinds.split(",") if count else ():
            found = run(kind, way, given.seed, round(count * PORTIONS[way][kind]))
            figures[f"{kind}_by_{way}"] = found.ended.total() + len(found.faults)
            figures[f"{kind}_read_by_{way}"] = found.ended["read"]
            figures[f"slowest_of_{kind}_by_{way}"] = found.slowest
            faults += found.faults
            print(f"{kind} by {way}: {dict(found.ended)}, {len(found.faults)} faults", file=sys.stderr, flush=True)
    report("damaged files", figures, faults, given.json)


if __name__ == "__main__":
    main()
