"""docs/errors.md: a section for every kind of error and none else, with messages that the code really has."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stylex import errors
from stylex.errors import INTERNAL, StylexError, section_of

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
CLASSES = {name: one for name, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, StylexError)}
SECTIONS = {
    title: text
    for part in re.split(r"^##+ ", PAGE, flags=re.MULTILINE)[1:]
    for title, _, text in [part.partition("\n")]
    if " " not in title
}
TREES = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "stylex").rglob("*.py"))]


def test_every_kind_has_a_section_and_every_section_a_kind() -> None:
    problems = pytest.importorskip("stylex.serve.problems", reason="needs the extra serve: pip install 'stylex[serve]'")
    assert set(SECTIONS) == {*CLASSES, INTERNAL, *problems.TYPES.values()}


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_section_has_cause_and_cure_and_the_table_the_exit_code(name: str) -> None:
    assert name == "StylexError" or ("**Cause.**" in SECTIONS[name] and "**Cure.**" in SECTIONS[name])
    assert f"\n| [`{name}`](#{name.lower()}) | {CLASSES[name].exit_code} | " in PAGE


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_an_error_knows_its_section(name: str) -> None:
    error = CLASSES[name]("x", "y") if name == "MissingPackage" else CLASSES[name]("x")
    assert (error.kind, error.section) == (name, section_of(name)) == (name, f"docs/errors.md#{name.lower()}")


def test_parameters_stand_behind_a_message() -> None:
    assert errors.with_parameters(errors.UsageError("x", size=None, style="y")) == "x (size, style=y)"
    assert errors.with_parameters(errors.UsageError("x")) == "x"


def test_a_class_of_one_module_alone_has_the_section_of_its_base() -> None:
    class Own(errors.ModelError):
        pass

    assert Own("x").kind == "ModelError"


@pytest.mark.parametrize("name", sorted(set(CLASSES) - {"StylexError", "MissingPackage"}))
def test_the_messages_of_the_page_are_those_of_the_code(name: str) -> None:
    """Each quoted one fits what is raised somewhere, where anything stands for what is formatted."""
    quoted = re.findall(r"^\| `(.+?)` \|", SECTIONS[name], re.MULTILINE)
    patterns = [pattern for tree in TREES for pattern in raised(tree, name)]
    assert quoted
    for text in quoted:
        assert any(re.fullmatch(pattern, text) for pattern in patterns), text


def raised(tree: ast.AST, name: str) -> Iterator[str]:
    """Patterns of the messages that a class is made with; a bare variable stands for no message."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name and node.args:
            pattern = pattern_of(node.args[0])
            if re.search(r"[a-z]{3}", pattern):
                yield pattern


def pattern_of(text: ast.expr) -> str:
    if isinstance(text, ast.JoinedStr):
        return "".join(pattern_of(part) for part in text.values)
    if isinstance(text, ast.Constant) and isinstance(text.value, str):
        return re.escape(text.value.replace("`", ""))
    return "(.+)"
