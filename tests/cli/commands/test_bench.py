"""`stylex bench`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from stylex.artifacts.catalog import GRAPHS
from stylex.runtime.benchmark import timing
from stylex.runtime.benchmark.report import write_report
from stylex.runtime.benchmark.row import Row, percentiles

RunCli = Callable[..., Result]
Fails = Callable[..., str]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few runs, in this process."""
    for name, value in {"WARM_UP": 0, "LEAST_RUNS": 2, "MOST_RUNS": 2}.items():
        monkeypatch.setattr(timing, name, value)
    monkeypatch.setattr(timing, "isolated", lambda function, *arguments: function(*arguments))


def test_one_row_for_real(shot: Path, run_cli: RunCli) -> None:
    options = ("--size", 32, "--precision", "fp32", "--threads", 1, "--photo", shot, "--json", "bench.json")
    result = run_cli("bench", "adain", *options)
    assert result.exit_code == 0
    assert "bench.json: 1 rows" in result.stdout
    report = json.loads(Path("bench.json").read_text(encoding="utf-8"))
    assert set(report) == {"machine", "rows"}
    row = report["rows"][0]
    assert {"asked", "sha256", "nodes", "fallen", "conditions", "load_ms", "first_call_ms", "engine_share"} <= set(row)
    assert (row["name"], row["precision"], row["size"], row["threads"]) == ("stylex adain", "fp32", 32, 1)
    assert 0 < row["p50_ms"] <= row["p90_ms"] <= row["p99_ms"]
    assert row["runs"] == len(row["times_ms"])
    assert row["psnr"] is None  # FP32 is what the others are compared with
    assert row["ssim"] is None
    assert {"stylex", "onnxruntime", "processor"} <= set(report["machine"])
    assert result.stdout.index("ONNX Runtime") < result.stdout.index("p50 ms")


@pytest.mark.usefixtures("short")
def test_all_precisions_and_sizes(shot: Path, run_cli: RunCli) -> None:
    options = ("--size", 40, "--size", 32, "--threads", 1, "--provider", "cpu", "--json", "bench.json")
    result = run_cli("bench", "adain", *options)
    rows = json.loads(Path("bench.json").read_text(encoding="utf-8"))["rows"]
    expected = [(size, precision) for size in (40, 32) for precision in ("fp32", "fp16", "int8")]
    assert [(row["size"], row["precision"]) for row in rows] == expected
    assert {row["provider"] for row in rows} == {"cpu"}
    for word in ("p50 ms", "p99 ms", "PSNR dB", "int8", "ONNX Runtime", "cpu granted, cpu asked for"):
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
    monkeypatch.setattr(timing, "isolated", lambda *_: pytest.fail("measured"))
    assert "no technique 'picasso'" in fails(2, "bench", "picasso")
    assert "missing.jpg doesn't exist" in fails(3, "bench", "adain", "--photo", "missing.jpg")
    assert "the folder no doesn't exist" in fails(3, "bench", "adain", "--json", "no/bench.json")


@pytest.mark.usefixtures("short")
def test_errors_while_measuring(shot: Path, run_cli: RunCli) -> None:
    result = run_cli("bench", "adain", "--photo", shot, "--graphs", "nowhere", "--provider", "cpu")
    assert result.exit_code == 3
    assert result.stderr.strip().splitlines()[-1].startswith("stylex: nowhere has no adain-fp32.onnx")
    assert "Traceback" not in result.stderr


@pytest.mark.usefixtures("short")
def test_a_verdict_is_kept_and_auto_means_it(shot: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_cli("bench", "adain", "--size", 32, "--photo", shot, "--provider", "cpu", "--keep", "--json", "b.json")
    assert result.exit_code == 0, result.output
    found = json.loads(Path("b.json").read_text(encoding="utf-8"))["verdict"]
    assert f"take {found['precision']} for adain on cpu" in result.stdout
    assert f"auto means {found['precision']} for adain on cpu from now on" in result.stdout
    assert f"kept for adain on cpu: {found['precision']}" in run_cli("doctor").stdout


@pytest.mark.usefixtures("short")
def test_csv_and_chart(shot: Path, run_cli: RunCli) -> None:
    files = ("--csv", "b.csv", "--chart", "b.svg")
    result = run_cli("bench", "adain", "--size", 32, "--precision", "fp32", "--photo", shot, *files)
    assert result.exit_code == 0, result.output
    assert "b.svg: 1 marks" in result.stdout
    assert Path("b.csv").read_text(encoding="utf-8").count("\n") == 2
    assert "</svg>" in Path("b.svg").read_text(encoding="utf-8")


def test_two_files_are_compared(run_cli: RunCli, fails: Fails, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, median in (("before.json", 10.0), ("after.json", 20.0)):
        write_report(
            Path(name), [Row("stylex adain", "int8", "cpu", 512, 0, **percentiles([median, median + 0.1] * 9))]
        )
    result = run_cli("bench", "--compare", "before.json", "after.json", "--json", "ratios.json")
    assert result.exit_code == 0, result.output
    assert "slower" in result.stdout
    (ratio,) = json.loads(Path("ratios.json").read_text(encoding="utf-8"))["ratios"]
    assert ratio["verdict"] == "slower" and 1.9 < ratio["times"] < 2.1
    assert "no.json can't be read" in fails(3, "bench", "--compare", "before.json", "no.json")
    assert "TECHNIQUE is missing" in fails(2, "bench")


@pytest.mark.usefixtures("short")
def test_the_load_generator_on_the_command_line(shot: Path, run_cli: RunCli, fails: Fails) -> None:
    pytest.importorskip("mlperf_loadgen", reason="the load generator comes with stylex[bench]")
    options = ("--style", "the-scream", "--size", 32, "--seconds", 1, "--photo", shot, "--json", "l.json")
    result = run_cli("bench", "fast", "--loadgen", *options)
    assert result.exit_code == 0, result.output
    assert "SingleStream" in result.stdout and "Offline" in result.stdout
    first, second = json.loads(Path("l.json").read_text(encoding="utf-8"))["rows"]
    assert first["p90_ms"] > 0 < second["samples_per_second"]
    message = fails(2, "bench", "fast", "--loadgen", "--size", 32, "--size", 64)
    assert "runs one configuration" in message
