"""One measured configuration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stylex.artifacts.catalog import transfer_file
from stylex.files import sha256_of
from stylex.runtime.benchmark import timing
from stylex.runtime.benchmark.row import Configuration, paint_row, percentiles


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LEAST_RUNS", "MOST_RUNS"):
        monkeypatch.setattr(timing, name, 3)


def test_a_row_tells_what_was_asked_and_what_really_ran(photo: np.ndarray) -> None:
    row, painted = paint_row(Configuration("adain", "fp32", "auto", 48, 1), photo)
    assert (row.name, row.precision, row.provider, row.size, row.threads) == ("stylex adain", "fp32", "cpu", 48, 1)
    assert row.asked == "auto"
    assert 0 < row.p50_ms <= row.p90_ms <= row.p99_ms
    assert row.runs == len(row.times_ms) == 3
    assert row.images_per_second == pytest.approx(1e3 / row.p50_ms, rel=0.05)
    assert row.load_ms is not None and row.first_call_ms is not None and row.load_ms > 0 < row.first_call_ms
    assert row.engine_share is not None and 0.1 < row.engine_share <= 1
    assert set(row.nodes) == {"CPUExecutionProvider"} and row.nodes["CPUExecutionProvider"] > 50
    assert row.fallen == {}
    assert row.file_bytes is not None and row.file_bytes > 1e5
    assert row.sha256 == sha256_of(transfer_file("adain", "fp32"))
    assert {"clock_mhz", "temperature_c", "load", "power_w", "gpus"} <= set(row.conditions)
    assert painted.shape == (48, 48, 3)


def test_a_row_of_one_styles_network(photo: np.ndarray) -> None:
    row, painted = paint_row(Configuration("fast", "int8", "cpu", 48, 1, "the-scream"), photo)
    assert (row.name, row.precision) == ("stylex fast the-scream", "int8")
    assert painted.shape == (48, 48, 3)


def test_the_profile_is_cleaned_up(photo: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paint_row(Configuration("fast", "int8", "cpu", 48, 1, "the-scream"), photo)
    assert list(tmp_path.iterdir()) == []


def test_percentiles() -> None:
    found = percentiles(np.arange(1, 102, dtype=float))
    assert (found["p50_ms"], found["p90_ms"], found["p99_ms"], found["runs"]) == (51, 91, 100, 101)
    assert found["images_per_second"] == pytest.approx(19.61)
