"""Commands whose packages are missing or that are stopped: one line, and the right exit code."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from stylex.cli import VERBS
from stylex.errors import Interrupted, ModelError
from stylex.installation import OPTIONAL
from stylex.runtime.benchmark import likeness

Fails = Callable[..., str]
INSTALL = "pip install 'stylex[export]' [docs/errors.md#missingpackage]\n"


def without(package: str, *arguments: object) -> tuple[int, str]:
    """Exit code and standard error of a command in a fresh interpreter that lacks a package."""
    code = f"import sys; sys.modules[{package!r}] = None; from stylex.cli import main; main({[*map(str, arguments)]})"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.stdout == ""
    return result.returncode, result.stderr


@pytest.mark.parametrize("package", ["torch", "onnx"])
def test_export_without_its_packages(package: str, tmp_path: Path) -> None:
    expected = f"stylex: this needs {package}, which isn't installed: {INSTALL}"
    assert without(package, "export", "adain", "-o", tmp_path) == (5, expected)
    assert list(tmp_path.iterdir()) == []


def test_train_without_torch(tmp_path: Path) -> None:
    folders = ("--content", tmp_path, "--style", tmp_path, "--out", tmp_path / "out")
    expected = f"stylex: this needs torch, which isn't installed: {INSTALL}"
    assert without("torch", "train", "adain", *folders) == (5, expected)


def test_bench_without_scikit_image(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skimage", None)
    expected = (
        "this needs scikit-image, which isn't installed: pip install 'stylex[export]'; or give a photo of your own"
    )
    assert f"{expected} (--photo)" in fails(5, "bench", "adain")


LIBGL = "libGL.so.1: cannot open shared object file: No such file or directory"


def test_a_server_without_a_desktops_libraries(tmp_path: Path) -> None:
    """As opencv-python behaves there: `import cv2` finds the package and fails in its extension module."""
    (tmp_path / "cv2.py").write_text(f"raise ImportError({LIBGL!r}, name='cv2')", encoding="utf-8")
    call = "main(['styles', 'encode', 'x.png', '-o', 'x.style'])"
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from stylex.cli import main; {call}"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    expected = "stylex: OpenCV needs a system library that is missing (libGL.so.1): "
    line = "pip uninstall -y opencv-python opencv-python-headless && pip install opencv-python-headless"
    assert (result.returncode, result.stdout) == (5, "")
    assert result.stderr == f"{expected}{line} [docs/errors.md#resourceerror]\n"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ImportError(LIBGL), "OpenCV needs a system library that is missing (libGL.so.1): pip uninstall"),
        (ImportError(LIBGL, name="cv2.cv2"), "OpenCV needs a system library"),
        (
            ImportError("libcudnn.so.9: cannot open shared object file", name="torch._C"),
            "torch needs a system library that is missing: install libcudnn.so.9",
        ),
    ],
)
def test_missing_system_libraries(
    error: ImportError, expected: str, fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        importlib.import_module(VERBS["list"]), "command", click.Command("list", callback=_raising(error))
    )
    assert expected in fails(5, "list")


@pytest.mark.parametrize("text", ["cannot import name 'x' from 'y'", "/usr/lib/x.so: undefined symbol: f"])
def test_other_import_errors_are_no_clean_end(text: str, fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    command = click.Command("list", callback=_raising(ImportError(text)))
    monkeypatch.setattr(importlib.import_module(VERBS["list"]), "command", command)
    with pytest.raises(ImportError, match=re.escape(text)):
        fails(5, "list")


def _raising(error: BaseException) -> Callable[[], None]:
    def stopped() -> None:
        raise error

    return stopped


def test_a_package_that_stylex_cannot_do_without_is_no_clean_end(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "stylex.artifacts.catalog", None)
    with pytest.raises(ModuleNotFoundError):
        fails(5, "list")
    assert set(OPTIONAL.values()) == {"export", "video", "bench", "heic", "ray", "serve", "webcam"}


@pytest.mark.parametrize(
    ("error", "code", "expected"),
    [
        (KeyboardInterrupt(), 130, "stylex: stopped; nothing half-written was left"),
        (Interrupted("stopped at step 12;\nrun it again to go on"), 130, "stylex: stopped at step 12; run it again"),
        (ModelError("of several\n  lines"), 4, "stylex: of several lines"),
        (MemoryError(), 5, "there isn't enough memory"),
    ],
)
@pytest.mark.parametrize("verb", VERBS)
def test_any_verb_ends_cleanly(
    verb: str, error: BaseException, code: int, expected: str, fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped() -> None:
        raise error

    module = importlib.import_module(VERBS[verb])
    monkeypatch.setattr(module, "command", click.Command(verb, callback=stopped))
    assert expected in fails(code, verb)


def test_ctrl_c_while_measuring(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(likeness, "default_photo", stopped)
    assert "stopped" in fails(130, "bench", "adain")
