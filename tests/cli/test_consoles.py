"""Consoles that can't show every letter, and outputs that can't take what is printed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stylex.imaging.writing import write_picture

NAME = "zdjęcie żółte 写真.png"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    write_picture(tmp_path / NAME, np.arange(16 * 24 * 3, dtype=np.uint8).reshape(16, 24, 3))
    return tmp_path


def stylex(folder: Path, *arguments: str, output: object = subprocess.PIPE, **environment: str) -> tuple[int, str]:
    """Exit code and standard error of a command in a process of its own."""
    command = [sys.executable, "-m", "stylex", *arguments]
    errors = subprocess.run(
        command, cwd=folder, stdout=output, stderr=subprocess.PIPE, check=False, env={**os.environ, **environment}
    )
    return errors.returncode, errors.stderr.decode("ascii")


PAINT = ("run", "histogram", NAME, "--style", NAME, "--strength", "0", "-o", "o.png")


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1", "cp437", "shift_jis", "utf-16"])
def test_what_a_console_cannot_show_is_replaced(encoding: str, photo: Path) -> None:
    output = f"{NAME}-out.png"
    assert stylex(photo, *PAINT[:-1], output, PYTHONIOENCODING=encoding, PYTHONUTF8="0", LC_ALL="C") == (0, "")
    assert (photo / output).exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_names_that_command_a_terminal_are_escaped_in_errors_and_warnings(tmp_path: Path) -> None:
    name = "a\nb\x1b[2J.png"
    code, errors = stylex(tmp_path, "run", "histogram", name, "--style", name)
    assert (code, errors.count("\n"), "\x1b" in errors) == (3, 1, False)
    frames = [Image.fromarray(np.roll(np.arange(768, dtype=np.uint8).reshape(16, 16, 3), k, 0)) for k in range(2)]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
    code, errors = stylex(tmp_path, "run", "histogram", name, "--style", name, "-o", "o.png")
    assert (code, "\x1b" in errors) == (0, False)
    assert all(line.startswith("stylex: only the first of 2 frames of a b\\x1b[2J.png") for line in errors.splitlines())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("arguments", [PAINT, ("--help",), ("--version",), ("list",), ("styles", "list", "--json")])
def test_a_full_disk_behind_standard_output(arguments: tuple[str, ...], photo: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        code, errors = stylex(photo, *arguments, output=full)
    assert (code, errors.count("\n")) == (5, 1)
    assert errors.startswith("stylex: standard output can't be used (No space left on device): ")


def test_a_closed_pipe(photo: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        errors = stylex(photo, "list", output=writer)
    finally:
        os.close(writer)
    assert errors == (
        5,
        "stylex: standard output was closed before everything was written [docs/errors.md#resourceerror]\n",
    )
