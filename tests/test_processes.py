"""Functions of the caller's main script run in other processes; a script of which nothing is sent is left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HELPER = """
import pickle, sys
from stylex.processes import packed, started, unpacked

def answer(pipe):
    try:
        function, arguments = unpacked(sys.stdin.buffer)
        pickle.dump(function(*arguments), pipe)
    except Exception as error:
        pickle.dump(repr(error), pipe)

def called(function, *arguments):
    with started(answer, given=packed(function, arguments)) as process:
        return pickle.load(process.stdout)
"""
SCRIPT = """
import os, sys
from dataclasses import dataclass
from helper import called

@dataclass(frozen=True)
class Word:
    text: str

def said(word: Word) -> Word:
    return Word(f"{word.text} {sys.argv[1]} {os.getpid() != int(os.environ['CALLER'])}")

os.environ.setdefault("CALLER", str(os.getpid()))
print("begins", file=sys.stderr, flush=True)
"""
GUARD = 'put what it does under `if __name__ == "__main__":`'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "helper.py").write_text(HELPER)
    return tmp_path


def run(folder: Path, *call: str, given: str | None = None) -> tuple[str, str]:
    """Runs a program of the folder with the argument "loudly"; returns both of its outputs."""
    command = [sys.executable, "-W", "error", *call, "loudly"]
    done = subprocess.run(command, input=given, capture_output=True, text=True, cwd=folder, check=False)
    return done.stdout, done.stderr


def test_functions_and_classes_of_the_main_script_are_found(folder: Path) -> None:
    """Where it is a file, a module of a package, and the main module of a folder."""
    (folder / "package").mkdir()
    for name in ("script.py", "package/part.py", "package/__main__.py"):
        (folder / name).write_text(f"{SCRIPT}\nif __name__ == '__main__':\n    print(called(said, Word('yes')))\n")
    (folder / "package" / "helper.py").write_text(HELPER)
    for call in (["script.py"], ["-m", "package.part"], ["-m", "package"], ["package"]):
        assert run(folder, *call) == ("Word(text='yes loudly True')\n", "begins\nbegins\n"), call


def test_the_main_script_is_left_alone_where_nothing_of_it_is_sent(folder: Path) -> None:
    (folder / "script.py").write_text(f"{SCRIPT}\nprint(called(len, [Word('yes').text]))\n")
    assert run(folder, "script.py") == ("1\n", "begins\n")


@pytest.mark.parametrize("line", ["print(called(said, Word('yes')))", "sys.exit(str(called(said, Word('yes'))))"])
def test_a_script_that_would_start_itself_again_is_refused(folder: Path, line: str) -> None:
    (folder / "script.py").write_text(f"{SCRIPT}\n{line}\n")
    printed, errors = run(folder, "script.py")
    assert errors.count("begins\n") == 2 and GUARD in printed + errors


def test_a_script_that_ends_when_it_is_imported_is_refused(folder: Path) -> None:
    ends = "if __name__ == '__main__':\n    print(called(said, Word('yes')))\nelse:\n    sys.exit(3)\n"
    (folder / "script.py").write_text(SCRIPT + ends)
    printed, _ = run(folder, "script.py")
    assert "script.py ends when it is imported" in printed and GUARD in printed


def test_functions_from_standard_input_are_refused(folder: Path) -> None:
    _, errors = run(folder, "-", given=f"{SCRIPT}\nprint(called(said, Word('yes')))\n")
    assert errors.endswith("can't run in another process: write it to a file\n")
