"""Times of repeated calls, and processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stylex.errors import ResourceError, UsageError
from stylex.runtime.benchmark import timing
from stylex.runtime.benchmark.timing import isolated, milliseconds, timed
from stylex.techniques import technique_named


def test_milliseconds_warms_up_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "MOST_RUNS", 20)
    calls: list[int] = []
    times = milliseconds(lambda: calls.append(1), seconds=0)
    assert len(times) == timing.LEAST_RUNS
    assert len(calls) == timing.LEAST_RUNS + timing.WARM_UP
    assert len(milliseconds(lambda: None, seconds=99)) == 20
    assert (times >= 0).all()


def test_one_call_in_milliseconds() -> None:
    assert 10 <= timed(lambda: time.sleep(0.01)) < 1000


def test_processes_of_their_own() -> None:
    assert isolated(os.getpid) != os.getpid()
    with pytest.raises(UsageError, match="no technique 'picasso'"):
        isolated(technique_named, "picasso")
    with pytest.raises(ResourceError, match="was killed, perhaps out of memory"):
        isolated(os._exit, 1)


def test_programs_need_no_main_guard(tmp_path: Path) -> None:
    program = (
        "import os\nfrom stylex.runtime.benchmark.timing import isolated\n"
        "print('begins', flush=True)\nprint(isolated(os.getpid) != os.getpid())\n"
    )
    (tmp_path / "program.py").write_text(program)
    for call, given in ((["program.py"], None), (["-"], program)):
        done = subprocess.run(
            [sys.executable, *call], input=given, capture_output=True, text=True, cwd=tmp_path, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "begins\nTrue\n", "")


def test_a_script_measures_its_own_functions(tmp_path: Path) -> None:
    """And gets its own classes back, errors among them."""
    program = """
import os
from stylex.runtime.benchmark.timing import isolated

class Refused(Exception):
    pass

def measured(parent: int) -> int:
    if os.getpid() != parent:
        raise Refused("from elsewhere")

if __name__ == "__main__":
    try:
        isolated(measured, os.getpid())
    except Refused as error:
        print(error)
"""
    (tmp_path / "script.py").write_text(program)
    command = [sys.executable, "-W", "error", "script.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.stdout, done.stderr) == ("from elsewhere\n", "")
