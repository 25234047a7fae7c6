"""The built wheel in an environment without torch and onnx."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "onnx", "onnxscript", "skimage", "safetensors", "scipy")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def needed(package: str, found: set[str]) -> None:
    """Collect a package and what it requires without extras, as it is installed here."""
    name = re.sub(r"[-_.]+", "-", package).lower()
    if name in found:
        return
    try:
        requires = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return  # behind a marker of another platform
    found.add(name)
    for requirement in requires:
        if "extra ==" not in requirement:
            needed(re.split(r"[ ;<>=!~\[(]", requirement, maxsplit=1)[0], found)


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment: the wheel, and links to its own requirements and theirs, nothing else."""
    folder = tmp_path_factory.mktemp("clean")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps", "--quiet"]
    subprocess.run([*install, "--disable-pip-version-check", str(wheel)], check=True)
    packages = next((folder / "lib").glob("python*")) / "site-packages"
    found: set[str] = set()
    needed("stylex", found)
    for name in found - {"stylex"}:
        distribution = importlib.metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or [] if file.parts[0] not in ("..", "__pycache__")}:
            link = packages / top
            if not link.exists():
                link.symlink_to(Path(str(distribution.locate_file(top))).resolve())
    return python


def test_the_wheel_holds_weights_graphs_and_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    graphs = {
        f"stylex/artifacts/graphs/{n}"
        for n in ("adain-int8.onnx", "adain-fp32.onnx", "adain-style.onnx", "adain-styles.npz")
    }
    weights = {
        f"stylex/models/{n}/{file}" for n in ("adain", "slim_encoder") for file in ("weights.safetensors", "card.json")
    }
    assert graphs | weights | {"stylex/py.typed"} <= names
    assert not [n for n in names if n.startswith(("tests/", "benchmarks/"))]


@pytest.mark.parametrize("package", HEAVY)
def test_the_clean_environment_lacks(python: Path, package: str) -> None:
    result = subprocess.run([python, "-c", f"import {package}"], capture_output=True, text=True, check=False)
    assert "ModuleNotFoundError" in result.stderr


def test_the_wheel_paints_a_photo_without_torch(python: Path, tmp_path: Path) -> None:
    photo = data.chelsea()
    cv2.imwrite(str(tmp_path / "cat.png"), photo[:, :, ::-1])
    command = [python.with_name("stylex"), "run", "adain", "cat.png", "--style", "great-wave", "-o", "painted.png"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "int8 on cpu" in result.stdout or "fp32 on cpu" in result.stdout
    painted = cv2.imread(str(tmp_path / "painted.png"))
    assert painted.shape == photo.shape
    assert 8 < np.abs(painted.astype(float) - photo[:, :, ::-1]).mean() < 160


def test_a_picture_as_style_works_too(python: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "cat.png"), data.chelsea()[:64, :80, ::-1])
    cv2.imwrite(str(tmp_path / "coffee.jpg"), data.coffee()[:, :, ::-1])
    command = [python.with_name("stylex"), "run", "adain", "cat.png", "--style", "coffee.jpg", "-o", "painted.png"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_histogram_matching_needs_no_torch(python: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "cat.png"), data.chelsea()[:64, :80, ::-1])
    cv2.imwrite(str(tmp_path / "coffee.jpg"), data.coffee()[:, :, ::-1])
    command = [python.with_name("stylex"), "run", "histogram", "cat.png", "--style", "coffee.jpg"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "cat-histogram.png").is_file()


def test_export_without_its_extra_says_what_to_install(python: Path, tmp_path: Path) -> None:
    command = [python.with_name("stylex"), "export", "adain", "-o", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 5
    assert "pip install 'stylex[export]'" in result.stderr
    assert "Traceback" not in result.stderr
