"""Mutants of a guard of three lines: a test that looks closely finds all of them, one that doesn't misses some."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUARD = "def require(count: int) -> None:\n    if count > 3:\n        raise ValueError(count)\n"
CLOSE = """import pytest
from guard import require

def test() -> None:
    require(3)
    for count in (4, 5):
        with pytest.raises(ValueError):
            require(count)
"""
CAMPAIGN = """
import sys
from pathlib import Path
from reliability import mutants
mutants.ROOT, mutants.LIBRARIES, mutants.GUARDS = Path(sys.argv[1]), (), {"guard.py": "test_guard.py"}
figures, faults = mutants.campaign(100, 0, ("guard.py",))
print(figures["tried"], figures["survived"], "|".join(faults))
"""
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="tests of mutants run in forks")


def campaign(folder: Path, test: str) -> subprocess.CompletedProcess[str]:
    (folder / "guard.py").write_text(GUARD)
    (folder / "test_guard.py").write_text(test)
    command = [sys.executable, "-c", CAMPAIGN, str(folder)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'benchmarks'}"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_close_test_finds_every_mutant(tmp_path: Path) -> None:
    assert campaign(tmp_path, CLOSE).stdout == "4 0 \n"


def test_a_mutant_that_no_test_finds_is_named(tmp_path: Path) -> None:
    told = campaign(tmp_path, CLOSE.replace("require(3)", "require(2)")).stdout.splitlines()[-1]
    assert told.startswith("4 1 ")
    assert "guard.py:2 count > 3 -> count >= 3 is found by no test" in told


def test_tests_that_fail_without_a_mutant_prove_nothing(tmp_path: Path) -> None:
    ended = campaign(tmp_path, CLOSE.replace("require(3)", "require(4)"))
    assert ended.returncode == 1
    assert "test_guard.py fails without a change of guard.py" in ended.stderr
