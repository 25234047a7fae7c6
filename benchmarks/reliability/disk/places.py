"""Places that change in the middle of the work: `PYTHONPATH=benchmarks python -m reliability.disk.places --rounds 50`.

The folder of the outputs is removed at a random instant, or made read-only; files may have a few bytes and no more, as
on a disk that becomes full in the middle of a write; a small disk (tmpfs) has only some pages left; two processes write
the same files at the same time. The program starts itself anew where it may mount such a disk, and where root has no
right to write into what is read-only.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from reliability.disk.kills import Trial
from reliability.disk.verbs import EXIT_CODES, Verb, chosen, command_line, differences, ended, faults_in, tree
from reliability.outcome import report

PAGE = 4096
SPARE = 4
"""Pages that a run may need at a time beside the files that it leaves."""
OWN_MOUNTS = ("unshare", "--mount", *(() if sys.platform != "linux" or os.geteuid() == 0 else ("--map-root-user",)))
NO_RIGHT_TO_ALL = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
RESTARTED = "STYLEX_PLACES"
"""A variable that is set in a program that has been started anew."""


def full(trial: Trial, part: float) -> Iterator[str]:
    """Yields the faults of a run whose files may have so many bytes: the kernel takes a part of a write first."""
    folder, before = trial.new()
    most = 1 + int(part * (max(map(len, trial.whole.values())) - 1))

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    code = ended(trial.start(folder, limit))
    yield from _refused(code, trial)
    yield from faults_in(tree(folder), before, trial.whole, killed=False)


def small_disk(trial: Trial, part: float) -> Iterator[str]:
    """Yields the faults of a run on a disk with some pages left, and of the next one, for which there is room."""
    disk = trial.folder / "disk"
    disk.mkdir(exist_ok=True)
    _mount("size=1g", disk)
    try:
        folder, before = trial.new(disk)
        used = sum(-(-path.stat().st_blocks * 512 // PAGE) for path in disk.rglob("*"))
        pages = SPARE + sum(-(-len(data) // PAGE) for name, data in trial.whole.items() if name not in before)
        pages += sum(-(-len(trial.whole[name]) // PAGE) for name in trial.verb.outputs)
        _mount(f"remount,size={(max(1, used + int(part * pages))) * PAGE}", disk)
        yield from _refused(ended(trial.start(folder)), trial)
        yield from faults_in(tree(folder), before, trial.whole, killed=False)
        _mount("remount,size=1g", disk)
        yield from differences(trial.again(folder), trial.whole)
    finally:
        subprocess.run(["umount", disk], check=True)


def _mount(options: str, disk: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "stylex", disk], check=True)


def removed(trial: Trial, part: float) -> Iterator[str]:
    """Yields the faults of a run whose folders go while it runs."""
    folder, _ = trial.new()
    child = trial.start(folder)
    time.sleep(part * trial.seconds)
    shutil.rmtree(folder, ignore_errors=True)
    yield from _refused(ended(child), trial)


def read_only(trial: Trial, part: float) -> Iterator[str]:
    """Yields the faults of a run whose folder can't be written from some instant on."""
    folder, before = trial.new()
    child = trial.start(folder)
    time.sleep(part * trial.seconds)
    for place in (folder, folder / "out"):
        if place.is_dir():
            place.chmod(0o500)
    code = ended(child)
    for place in (folder, folder / "out"):
        if place.is_dir():
            place.chmod(0o700)
    yield from _refused(code, trial)
    yield from faults_in(tree(folder), before, trial.whole, killed=code != 0)  # what was begun can't be removed


def two_at_once(trial: Trial, part: float) -> Iterator[str]:
    """Yields the faults of two runs in one folder: each must succeed, and the files be those of one run."""
    folder, _ = trial.new()
    first = trial.start(folder)
    time.sleep(0.3 * part * trial.seconds)
    for child in (first, trial.start(folder)):
        if code := ended(child):
            yield f"exit code {code}: {trial.printed.read_text()[-300:]!r}"
    yield from differences(tree(folder), trial.whole)


def _refused(code: int, trial: Trial) -> Iterator[str]:
    """Yields what is wrong with the end of a run that may have failed."""
    printed = trial.printed.read_text("utf-8", "replace")
    if code not in EXIT_CODES or (code and "stylex: " not in printed):
        yield f"exit code {code}: {printed[-600:]!r}"


CHANGES: dict[str, Callable[[Trial, float], Iterator[str]]] = {
    "full": full,
    "small_disk": small_disk,
    "removed": removed,
    "read_only": read_only,
    "two_at_once": two_at_once,
}


"""Each takes how far it is in between: 0 is the first instant, byte or page, 1 the last."""


def possible() -> dict[str, Callable[[Trial, float], Iterator[str]]]:
    """Returns the changes that this process may make, and prints which it may not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o500)
        everywhere = os.access(folder, os.W_OK)
        Path(folder).chmod(0o700)
    left_out = ["read_only"] * everywhere + ["small_disk"] * (RESTARTED not in os.environ)
    for name in left_out:
        print(f"{name}: left out, as it needs Linux's unshare and setpriv, and the right to use them", flush=True)
    return {name: change for name, change in CHANGES.items() if name not in left_out}


def campaign(verbs: Sequence[Verb], rounds: int, seed: int) -> tuple[dict[str, int], list[str]]:
    """Runs each verb so many times with each change; returns the counts and the faults."""
    chance, faults = random.Random(seed), []
    changes = possible()
    counts = dict.fromkeys(changes, 0)
    for verb in verbs:
        with tempfile.TemporaryDirectory() as folder:
            trial = Trial(verb, Path(folder).resolve())
            for name, change in changes.items():
                for number in range(rounds):
                    counts[name] += 1
                    part = (number + chance.random()) / rounds  # one in each of so many equal parts
                    faults += [f"{verb.name}, {name} {number}: {fault}" for fault in change(trial, part)]
        print(f"{verb.name}: {len(faults)} faults", flush=True)
    return counts, faults


def restart_with_disks() -> None:
    """Starts this program anew with mounts of its own and without root's right to all files, where that is allowed."""
    tools = (*OWN_MOUNTS, *NO_RIGHT_TO_ALL)
    if RESTARTED in os.environ or sys.platform != "linux" or not all(map(shutil.which, ("unshare", "setpriv"))):
        return
    if not subprocess.run([*tools, "mount", "-t", "tmpfs", "stylex", "/mnt"], capture_output=True).returncode:
        command = [*tools, sys.executable, "-m", "reliability.disk.places", *sys.argv[1:]]
        sys.exit(subprocess.run(command, env={**os.environ, RESTARTED: "1"}).returncode)


def main() -> None:
    """The command line."""
    parser = command_line(__doc__)
    parser.add_argument("--rounds", type=int, default=50, help="of each verb and change  [50]")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    restart_with_disks()
    counts, faults = campaign(chosen(asked.verb), asked.rounds, asked.seed)
    report("full, removed and shared places", counts, faults, asked.json)


if __name__ == "__main__":
    main()
