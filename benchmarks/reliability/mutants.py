"""Mutation testing of the guards: each change of one operator, constant or condition must be found by a test.

The tests of each mutant run in a fork of this process, which has imported the libraries already.

PYTHONPATH=benchmarks python -m reliability.mutants --sample 200 --json mutants.json
PYTHONPATH=benchmarks python -m reliability.mutants --list stylex/files.py
"""

from __future__ import annotations

import ast
import copy
import importlib
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from reliability.outcome import command_line, report

ROOT = Path(__file__).parents[2]
LIBRARIES = ("av", "cv2", "numpy.testing", "onnx", "onnxruntime", "PIL.Image", "skimage", "torch")
"""Modules that most tests import, and that take them longest; plugins of pytest would be too early."""
GUARDS = {
    "stylex/errors.py": "tests/test_errors.py tests/test_errors_page.py tests/cli/test_optional.py",
    "stylex/files.py": "tests/test_files.py",
    "stylex/imaging/reading.py": "tests/imaging/test_reading.py tests/imaging tests/test_fallbacks.py",
    "stylex/imaging/writing.py": "tests/imaging/test_writing.py tests/imaging tests/test_fallbacks.py",
    "stylex/imaging/formats.py": "tests/imaging/test_formats.py tests/imaging",
    "stylex/artifacts/metadata.py": "tests/artifacts/test_metadata.py tests/artifacts",
    "stylex/artifacts/graph_file.py": "tests/artifacts/test_graph_file.py tests/artifacts",
    "stylex/models/safe_checkpoints.py": "tests/models/test_safe_checkpoints.py tests/models/published",
}
"""The tests that must find changes of a file, those of the file itself first."""
EQUIVALENT: dict[tuple[str, str], str] = {}
"""Changes that no test can find, by file and changed text, with the reason."""
SECONDS = 600
COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
CHANGED = (ast.Compare, ast.BoolOp, ast.If, ast.IfExp, ast.Constant, ast.Raise, ast.Expr)


@dataclass(frozen=True)
class Mutant:
    """A file with one change.

    Attributes:
        path: of the file, from the root.
        line: where it is changed.
        change: before and after.
        source: all of the changed file.
    """

    path: str
    line: int
    change: str
    source: str


def mutants(path: str) -> Iterator[Mutant]:
    """Yields every mutant of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    for place, node in enumerate(ast.walk(tree)):
        for kind in range(2) if isinstance(node, CHANGED) else ():
            changed = copy.deepcopy(tree)
            found = next(one for i, one in enumerate(ast.walk(changed)) if i == place)
            before = ast.unparse(found) if isinstance(found, ast.expr | ast.stmt) else ""
            if _change(found, kind):
                change = f"{_short(before)} -> {_short(ast.unparse(found))}"
                yield Mutant(path, getattr(node, "lineno", 0), change, ast.unparse(changed))


def _change(node: ast.AST, kind: int) -> bool:
    """Changes a node; returns whether it has a change of this kind (0 or 1)."""
    if isinstance(node, ast.Compare) and kind == 0:
        node.ops[0] = COMPARISONS[type(node.ops[0])]()
    elif isinstance(node, ast.BoolOp) and kind == 0:
        node.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
    elif isinstance(node, ast.If | ast.IfExp) and kind == 1:
        node.test = ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool) and kind == 0:
        node.value = not node.value
    elif isinstance(node, ast.Constant) and type(node.value) is int and kind == 0:
        node.value += 1
    elif isinstance(node, ast.Raise) and node.exc is not None and kind == 0:
        node.exc, node.cause = ast.Name("RuntimeError", ast.Load()), None
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and kind == 0:
        node.value = ast.Constant(None)
    else:
        return False
    return True


def _short(text: str) -> str:
    return " ".join(text.split())[:60]


def survives(mutant: Mutant, copied: Path) -> bool:
    """Returns whether the tests pass with a mutant in a copy of the project."""
    file = copied / mutant.path
    whole = file.read_text(encoding="utf-8")
    file.write_text(mutant.source, encoding="utf-8")
    try:
        child = os.fork()
        if not child:
            _test(copied, GUARDS[mutant.path].split())
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        file.write_text(whole, encoding="utf-8")


def _test(copied: Path, tests: list[str]) -> NoReturn:
    """Runs tests of the copy until one fails, and ends this process: with 0 where all pass."""
    code: int = 1
    try:
        signal.alarm(SECONDS)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1), os.dup2(nowhere, 2)
        os.chdir(copied)
        for name in [name for name in sys.modules if name.partition(".")[0] in ("stylex", "reliability")]:
            del sys.modules[name]
        sys.path[:0], sys.dont_write_bytecode = [str(copied)], True
        os.environ |= {"PYTHONPATH": str(copied), "PYTHONDONTWRITEBYTECODE": "1"}
        code = int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", *tests]))
    finally:
        os._exit(code)


def campaign(sample: int, seed: int, paths: tuple[str, ...] = tuple(GUARDS)) -> tuple[dict[str, object], list[str]]:
    """Returns figures, and a fault for each mutant that no test has found."""
    for name in LIBRARIES:
        importlib.import_module(name)
    every = [mutant for path in paths for mutant in mutants(path)]
    chosen = random.Random(seed).sample(every, min(sample, len(every)))
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder, "stylex")
        ignored = shutil.ignore_patterns(".*", "out", "build", "dist", "__pycache__")
        shutil.copytree(ROOT, copied, ignore=ignored, symlinks=True)
        for path in paths:
            unchanged = Mutant(path, 0, "", (ROOT / path).read_text(encoding="utf-8"))
            assert survives(unchanged, copied), f"{GUARDS[path]} fails without a change of {path}"
        alive = []
        for mutant in chosen:
            if (mutant.path, mutant.change.split(" -> ")[0]) not in EQUIVALENT and survives(mutant, copied):
                alive.append(mutant)
                print(f"  {mutant.path}:{mutant.line} {mutant.change}", flush=True)
    figures: dict[str, object] = {"mutants": len(every), "tried": len(chosen), "survived": len(alive)}
    return figures, [f"{one.path}:{one.line} {one.change} is found by no test" for one in alive]


def main() -> None:
    """Report it."""
    parser = command_line(__doc__)
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--list", metavar="FILE", help="print the mutants of a file")
    parser.add_argument("--file", action="append", choices=list(GUARDS), help="only mutants of these")
    given = parser.parse_args()
    if given.list:
        for mutant in mutants(given.list):
            print(f"{mutant.path}:{mutant.line} {mutant.change}")
        return
    report("mutants of the guards", *campaign(given.sample, given.seed, tuple(given.file or GUARDS)), given.json)


if __name__ == "__main__":
    main()
