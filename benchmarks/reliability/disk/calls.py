"""Every call of the system that changes a file fails once: `PYTHONPATH=benchmarks python -m reliability.disk.calls`.

A preloaded library lets the N-th write, fsync, rename or close of a verb fail, for every N; lets all writes from the
N-th on fail as on a full disk; kills the process before the N-th call of any kind; and logs the order of the calls.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from reliability.disk import faults
from reliability.disk.kills import Trial
from reliability.disk.verbs import EXIT_CODES, Verb, chosen, command_line, differences, ended, faults_in, forked, tree
from reliability.outcome import report

ERRORS = {"write": errno.EIO, "fsync": errno.EIO, "rename": errno.EACCES, "close": errno.EIO}


def calls_of(trial: Trial) -> list[tuple[str, str]]:
    """Returns the calls of one run in their order: kind, and path below the folder."""
    folder, _ = trial.new()
    recorded = trial.folder / "calls"

    def run() -> int:
        faults.arm(folder)
        code = trial.verb.run(folder)
        calls = faults.log()
        faults.arm(Path("/nowhere"))
        recorded.write_text("\n".join(f"{kind} {path}" for kind, path in calls), "utf-8", "surrogateescape")
        return code

    assert not ended(forked(run, trial.printed)), trial.printed.read_text()[-800:]
    lines = recorded.read_text("utf-8", "surrogateescape").splitlines()
    return [(kind, path) for kind, _, path in (line.partition(" ") for line in lines)]


def out_of_order(calls: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yields what is renamed without a sync of its bytes before and of its folder behind."""
    for place, (kind, path) in enumerate(calls):
        if kind != "rename":
            continue
        folder = os.path.dirname(path)  # noqa: PTH120 - of the folder itself it is ""
        aside = [one for one in calls[:place] if Path(one[1]).name.startswith(".stylex-") and _within(one[1], folder)]
        writes = [number for number, (one, _) in enumerate(aside) if one == "write"]
        if not aside or ("fsync", aside[-1][1]) not in aside[max(writes, default=0) :]:
            yield f"{path} is renamed without a sync of its bytes"
        if not any(one == "fsync" and other.rstrip("/") == folder for one, other in calls[place + 1 : place + 3]):
            yield f"{path} is renamed without a sync of its folder behind"


def _within(path: str, folder: str) -> bool:
    return os.path.dirname(path) == folder  # noqa: PTH120


def failing(trial: Trial, kind: str, number: int, error: int, lasting: bool) -> Iterator[str]:
    """Yields the faults of a run whose N-th call fails: it must end in one line, and leave what was there."""
    folder, before = trial.new()
    code = ended(trial.start(folder, lambda: faults.arm(folder, faults.KINDS[kind], number, error, lasting)))
    printed = trial.printed.read_text("utf-8", "replace")
    if code not in EXIT_CODES:
        yield f"exit code {code}: {printed[-300:]!r}"
    if code and "stylex: " not in printed:
        yield f"exit code {code} without a line"
    yield from faults_in(tree(folder), before, trial.whole, killed=False)
    if not code:
        yield from differences(tree(folder), trial.whole)


def killing(trial: Trial, number: int) -> Iterator[str]:
    """Yields the faults of a run that is killed before its N-th call, and of the next one."""

    def start(folder: Path) -> int:
        return trial.start(folder, lambda: faults.arm(folder, faults.ALL, number, faults.KILL))

    return trial.killed(start, lambda _: None)


def campaign(verbs: Sequence[Verb], most: int) -> tuple[dict[str, int], list[str]]:
    """Lets calls of verbs fail, at most so many of each kind, spread evenly; returns the counts and the faults."""
    counts: dict[str, int] = dict.fromkeys(("calls", "failed", "disk_full", "killed"), 0)
    found: list[str] = []
    for verb in verbs:
        with tempfile.TemporaryDirectory() as folder:
            trial = Trial(verb, Path(folder).resolve())
            calls = calls_of(trial)
            counts["calls"] += len(calls)
            found += [f"{verb.name}: {fault}" for fault in out_of_order(calls)]
            for kind, error in ERRORS.items():
                for number in spread(sum(one == kind for one, _ in calls), most):
                    counts["failed"] += 1
                    found += [f"{verb.name}, {kind} {number}: {f}" for f in failing(trial, kind, number, error, False)]
            for number in spread(sum(one == "write" for one, _ in calls), most):
                counts["disk_full"] += 1
                torn = failing(trial, "write", number, errno.ENOSPC, True)
                found += [f"{verb.name}, full from write {number}: {fault}" for fault in torn]
            for number in spread(len(calls), most):
                counts["killed"] += 1
                found += [f"{verb.name}, killed before call {number}: {fault}" for fault in killing(trial, number)]
        print(f"{verb.name}: {len(calls)} calls, {len(found)} faults", flush=True)
    return counts, found


def spread(of: int, most: int) -> list[int]:
    """Returns numbers from 1 to `of`, at most so many, the first and the last among them."""
    if of <= most:
        return list(range(1, of + 1))
    return sorted({1 + round(number * (of - 1) / (most - 1)) for number in range(most)})


def main() -> None:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--most", type=int, default=1000, help="calls of a kind, for each verb  [1000]")
    asked = parser.parse_args()
    faults.restart_with_faults("reliability.disk.calls")
    counts, found = campaign(chosen(asked.verb), asked.most)
    report("failing calls of the system", counts, found, asked.json)


if __name__ == "__main__":
    main()
