"""The text of errors."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stylex.errors import first_line

ROOT = Path(__file__).parents[1]


def test_first_line() -> None:
    assert first_line(ValueError("one\ntwo")) == "one"
    assert first_line(ValueError("")) == "ValueError"
    assert len(first_line(ValueError("x" * 999))) == 160


SOURCES = sorted(path for path in (ROOT / "stylex").rglob("*.py") if "cli" not in path.relative_to(ROOT).parts)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_librarys_messages_name_no_options_of_the_command_line(path: Path) -> None:
    """They name parameters, to which the command line adds its options; in backticks stand whole commands to type."""
    raised = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Raise)]
    for text in (text for node in raised for text in _texts(node)):
        assert not re.search(r"(?<![\w-])(--[a-z]|-o\b)", re.sub(r"`[^`]*`", "", text)), text


def _texts(node: ast.AST) -> Iterator[str]:
    """The strings in a piece of source; a formatted one is one text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "..." for part in node.values)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _texts(child)
