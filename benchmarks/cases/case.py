"""One row of a table of cases: how it is run, and what must come of it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from stylex.errors import StylexError

PATIENCE = 3600
"""Seconds that a command may take on a busy machine."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a case.

    Attributes:
        got: in words.
        ok: whether that is what must be.
    """

    got: str
    ok: bool


@dataclass(frozen=True)
class Case:
    """One row.

    Attributes:
        name: of the input, and what is done with it.
        wanted: what must be, in words.
        check: does it; takes an empty folder for what it writes.
    """

    name: str
    wanted: str
    check: Callable[[Path], Outcome]

    def run(self) -> Outcome:
        """Returns what came of it; an error that isn't stylex's own is a failure, not the end."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                return self.check(Path(folder))
            except StylexError as error:
                return Outcome(f"{type(error).__name__}: {error}", False)
            except Exception as error:
                return Outcome(f"{type(error).__name__}: {str(error)[:200]}", False)


Family: TypeAlias = Callable[[Path], Iterator[Case]]
"""Yields the cases of one family; takes the folder of its inputs."""


@dataclass(frozen=True)
class Called:
    """A command that has ended: its exit code and what it printed."""

    code: int
    printed: str

    @property
    def in_one_line(self) -> bool:
        """Returns whether it ended with a single line of stylex, without a traceback."""
        lines = [line for line in self.printed.splitlines() if line.strip()]
        return "Traceback" not in self.printed and sum(line.startswith("stylex: ") for line in lines) >= 1


def run(call: list[str], cwd: Path | None = None, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a program on what it is given, and returns what it printed."""
    options: dict[str, Any] = {"capture_output": True, "text": True, "errors": "replace"}
    return subprocess.run(call, input=given, cwd=cwd, timeout=PATIENCE, check=False, **options)


def stylex(*arguments: object, cwd: Path | None = None) -> Called:
    """Runs the command line and returns how it ended."""
    done = run([sys.executable, "-m", "stylex", *map(str, arguments)], cwd)
    return Called(done.returncode, (done.stdout + done.stderr).strip())


def peak(work: str) -> float:
    """Returns the most memory that some Python took in a process of its own, in MiB; Linux tells it."""
    print_peak = "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"
    done = subprocess.run([sys.executable, "-c", f"{work}\n{print_peak}"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-300:])
    return int(done.stdout.split()[-1]) / 1024


def refused(called: Called, code: int, *words: str) -> Outcome:
    """Returns whether a command ended with an exit code and one line that has these words."""
    ok = called.code == code and called.in_one_line and all(word.lower() in called.printed.lower() for word in words)
    return Outcome(f"exit {called.code}: {called.printed[-220:]}", ok)


def pixels(path: Path) -> npt.NDArray[np.float64]:
    """Returns the RGB of a file as Pillow reads it, (H, W, 3), without any conversion of colours."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), np.float64)


def apart(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """Returns the mean absolute difference in levels of 255; infinite for different sizes."""
    return float(np.abs(one - other).mean()) if one.shape == other.shape else float("inf")
