"""The benchmark scripts, run as a user runs them, on little."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import torch
from safetensors.torch import save_file
from skimage import data

from stylex.runtime.catalog import transfer_file

ROOT = Path(__file__).parents[2]


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(ROOT / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "140"})


SCRIPTS = ("benchmarks/peers.py", "benchmarks/quality.py", "benchmarks/one_style.py", "benchmarks/large.py")
TOOLS = ("tools/demo.py", "tools/embed.py", "tools/techniques.py")


@pytest.mark.parametrize("script", [*SCRIPTS, *TOOLS])
def test_help(script: str) -> None:
    result = run(script, "--help")
    assert result.returncode == 0, result.stderr
    assert f"python {script}" in result.stdout


def test_peers_prints_ratios_and_writes_rows(tmp_path: Path) -> None:
    result = run("benchmarks/peers.py", "--rounds", 1, "--size", 64, "--json", tmp_path / "peers.json")
    assert result.returncode == 0, result.stderr
    report = json.loads((tmp_path / "peers.json").read_text())
    rows = {(r["name"], r["precision"]): r for r in report["rows"]}
    names = {name for name, _ in rows}
    assert {"TransformerNet", "ResnetGenerator", "VGG-19 AdaIN", "MicroAST"} <= names
    assert {"stylex adain", "stylex fast"} <= names
    assert {p for name, p in rows if name == "stylex adain"} == {"fp32", "fp16", "int8"}
    assert {"processor", "cores", "onnxruntime"} <= set(report["machine"])
    weights = {name: row["million_weights"] for (name, precision), row in rows.items() if precision == "fp32"}
    assert weights["TransformerNet"] == pytest.approx(1.674, abs=1e-3)
    assert weights["ResnetGenerator"] == pytest.approx(11.372, abs=2e-3)
    assert weights["VGG-19 AdaIN"] == pytest.approx(7.007, abs=3e-3)
    assert weights["MicroAST"] == pytest.approx(0.31, abs=5e-3)
    int8 = rows["stylex adain", "int8"]
    assert int8["times_transformernet"] == pytest.approx(
        rows["TransformerNet", "fp32"]["median_ms"] / int8["median_ms"], abs=0.01
    )
    assert "times as fast as TransformerNet FP32" in result.stdout


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    """A seeded slim loss network with the published names."""
    torch.manual_seed(0)
    folder = tmp_path / "teacher"
    folder.mkdir()
    tensors = {"conv0.weight": torch.randn(3, 3, 1, 1), "conv0.bias": torch.zeros(3)}
    widths, inputs = (4, 6, 8, 8, 8), 3
    for stage, (width, count) in enumerate(zip(widths, (2, 2, 4, 4, 1), strict=True), 1):
        for index in range(1, count + 1):
            tensors[f"conv{stage}_{index}.weight"] = torch.randn(width, inputs, 3, 3) / (3 * inputs**0.5)
            tensors[f"conv{stage}_{index}.bias"] = torch.zeros(width)
            inputs = width
    save_file(tensors, folder / "vgg19_slim_relu5_1.safetensors")
    return folder


def pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    photos = (data.astronaut(), data.chelsea(), data.coffee(), data.rocket())
    for i in range(count):
        cv2.imwrite(str(folder / f"{i}.png"), photos[i % 4][: 200 + i, : 220 + i, ::-1])
    return folder


def test_quality_rates_every_precision(tmp_path: Path, teacher: Path) -> None:
    content, style = pictures(tmp_path / "content", 4), pictures(tmp_path / "style", 4)
    small = ("--photos", 2, "--styles", 2, "--size", 192, "--teacher", teacher, "--quiet")
    result = run("benchmarks/quality.py", "--content", content, "--style", style, *small, "--json", tmp_path / "q.json")
    assert result.returncode == 0, result.stderr
    report = json.loads((tmp_path / "q.json").read_text())
    rows = {r["name"]: r for r in report["rows"]}
    assert list(rows) == ["photo", "torch fp32", "onnx fp32", "onnx fp16", "onnx int8"]
    assert rows["photo"]["ms_ssim"] == pytest.approx(1, abs=1e-4)
    assert rows["photo"]["style_ratio"] == pytest.approx(1)
    assert rows["onnx fp32"]["psnr"] > 50
    assert rows["onnx fp32"]["psnr"] > rows["onnx int8"]["psnr"] > 20
    assert 0 < rows["torch fp32"]["ms_ssim"] < 1
    assert {"precision", "provider", "size", "threads", "median_ms", "p95_ms"} <= rows["onnx int8"].keys()
    assert report["strength_0_psnr"]["torch fp32"] > 15


def test_one_style_compares_int8_with_float(tmp_path: Path) -> None:
    graphs = tmp_path / "graphs"
    graphs.mkdir()
    for precision in ("fp16", "int8"):
        shutil.copy(transfer_file("fast", precision, style="the-scream"), graphs)
    content = pictures(tmp_path / "content", 2)
    ask = ("--content", content, "--photos", 2, "--size", 192, "--graphs", graphs, "--json", tmp_path / "o.json")
    result = run("benchmarks/one_style.py", *ask)
    assert result.returncode == 0, result.stderr
    (row,) = json.loads((tmp_path / "o.json").read_text())["rows"]
    assert (row["name"], row["photos"]) == ("stylex fast the-scream", 2)
    assert 100 > row["psnr"] >= row["worst_psnr"] > 30
    assert 0 < row["ms_ssim"] < row["ssim"] < 1
    assert run("benchmarks/one_style.py", "--content", content).returncode == 3


def test_quality_says_in_one_line_what_is_missing(tmp_path: Path, teacher: Path) -> None:
    content, style = pictures(tmp_path / "content", 4), pictures(tmp_path / "style", 4)
    ask = ("--content", content, "--style", style, "--teacher", teacher, "--photos", 9)
    result = run("benchmarks/quality.py", *ask)
    assert result.returncode == 3
    assert result.stderr.count("\n") == 1 and "has 4 pictures, 9 are needed" in result.stderr


def test_large_measures_tiles_and_the_upscaler(tmp_path: Path) -> None:
    content = pictures(tmp_path / "content", 4)
    small = ("--large", "300x200", "--compared", "300x240", "--tile", 160, "--technique", "fast", "--threads", 1)
    result = run("benchmarks/large.py", "--content", content, *small, "--json", tmp_path / "l.json")
    assert result.returncode == 0, result.stderr
    rows = json.loads((tmp_path / "l.json").read_text())["rows"]
    assert [r["table"] for r in rows] == ["memory", "memory", "tiles", "tiles", "upscaler"]
    for row in rows[2:4]:
        assert row["same_statistics"]["largest"] <= 1 and row["own_statistics"]["largest"] <= 2
    assert rows[4]["photos"] == 4 and rows[4]["gain"] > 0.5
    assert rows[4]["file_bytes"]["int8"] <= 200_000
    assert run("benchmarks/large.py", "--content", content, "--held-out", 1e-9).returncode == 3
