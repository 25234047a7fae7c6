"""What users import: the names, how little an import costs, and the errors."""

from __future__ import annotations

import importlib.metadata
import inspect
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

import stylex
from stylex import errors, techniques

ROOT = Path(__file__).parents[1]

BLOCK = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "onnx", "onnxscript", "skimage", "safetensors", "scipy", "av"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Block())
"""


def python(code: str) -> str:
    """Standard output of a fresh interpreter that runs `code`."""
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_public_names() -> None:
    kinds = ["Painter", "Region", "Result", "SessionOptions", "StyleCode", "StylePainter"]
    calls = [
        "__version__",
        "bench",
        "contact_sheet",
        "export",
        "load",
        "stylize",
        "stylize_batch",
        "stylize_film",
        "stylize_folder",
        "train",
    ]
    raised = [name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, Exception)]
    assert stylex.__all__ == sorted([*kinds, *calls, *raised])
    for name in stylex.__all__:
        assert getattr(stylex, name) is not None
        assert name in dir(stylex)
    with pytest.raises(AttributeError, match="no attribute 'paint'"):
        _ = stylex.paint


def test_export_is_a_package_and_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    from stylex.api import exporting
    from stylex.export import pipeline

    assert stylex.export.pipeline is pipeline
    made: list[object] = []
    monkeypatch.setattr(pipeline, "export", lambda *given: made.extend(given[:3]) or [])
    assert stylex.export("upscaler", precision="int8", folder="there", size=64) == []
    assert made[1:] == [pipeline.ExportSettings("int8", size=64), Path("there")]
    assert exporting.export("upscaler") == []


def test_star_import() -> None:
    names: dict[str, object] = {}
    exec("from stylex import *", names)
    assert set(stylex.__all__) <= set(names)


def test_an_import_is_lazy() -> None:
    loaded = python("import sys, stylex; stylex.__version__; print(*sys.modules)").split()
    assert not {"numpy", "cv2", "onnxruntime", "PIL", "click", "torch", "onnx"} & set(loaded)


def test_painting_needs_neither_torch_nor_onnx() -> None:
    code = """
import importlib, pkgutil, sys
import stylex, stylex.artifacts, stylex.cli, stylex.imaging, stylex.runtime.engine
for package in (stylex.imaging, stylex.artifacts, stylex.runtime, stylex.runtime.engine):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
import numpy as np
painter = stylex.load(threads=1)
photo = np.random.default_rng(0).integers(0, 256, (40, 33, 3), np.uint8)
assert painter(photo, "starry-night").shape == photo.shape
assert painter(photo, photo).shape == photo.shape
try:
    stylex.cli.main(["run", "--help"])
except SystemExit as end:
    assert end.code == 0
assert "torch" not in sys.modules and "onnx" not in sys.modules
"""
    assert "Example" in python(BLOCK + code)


def test_the_tree_in_the_docstring_is_the_tree_of_classes() -> None:
    assert errors.__doc__ is not None
    drawn: dict[str, tuple[str | None, int]] = {}
    above: list[tuple[int, str]] = []
    for line in errors.__doc__.splitlines():
        found = re.match(r"^([\s│├└─]*)(\w+) +(?:exit code )?(\d+)", line)
        if found:
            depth, name = len(found[1]), found[2]
            while above and above[-1][0] >= depth:
                above.pop()
            drawn[name] = (above[-1][1] if above else None, int(found[3]))
            above.append((depth, name))
    classes = {name: c for name, c in vars(errors).items() if inspect.isclass(c) and issubclass(c, errors.StylexError)}
    assert drawn.keys() == classes.keys()
    for name, (parent, code) in drawn.items():
        assert classes[name].exit_code == code
        assert classes[name].__base__.__name__ == (parent or "Exception")


def test_errors_survive_a_process_boundary() -> None:
    missing = pickle.loads(pickle.dumps(errors.MissingPackage("torch", "export")))
    assert str(missing) == "this needs torch, which isn't installed: pip install 'stylex[export]'"
    for kind in (errors.UsageError, errors.CheckFailed, errors.ProviderUnavailable):
        again = pickle.loads(pickle.dumps(kind("one line")))
        assert (type(again), str(again)) == (kind, "one line")


def test_the_version_stands_in_one_place() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", stylex.__version__)
    assert importlib.metadata.version("stylex") == stylex.__version__
    places = [
        path.relative_to(ROOT).as_posix()
        for path in (*ROOT.glob("stylex/**/*.py"), ROOT / "pyproject.toml")
        if re.search(rf"""version.*["']{re.escape(stylex.__version__)}["']""", path.read_text(encoding="utf-8"))
    ]
    assert places == ["stylex/_version.py"]


def test_python_dash_m() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "stylex", "--version"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert result.stdout.split() == ["stylex,", "version", stylex.__version__]


def test_nine_techniques() -> None:
    """Beside them there are smaller and larger networks of some."""
    names = [t.name for t in techniques.TECHNIQUES]
    own = [t.name for t in techniques.TECHNIQUES if not t.variant_of]
    assert len(names) == len(set(names)) and len(own) == 9
    assert {t.variant_of for t in techniques.TECHNIQUES} - {""} <= set(own)
    assert {t.kind for t in techniques.TECHNIQUES} == {"statistics", "optimization", "feed-forward", "guided"}
    assert all(t.tiers for t in techniques.TECHNIQUES)
    with pytest.raises(errors.UsageError, match=r"no technique 'picasso'; stylex has .*adain"):
        techniques.technique_named("picasso")
    for technique in techniques.TECHNIQUES:
        style = (technique.name == "fast" and "the-scream") or (technique.name == "cyclegan" and "cartoon") or ""
        assert stylex.load(technique.name, style=style).technique == technique.name


def test_names_by_which_programs_import_what_has_moved() -> None:
    from stylex.runtime.video import live, stylizer
    from stylex.runtime.webcam import Camera

    assert Camera is live.Camera
    assert stylizer.look is stylizer.prepare_style
