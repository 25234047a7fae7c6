"""Places that change in the middle of the work: `PYTHONPATH=benchmarks python -m reliability.disk.places --rounds 50`.

The folder of the outputs is removed at a random instant, or made read-only; files may have a few bytes and no more, as
on a disk that becomes full in the middle of a write; two processes write the same files at the same time.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from reliability.disk.kills import Trial
from reliability.disk.verbs import EXIT_CODES, NAMES, Verb, chosen, differences, ended, faults_in, tree
from reliability.outcome import report


def full(trial: Trial, chance: random.Random) -> Iterator[str]:
    """Yields the faults of a run whose files may have so many bytes: the kernel takes a part of a write first."""
    folder, before = trial.new()
    most = chance.randrange(1, max(map(len, trial.whole.values())))

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    code = ended(trial.start(folder, limit))
    yield from _refused(code, trial)
    yield from faults_in(tree(folder), before, trial.whole, killed=False)


def removed(trial: Trial, chance: random.Random) -> Iterator[str]:
    """Yields the faults of a run whose folders go while it runs."""
    folder, _ = trial.new()
    child = trial.start(folder)
    time.sleep(chance.uniform(0, trial.seconds))
    shutil.rmtree(folder, ignore_errors=True)
    yield from _refused(ended(child), trial)


def read_only(trial: Trial, chance: random.Random) -> Iterator[str]:
    """Yields the faults of a run whose folder can't be written from some instant on; root may write everywhere."""
    folder, before = trial.new()
    child = trial.start(folder)
    time.sleep(chance.uniform(0, trial.seconds))
    for place in (folder, folder / "out"):
        if place.is_dir():
            place.chmod(0o500)
    code = ended(child)
    for place in (folder, folder / "out"):
        if place.is_dir():
            place.chmod(0o700)
    yield from _refused(code, trial)
    yield from faults_in(tree(folder), before, trial.whole, killed=code != 0)  # what was begun can't be removed


def two_at_once(trial: Trial, chance: random.Random) -> Iterator[str]:
    """Yields the faults of two runs in one folder: each must succeed, and the files be those of one run."""
    folder, _ = trial.new()
    first = trial.start(folder)
    time.sleep(chance.uniform(0, 0.3 * trial.seconds))
    for child in (first, trial.start(folder)):
        if code := ended(child):
            yield f"exit code {code}: {trial.printed.read_text()[-300:]!r}"
    yield from differences(tree(folder), trial.whole)


def _refused(code: int, trial: Trial) -> Iterator[str]:
    """Yields what is wrong with the end of a run that may have failed."""
    printed = trial.printed.read_text("utf-8", "replace")
    if code not in EXIT_CODES or (code and "stylex: " not in printed):
        yield f"exit code {code}: {printed[-600:]!r}"


CHANGES: dict[str, Callable[[Trial, random.Random], Iterator[str]]] = {
    "full": full,
    "removed": removed,
    "read_only": read_only,
    "two_at_once": two_at_once,
}


def campaign(verbs: Sequence[Verb], rounds: int, seed: int) -> tuple[dict[str, int], list[str]]:
    """Runs each verb so many times with each change; returns the counts and the faults."""
    chance, faults = random.Random(seed), []
    counts = dict.fromkeys(CHANGES, 0)
    for verb in verbs:
        with tempfile.TemporaryDirectory() as folder:
            trial = Trial(verb, Path(folder).resolve())
            for name, change in CHANGES.items():
                if name == "read_only" and not os.geteuid():
                    continue
                for number in range(rounds):
                    counts[name] += 1
                    faults += [f"{verb.name}, {name} {number}: {fault}" for fault in change(trial, chance)]
        print(f"{verb.name}: {len(faults)} faults", flush=True)
    return counts, faults


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50, help="of each verb and change  [50]")
    parser.add_argument(
        "--verb", action="append", choices=NAMES, help="repeat for more; careless is the control  [all others]"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    counts, faults = campaign(chosen(asked.verb), asked.rounds, asked.seed)
    report("full, removed and shared places", counts, faults, asked.json)


if __name__ == "__main__":
    main()
