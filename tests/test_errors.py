"""The text of errors."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylex.errors import InputError, StylexError, first_line, one_line

ROOT = Path(__file__).parents[1]


def test_first_line() -> None:
    assert first_line(ValueError("one\ntwo")) == "one"
    assert first_line(ValueError("")) == "ValueError"
    assert len(first_line(ValueError("x" * 999))) == 160


@given(st.text())
def test_any_text_becomes_one_line_without_controls(text: str) -> None:
    made = one_line(text)
    assert len(made.splitlines()) <= 1 and not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in made)
    assert one_line(made) == made


def test_a_name_from_a_file_cannot_break_a_message_or_command_a_terminal() -> None:
    assert str(InputError("a\nb \x1b[2J\u2028.jpg is\0\r\n missing")) == r"a b \x1b[2J .jpg is\x00  missing"
    assert str(StylexError("Größe 写真 \u202f.jpg")) == "Größe 写真 \u202f.jpg"


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
