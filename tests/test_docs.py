"""The examples in docs/python.md run, and the commands of pages for other machines exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import numpy as np
import pytest

from stylex.cli import main
from stylex.imaging.writing import write_picture

ROOT = Path(__file__).parents[1]
COMMAND = re.compile(r"^stylex (.*)$", re.MULTILINE)
BLOCK = re.compile(r"^```python.*?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_examples_run(
    photo: np.ndarray, painting: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_thread: None
) -> None:
    monkeypatch.chdir(tmp_path)
    write_picture("photo.jpg", photo)
    write_picture("painting.jpg", painting)
    blocks = BLOCK.findall((ROOT / "docs" / "python.md").read_text(encoding="utf-8"))
    assert len(blocks) == 10
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/python.md", "exec"), names)
    assert Path("painted.jpg").is_file()


@pytest.mark.parametrize("page", ["jetson.md", "video-filters.md"])
def test_the_commands_exist(page: str) -> None:
    """They are parsed, not run: the page is about machines that aren't here."""
    lines = COMMAND.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))
    assert len(lines) >= 3
    for line in lines:
        name, *arguments = shlex.split(line, comments=True)
        with click.Context(main, **main.context_settings) as context:
            command = main.get_command(context, name)
            assert command is not None, line
            command.make_context(name, arguments, context)
