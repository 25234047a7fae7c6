"""`stylex bench`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from stylex.artifacts.catalog import GRAPHS
from stylex.runtime import benchmark

RunCli = Callable[..., Result]
Fails = Callable[..., str]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few runs, in this process."""
    for name, value in {"WARM_UP": 0, "LEAST_RUNS": 2, "MOST_RUNS": 2}.items():
        monkeypatch.setattr(benchmark, name, value)
    monkeypatch.setattr(benchmark, "isolated", lambda function, *arguments: function(*arguments))


def test_one_row_for_real(shot: Path, run_cli: RunCli) -> None:
    options = ("--size", 32, "--precision", "fp32", "--threads", 1, "--photo", shot, "--json", "bench.json")
    result = run_cli("bench", "adain", *options)
    assert result.exit_code == 0
    assert "bench.json: 1 rows" in result.stdout
    report = json.loads(Path("bench.json").read_text(encoding="utf-8"))
    assert set(report) == {"machine", "rows"}
    row = report["rows"][0]
    known = {"name", "precision", "provider", "size", "threads", "median_ms", "p95_ms", "images_per_second", "peak_mib"}
    assert set(row) == known | {"file_bytes", "psnr", "ssim"}
    assert (row["name"], row["precision"], row["size"], row["threads"]) == ("stylex adain", "fp32", 32, 1)
    assert 0 < row["median_ms"] <= row["p95_ms"]
    assert row["psnr"] is None  # FP32 is what the others are compared with
    assert row["ssim"] is None
    assert {"stylex", "onnxruntime", "processor"} <= set(report["machine"])
    assert result.stdout.index("ONNX Runtime") < result.stdout.index("median ms")


@pytest.mark.usefixtures("short")
def test_all_precisions_and_sizes(shot: Path, run_cli: RunCli) -> None:
    options = ("--size", 40, "--size", 32, "--threads", 1, "--provider", "cpu", "--json", "bench.json")
    result = run_cli("bench", "adain", *options)
    rows = json.loads(Path("bench.json").read_text(encoding="utf-8"))["rows"]
    expected = [(size, precision) for size in (40, 32) for precision in ("fp32", "fp16", "int8")]
    assert [(row["size"], row["precision"]) for row in rows] == expected
    assert {row["provider"] for row in rows} == {"cpu"}
    for word in ("median ms", "p95 ms", "PSNR dB", "int8", "ONNX Runtime"):
        assert word in result.stdout


@pytest.mark.usefixtures("short")
def test_int8_alone_is_still_compared_with_fp32(shot: Path, run_cli: RunCli) -> None:
    result = run_cli("bench", "adain", "--size", 64, "--precision", "int8", "--photo", shot, "--json", "bench.json")
    assert "bench.json: 1 rows" in result.stdout
    row = json.loads(Path("bench.json").read_text(encoding="utf-8"))["rows"][0]
    assert row["precision"] == "int8"
    assert 15 < row["psnr"] < 100


@pytest.mark.usefixtures("short")
def test_a_folder_without_fp32(shot: Path, run_cli: RunCli) -> None:
    folder = Path("graphs")
    folder.mkdir()
    shutil.copy(GRAPHS / "adain-int8.onnx", folder)
    options = ("--size", 32, "--photo", shot, "--graphs", folder, "--provider", "cpu", "--json", "bench.json")
    result = run_cli("bench", "adain", "--precision", "int8", *options)
    assert result.exit_code == 0, result.output
    (row,) = json.loads(Path("bench.json").read_text(encoding="utf-8"))["rows"]
    assert (row["precision"], row["psnr"], row["ssim"]) == ("int8", None, None)


def test_what_cannot_work_is_refused_before_any_measuring(
    shot: Path, fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark, "isolated", lambda *_: pytest.fail("measured"))
    assert "no technique 'picasso'" in fails(2, "bench", "picasso")
    assert "missing.jpg doesn't exist" in fails(3, "bench", "adain", "--photo", "missing.jpg")
    assert "the folder no doesn't exist" in fails(3, "bench", "adain", "--json", "no/bench.json")


@pytest.mark.usefixtures("short")
def test_errors_while_measuring(shot: Path, run_cli: RunCli) -> None:
    result = run_cli("bench", "adain", "--photo", shot, "--graphs", "nowhere", "--provider", "cpu")
    assert result.exit_code == 3
    assert result.stderr.strip().splitlines()[-1].startswith("stylex: nowhere has no adain-fp32.onnx")
    assert "Traceback" not in result.stderr
