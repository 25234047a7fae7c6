"""The package speaks plain English: docstrings are sentences, and no name stands for two things."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(path for folder in ("stylex", "benchmarks", "tools") for path in (ROOT / folder).rglob("*.py"))
NO_BEGINNING = ("What", "How", "Of")
"""Words that begin a clause without a subject or a verb."""
PRIVATE_WORDS = {"told", "heard", "facts", "look", "looks", "shares", "teachers", "unrest"}
"""Names that stood for several things each; the field has a term for every one of them."""

OLD_NAME = "stylex/runtime/video/stylizer.py"
"""Keeps the name `look`, by which programs import `prepare_style`."""


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yields line and text of the docstrings of a module, its classes, functions and constants."""
    for node in ast.walk(tree):
        body = node.body if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) else []
        for before, statement in zip([None, *body], body, strict=False):
            if before is None or isinstance(before, (ast.Assign, ast.AnnAssign)):
                match statement:
                    case ast.Expr(ast.Constant(str(text))):
                        yield statement.lineno, text


def called(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yields line and docstring of each function, but for commands, whose help speaks to the user."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            command = any(word in ast.unparse(one) for one in node.decorator_list for word in ("command", "group"))
            if (text := ast.get_docstring(node)) and not command:
                yield node.lineno, text


def names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yields line and name of all that a module defines or assigns."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id if isinstance(node, ast.Name) else node.attr


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    assert len(MODULES) > 200
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}


def test_docstrings_are_sentences(trees: dict[str, ast.Module]) -> None:
    found = [(place, line, text) for place, tree in trees.items() for line, text in docstrings(tree)]
    assert len(found) > 2000
    for place, line, text in found:
        first = text.strip().partition("\n\n")[0]
        assert first.split(" ")[0] not in NO_BEGINNING, f"{place}:{line} begins with a clause: {first}"
        assert first.endswith((".", ":")), f"{place}:{line} has no full stop: {first}"


def test_functions_say_what_they_do(trees: dict[str, ast.Module]) -> None:
    """The first word is a verb, such as Returns or Reads."""
    found = [(f"{place}:{line}", text) for place, tree in trees.items() for line, text in called(tree)]
    assert len(found) > 1500
    stylex = [(where, text) for where, text in found if where.startswith("stylex/")]
    assert [where for where, text in stylex if not re.match(r"See |[A-Z][a-z]+s\b", text)] == []


def test_no_name_stands_for_several_things(trees: dict[str, ast.Module]) -> None:
    found = [(name, f"{place}:{line}") for place, tree in trees.items() for line, name in names(tree)]
    assert len(found) > 5000
    private = [where for name, where in found if name.lower().strip("_") in PRIVATE_WORDS]
    assert [where.rpartition(":")[0] for where in private] == [OLD_NAME]
