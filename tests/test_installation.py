"""Packages that are missing, hollow, doubled or don't fit the system: one line, with the command that mends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stylex import installation
from stylex.errors import ResourceError
from stylex.imaging.writing import write_picture
from stylex.installation import ONNX_RUNTIME, OPENCV, explained

ORT = "pip uninstall -y onnxruntime onnxruntime-gpu && pip install onnxruntime"
CV = "pip uninstall -y opencv-python opencv-python-headless && pip install opencv-python"
GL = "libGL.so.1: cannot open shared object file: No such file or directory"
GLIBC = "/lib/libc.so.6: version `GLIBC_2.99' not found (required by /x/onnxruntime_pybind11_state.so)"
BROKEN = {
    "a hollow ONNX Runtime": ("onnxruntime", "", f"ONNX Runtime is installed incompletely: {ORT}"),
    "a missing ONNX Runtime": (
        "onnxruntime",
        "raise ModuleNotFoundError(\"No module named 'onnxruntime'\", name='onnxruntime')",
        f"ONNX Runtime can't be imported (No module named 'onnxruntime'): {ORT}",
    ),
    "a system too old for ONNX Runtime": (
        "onnxruntime",
        f"raise ImportError({GLIBC!r})",
        "ONNX Runtime was built for a newer system (GLIBC_2.99 is missing here): "
        f"{ORT.replace('install onnxruntime', '')}install 'onnxruntime<",
    ),
    "an ONNX Runtime of another numpy": (
        "onnxruntime",
        "raise AttributeError('_ARRAY_API not found')",
        f"ONNX Runtime can't be imported (_ARRAY_API not found): {ORT}",
    ),
    "half of another ONNX Runtime": (
        "onnxruntime",
        "raise ImportError('libonnxruntime.so.1: cannot open shared object file: No such file')",
        f"ONNX Runtime can't be imported (libonnxruntime.so.1: cannot open shared object file: No such file): {ORT}",
    ),
    "a hollow OpenCV": ("cv2", "", f"OpenCV is installed incompletely: {CV}"),
    "an OpenCV without a desktop": (
        "cv2",
        f"raise ImportError({GL!r}, name='cv2')",
        f"OpenCV needs a system library that is missing (libGL.so.1): {CV}-headless",
    ),
}


@pytest.fixture(params=BROKEN, scope="module")
def broken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A folder for PYTHONPATH that breaks a package; the package, and what must be told."""
    module, code, expected = BROKEN[request.param]
    folder = tmp_path_factory.mktemp("broken")
    (folder / module).mkdir()
    (folder / module / "__init__.py").write_text(f"{code}\n", encoding="utf-8")
    write_picture(folder / "photo.png", np.zeros((16, 16, 3), np.uint8))
    return folder, module, expected


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(folder), str(Path(installation.__file__).parents[1])])
    command = [sys.executable, *arguments]
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)


def test_the_command_line_and_python_tell_the_same(broken: tuple[Path, str, str]) -> None:
    folder, _, expected = broken
    painting = run(folder, "-m", "stylex", "run", "fast", "photo.png", "--style", "the-scream", "-o", "o.png")
    assert (painting.returncode, painting.stdout) == (5, "")
    assert painting.stderr.startswith(f"stylex: {expected}") and painting.stderr.count("\n") == 1
    code = "import stylex\ntry: stylex.load('adain')\nexcept stylex.ResourceError as error: print(error)"
    assert run(folder, "-c", code).stdout.startswith(expected)


def test_doctor_and_list_tell_the_truth(broken: tuple[Path, str, str]) -> None:
    folder, module, expected = broken
    doctor = run(folder, "-m", "stylex", "doctor", "--json")
    assert (doctor.returncode, doctor.stderr) == (0, "")
    report = json.loads(doctor.stdout)
    assert any(advice.startswith(expected) for advice in report["advice"])
    assert {row["name"]: row["runs"] for row in report["providers"]}["cpu"] == (module == "cv2")
    rows = json.loads(run(folder, "-m", "stylex", "list", "--json").stdout)
    runs = {row["name"] for row in rows if row["runs_here"]}
    assert runs == ({"histogram", "gatys"} if module == "onnxruntime" else set())


def test_help_needs_no_engine(broken: tuple[Path, str, str]) -> None:
    folder, module, _ = broken
    if module == "onnxruntime":
        assert run(folder, "-m", "stylex", "run", "--help").returncode == 0


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets these distributions be installed, and no others."""

    def these(**versions: str) -> None:
        have = {name.replace("_", "-"): version for name, version in versions.items()}
        monkeypatch.setattr(installation, "version", have.get)

    return these


def test_which_of_several_is_installed_again(installed: Callable[..., None]) -> None:
    installed()
    assert ONNX_RUNTIME.reinstall() == ORT
    installed(onnxruntime="1.32.0")
    assert (ONNX_RUNTIME.reinstall(), ONNX_RUNTIME.doubled()) == (ORT, "")
    installed(onnxruntime_gpu="1.31.1")
    assert ONNX_RUNTIME.reinstall() == f"{ORT}-gpu"
    assert ONNX_RUNTIME.reinstall("<").endswith("pip install 'onnxruntime-gpu<1.31.1'")
    installed(onnxruntime="1.32.0", onnxruntime_gpu="1.31.1")
    assert ONNX_RUNTIME.doubled().endswith(f"the last installed wins: {ORT}-gpu")
    installed(opencv_contrib_python="5")
    known = "pip uninstall -y opencv-python opencv-python-headless opencv-contrib-python && pip install "
    assert OPENCV.reinstall() == f"{known}opencv-contrib-python"


def test_what_is_not_installed_at_all(installed: Callable[..., None]) -> None:
    installed()
    for package, name in ((ONNX_RUNTIME, "onnxruntime"), (OPENCV, "opencv-python")):
        error = ModuleNotFoundError(f"No module named {package.module!r}", name=package.module)
        expected = f"this needs {package.title}, which isn't installed: pip install {name}"
        assert package.explained(error) == expected == str(explained(error))


def test_a_headless_opencv_that_lacks_a_library(installed: Callable[..., None]) -> None:
    error = ImportError("libxcb.so.1: cannot open shared object file", name="cv2")
    installed(opencv_python_headless="5")
    assert OPENCV.explained(error).endswith("(libxcb.so.1): install libxcb.so.1 with the system's package manager")
    installed(opencv_python="5", opencv_python_headless="5")
    assert OPENCV.explained(error).endswith(f": {CV}-headless")


def test_other_packages(installed: Callable[..., None]) -> None:
    installed(torch="2.13.0")
    assert "pip install 'torch<2.13.0'" in str(explained(ImportError(GLIBC, name="torch._C")))
    assert explained(ImportError("cannot import name 'x' from 'cv2'", name="cv2")) is None
    assert explained(ImportError("cannot import name 'x' from 'y'", name="y")) is None


def test_what_works_is_returned() -> None:
    assert installation.onnxruntime().InferenceSession and OPENCV.working().imdecode
    assert (ONNX_RUNTIME.problem(), OPENCV.problem()) == ("", "")
    assert isinstance(explained(ModuleNotFoundError("x", name="cv2")), ResourceError)
