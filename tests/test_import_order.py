"""The order of the package: nothing imports upward, nothing in a circle, and only some may import torch."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ORDER = (
    "errors",
    "_version",
    "installation",
    "cores",
    "processes",
    "files",
    "page",
    "filetypes",
    "techniques",
    "quant",
    "imaging",
    "artifacts",
    "runtime",
    "export",
    "models",
    "api",
    "batch",
    "triton",
    "serve",
    "cli",
    "__init__",
    "__main__",
)
"""From the ground up: each imports only itself and what stands before it."""

OF_THE_RUNTIME = {
    "stylex.runtime.histogram": "matching in torch shares the checks and the L*a*b* levels of the runtime's tables",
    "stylex.runtime.semantic.masks": "the segmenter is trained on masks read as the runtime reads a user's",
}
"""Modules of the runtime that `models` imports, and why. What else both need stands below both."""

WITH_TORCH = ("quant", "export", "models")
"""May import the packages of the extra `export` at module level."""
COMMANDS = ("api", "cli")
"""May do so inside of functions: only then is a package missing when a command needs it, and not before."""
HEAVY = {"torch", "onnx", "onnxscript", "onnx_ir", "safetensors"}


@dataclass(frozen=True)
class Import:
    """One import of one module.

    Attributes:
        source, target: modules; the target may be outside of stylex.
        line: in the source's file.
        deferred: stands in a function.
        typing: stands under `if TYPE_CHECKING`.
    """

    source: str
    target: str
    line: int
    deferred: bool
    typing: bool

    def __str__(self) -> str:
        return f"{self.source}:{self.line} imports {self.target}"


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


MODULES = {module_of(path): path for path in sorted(ROOT.glob("stylex/**/*.py"))}
"""Module to file; a package's own is called `package.__init__`."""


def resolved(module: str, name: str) -> str:
    """The module that `from module import name` imports."""
    for known in (f"{module}.{name}", f"{module}.{name}.__init__", f"{module}.__init__"):
        if known in MODULES:
            return known
    return module


def found_in(source: str, node: ast.AST, deferred: bool = False, typing: bool = False) -> Iterator[Import]:
    """All imports below a node."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom):
            assert child.level == 0 and child.module, f"{source}:{child.lineno} imports relatively"
            for target in dict.fromkeys(resolved(child.module, alias.name) for alias in child.names):
                yield Import(source, target, child.lineno, deferred, typing)
        elif isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(source, resolved(alias.name, ""), child.lineno, deferred, typing)
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for one in child.body:
                yield from found_in(source, ast.Module([one], []), deferred, True)
            for one in child.orelse:
                yield from found_in(source, ast.Module([one], []), deferred, typing)
        else:
            function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from found_in(source, child, deferred or function, typing)


IMPORTS = [one for m, path in MODULES.items() for one in found_in(m, ast.parse(path.read_text(encoding="utf-8")))]
INSIDE = [one for one in IMPORTS if one.target in MODULES]


def part(module: str) -> str:
    """The member of `ORDER` that a module belongs to."""
    return module.split(".")[1]


def package(module: str) -> str:
    """The top package, such as `torch` of `torch.nn`."""
    return module.split(".")[0]


def test_every_module_stands_somewhere() -> None:
    assert len(IMPORTS) > 500 and len(INSIDE) > 300, "the imports must have been found"
    assert {part(module) for module in MODULES} <= set(ORDER), "a new module or folder needs its place in ORDER"
    lost = [str(one) for one in IMPORTS if package(one.target) == "stylex" and one.target not in MODULES]
    assert not lost, "there is no such module"


def test_nothing_imports_upward() -> None:
    upward = [str(one) for one in INSIDE if ORDER.index(part(one.target)) > ORDER.index(part(one.source))]
    assert not upward


@pytest.mark.parametrize("folder", sorted({m.rpartition(".")[0] for m in MODULES}))
def test_nothing_imports_in_a_circle(folder: str) -> None:
    """Modules and folders that lie side by side can be put in an order; inside a folder the same holds again."""

    def beside(module: str) -> str:
        return module.removeprefix(f"{folder}.").split(".")[0]

    needs: dict[str, set[str]] = {}
    for one in INSIDE:
        if all(module.startswith(f"{folder}.") for module in (one.source, one.target)):
            source, target = beside(one.source), beside(one.target)
            needs.setdefault(source, set()).update({target} - {source})
    graphlib.TopologicalSorter(needs).prepare()  # raises CycleError


def test_of_the_runtime_models_import_only_what_is_named() -> None:
    used = {one.target for one in INSIDE if part(one.source) == "models" and part(one.target) == "runtime"}
    assert used == set(OF_THE_RUNTIME)


def test_export_needs_no_runtime() -> None:
    assert not [str(one) for one in INSIDE if part(one.source) == "export" and part(one.target) == "runtime"]


def test_only_who_may_imports_torch_or_onnx() -> None:
    heavy = [one for one in IMPORTS if package(one.target) in HEAVY and part(one.source) not in WITH_TORCH]
    assert not [str(one) for one in heavy if part(one.source) not in COMMANDS]
    assert not [str(one) for one in heavy if not (one.deferred or one.typing)]


def test_the_public_names_are_imported_when_they_are_used() -> None:
    eager = [one.target for one in INSIDE if one.source == "stylex.__init__" and not (one.typing or one.deferred)]
    assert eager == ["stylex._version"]
