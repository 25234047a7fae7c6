"""Verbs killed by SIGKILL at random instants: `PYTHONPATH=benchmarks python -m reliability.disk.kills --runs 125`.

Each run is a fork of a process that has run the verb before. After the kill every final name must hold its earlier file
or a whole one; then the verb is run again, and must leave what a run in one go leaves, without litter.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from reliability.disk.verbs import Tree, Verb, chosen, command_line, differences, ended, faults_in, forked, quiet, tree
from reliability.outcome import report


class Trial:
    """A verb that has been run once in this process, so that forks of it start at once.

    Attributes:
        whole: what it leaves.
        seconds: that a fork takes.
    """

    def __init__(self, verb: Verb, folder: Path) -> None:
        self.verb, self.folder, self.count = verb, folder, 0
        self.printed = folder / "printed"
        warmed, here = folder / "warmed", Path.cwd()
        verb.made(warmed)
        with quiet():
            code = verb.run(warmed)
        os.chdir(here)
        assert not code, f"{verb.name} ended with {code}"
        start = time.perf_counter()
        self.whole = self.again(self.new()[0])
        self.seconds = time.perf_counter() - start

    def new(self, place: Path | None = None) -> tuple[Path, Tree]:
        """Returns a new folder for the verb, in another place where one is given, and what is in it."""
        self.count += 1
        folder = (place or self.folder) / str(self.count)
        return folder, self.verb.made(folder)

    def start(self, folder: Path, before: Callable[[], object] = lambda: None) -> int:
        """Starts the verb in a fork, after something else, and returns the process."""
        return forked(lambda: (before(), self.verb.run(folder))[1], self.printed)

    def again(self, folder: Path) -> Tree:
        """Runs the verb to its end and returns what the folder holds then."""
        code = ended(self.start(folder))
        assert not code, f"{self.verb.name} ended with {code}: {self.printed.read_text()[-800:]}"
        return tree(folder)

    def killed(self, start: Callable[[Path], int], end: Callable[[int], object]) -> Iterator[str]:
        """Yields the faults of one run that is killed, and of the next one."""
        folder, before = self.new()
        child = start(folder)
        end(child)
        ended(child)
        yield from faults_in(tree(folder), before, self.whole, killed=True)
        try:
            yield from differences(self.again(folder), self.whole)
        except AssertionError as error:
            yield f"the next run failed: {error}"


def kill_after(seconds: float) -> Callable[[int], None]:
    """Returns what kills a process after so many seconds."""

    def end(child: int) -> None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)

    return end


def campaign(verbs: Sequence[Verb], runs: int, seed: int) -> tuple[dict[str, int], list[str]]:
    """Kills every verb so many times; returns the kills of each, and the faults."""
    chance, faults, counts = random.Random(seed), [], {}
    for verb in verbs:
        with tempfile.TemporaryDirectory() as folder:
            trial = Trial(verb, Path(folder).resolve())
            for number in range(runs):
                instant = chance.uniform(0, 1.1 * trial.seconds)
                found = trial.killed(trial.start, kill_after(instant))
                faults += [f"{verb.name} {number} killed after {instant:.3f} s: {fault}" for fault in found]
            counts[verb.name] = runs
            print(f"{verb.name}: {runs} kills within {trial.seconds:.2f} s, {len(faults)} faults", flush=True)
    return counts, faults


def main() -> None:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--runs", type=int, default=125, help="of each verb  [125]")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    counts, faults = campaign(chosen(asked.verb), asked.runs, asked.seed)
    report("SIGKILL at random instants", {"kills": sum(counts.values()), **counts}, faults, asked.json)


if __name__ == "__main__":
    main()
