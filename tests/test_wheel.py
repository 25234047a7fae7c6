"""The built wheel, in an environment without torch and onnx and in one that has the extra `export` too."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from stylex.files import sha256_of

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "onnx", "onnxscript", "skimage", "safetensors", "scipy")
LARGEST = 56_000_000
"""Bytes of the wheel."""
LARGEST_PACKED = {
    "attention": 2_200_000,
    "slim_encoder": 2_800_000,
    "adain": 200_000,
    "adain_l": 300_000,
    "adain_s": 100_000,
    "multiscale": 200_000,
}
"""Bytes of packed weights: of the calibration codes, and of the encoder that has no graph."""
FEW = 10_000
"""Bytes of all other packed weights: biases, which the graphs hold in float32, and where the rest lies in them."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("wheel"))


def built(folder: Path, **environment: str) -> Path:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, env=os.environ | environment)
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
def plain(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment: the wheel with its extra `cpu`, and links to what they require, nothing else."""
    folder = installed(wheel, tmp_path_factory.mktemp("plain"))
    found: set[str] = set()
    needed("stylex", found)
    needed("onnxruntime", found)  # of the extra `cpu`
    for name in found - {"stylex"}:
        distribution = importlib.metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or [] if file.parts[0] not in ("..", "__pycache__")}:
            link = packages(folder) / top
            if not link.exists():
                link.symlink_to(Path(str(distribution.locate_file(top))).resolve())
    return folder


@pytest.fixture(scope="module")
def with_torch(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment: the wheel, and after it the packages that are installed here."""
    folder = installed(wheel, tmp_path_factory.mktemp("with-torch"))
    here = Path(str(importlib.metadata.distribution("torch").locate_file("")))
    (packages(folder) / "here.pth").write_text(f"{here}\n")  # read for its packages, not for its .pth files
    return folder


def installed(wheel: Path, folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--no-index", "--no-deps", "--quiet"]
    subprocess.run([*install, "--no-compile", "--disable-pip-version-check", str(wheel)], check=True)
    return folder


def packages(folder: Path) -> Path:
    return next((folder / "lib").glob("python*")) / "site-packages"


def python(folder: Path, code: str) -> str:
    """What this code prints there."""
    result = run(folder, folder, "python", "-c", code)
    assert result.returncode == 0, result.stderr
    return result.stdout


def run_cli(folder: Path, at: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return run(folder, at, "stylex", *arguments)


def run(folder: Path, at: Path, program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs a program of this environment, which must not find this source."""
    command = [folder / "bin" / program, *map(str, arguments)]
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(command, cwd=at, capture_output=True, text=True, check=False, env=outside)


def test_what_the_wheel_holds(wheel: Path) -> None:
    """Every file of the package, but packed weights in place of weights, and nothing else."""
    sizes = {entry.filename: entry.file_size for entry in zipfile.ZipFile(wheel).infolist()}
    code = {name for name in sizes if name.startswith("stylex/")}
    source = {str(f.relative_to(ROOT)) for f in (ROOT / "stylex").rglob("*") if f.is_file() and f.suffix != ".pyc"}
    weights = {name for name in source if name.endswith("/weights.safetensors")}
    packed = {name.replace(".safetensors", ".packed") for name in weights}
    assert code == source - weights | packed
    assert {"stylex/py.typed", "stylex/artifacts/graphs/adain-fp16.onnx", "stylex/models/adain/card.json"} <= code
    assert all(".dist-info/" in name for name in sizes.keys() - code)
    for name in packed:
        assert sizes[name] <= LARGEST_PACKED.get(name.split("/")[2], FEW), name
    assert wheel.stat().st_size <= LARGEST


def test_the_wheel_is_reproducible(wheel: Path, tmp_path: Path) -> None:
    """Byte for byte, whatever the clock, the time zone, the order of sets and the rights of new files are."""
    strange = {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7", "LC_ALL": "C", "HOME": str(tmp_path)}
    before = os.umask(0o077)
    try:
        again = built(tmp_path, **strange)
    finally:
        os.umask(before)
    assert sha256_of(again) == sha256_of(wheel)


def test_the_plain_environment_lacks_what_is_heavy(plain: Path) -> None:
    finds = f"import importlib.util as u; print([p for p in {HEAVY} if u.find_spec(p)])"
    assert python(plain, finds) == "[]\n"


def test_the_wheel_paints_a_photo_without_torch(plain: Path, tmp_path: Path) -> None:
    photo = data.chelsea()
    cv2.imwrite(str(tmp_path / "cat.png"), photo[:, :, ::-1])
    cv2.imwrite(str(tmp_path / "coffee.jpg"), data.coffee()[:, :, ::-1])
    styles = ("--style", "great-wave", "--style", "coffee.jpg")
    result = run_cli(plain, tmp_path, "run", "adain", "cat.png", *styles, "-o", "painted.png")
    assert result.returncode == 0, result.stderr
    assert "int8 on cpu" in result.stdout or "fp32 on cpu" in result.stdout
    painted = cv2.imread(str(tmp_path / "painted.png"))
    assert painted.shape == photo.shape
    assert 8 < np.abs(painted.astype(float) - photo[:, :, ::-1]).mean() < 160


def test_histogram_matching_needs_no_torch(plain: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "cat.png"), data.chelsea()[:64, :80, ::-1])
    cv2.imwrite(str(tmp_path / "coffee.jpg"), data.coffee()[:, :, ::-1])
    result = run_cli(plain, tmp_path, "run", "histogram", "cat.png", "--style", "coffee.jpg")
    assert result.returncode == 0, result.stderr
    matched, style = (cv2.imread(str(tmp_path / name)) for name in ("cat-histogram-coffee.png", "coffee.jpg"))
    np.testing.assert_allclose(matched.mean((0, 1)), style.mean((0, 1)), atol=4)


def test_export_without_its_extra_says_what_to_install(plain: Path, tmp_path: Path) -> None:
    result = run_cli(plain, tmp_path, "export", "adain", "-o", tmp_path)
    assert result.returncode == 5
    assert "pip install 'stylex[export]'" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_weights_come_out_of_the_wheel_bit_for_bit(with_torch: Path) -> None:
    """Of all networks, and so that `stylex export` takes them."""
    code = """
import json, pathlib, stylex
from stylex.models.registry import embedded_models
from stylex.techniques import EXPORTED
from stylex.models.weights import read_weights
root = pathlib.Path(stylex.__file__).parent
files = [f.with_suffix(".safetensors") for f in root.rglob("weights.packed")]
read = {str(f.relative_to(root.parent)): read_weights(f).sha256 for f in files}
exported = [model.weights_sha256 for name in EXPORTED for model in embedded_models(name)]
print(json.dumps([read, exported]))
"""
    read, exported = json.loads(python(with_torch, code))
    source = {str(file.relative_to(ROOT)): sha256_of(file) for file in (ROOT / "stylex").rglob("weights.safetensors")}
    assert read == source and len(source) >= 14
    encoder = source.pop("stylex/models/slim_encoder/weights.safetensors")
    assert sorted(exported) == sorted(source.values()) and encoder not in exported


def test_the_wheel_bakes_with_its_extra(with_torch: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for i in range(8):
        cv2.imwrite(str(tmp_path / "photos" / f"{i}.png"), data.astronaut()[i * 40 : i * 40 + 100, 100:200, ::-1])
    few = ("--steps", 1, "--size", 96, "--batch", 2, "--hold-out", 0, "--device", "cpu", "--threads", 1)
    ask = ("bake", "--style", "great-wave", "--content", "photos", "--out", "run", *few)
    result = run_cli(with_torch, tmp_path, *ask)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "run" / "weights.safetensors").stat().st_size > 1_000_000
