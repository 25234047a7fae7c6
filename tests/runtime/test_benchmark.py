"""Measuring: what a row holds, and processes of their own."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from stylex.errors import MissingPackage, ResourceError, UsageError
from stylex.runtime import benchmark
from stylex.runtime.benchmark import Row, default_photo, isolated, milliseconds, similarity, write_report
from stylex.techniques import technique_named


def test_milliseconds_warms_up_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    times = milliseconds(lambda: calls.append(1), seconds=0)
    assert len(times) == benchmark.LEAST_RUNS
    assert len(calls) == benchmark.LEAST_RUNS + benchmark.WARM_UP
    assert len(milliseconds(lambda: None, seconds=99)) == benchmark.MOST_RUNS
    assert (times >= 0).all()


def test_a_row_tells_what_really_ran(photo: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "MOST_RUNS", 2)
    monkeypatch.setattr(benchmark, "LEAST_RUNS", 2)
    row, painted = benchmark.paint_row("adain", "fp32", "cpu", 48, 1, photo, "", None)
    assert (row.name, row.precision, row.provider, row.size, row.threads) == ("stylex adain", "fp32", "cpu", 48, 1)
    assert 0 < row.median_ms <= row.p95_ms
    assert row.images_per_second == pytest.approx(1e3 / row.median_ms, rel=0.05)
    assert row.file_bytes is not None
    assert row.file_bytes > 1e5
    assert painted.shape == (48, 48, 3)


def test_a_row_of_one_styles_network(photo: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "MOST_RUNS", 2)
    monkeypatch.setattr(benchmark, "LEAST_RUNS", 2)
    row, painted = benchmark.paint_row("fast", "int8", "cpu", 48, 1, photo, "the-scream", None)
    assert (row.name, row.precision) == ("stylex fast the-scream", "int8")
    assert painted.shape == (48, 48, 3)


def test_similarity(photo: np.ndarray) -> None:
    assert similarity(photo, photo) == (100.0, 1.0)
    psnr, ssim = similarity(photo // 2, photo)
    assert 5 < psnr < 20
    assert ssim is not None
    assert 0 < ssim < 0.95


def test_without_scikit_image(photo: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skimage", None)
    monkeypatch.setitem(sys.modules, "skimage.metrics", None)
    assert similarity(photo, photo) == (100.0, None)
    with pytest.raises(MissingPackage, match=r"scikit-image, which isn't installed: pip install 'stylex\[export\]'"):
        default_photo()


def test_the_default_photo_is_a_picture() -> None:
    assert default_photo().dtype == np.uint8
    assert default_photo().shape[2] == 3


def test_report(tmp_path: Path) -> None:
    row = Row("stylex adain", "int8", "cpu", 512, 0, 1.0, 2.0, 1000.0)
    write_report(tmp_path / "r.json", [row, {"name": "other"}], title="x")
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert set(report) == {"machine", "rows", "title"}
    assert report["rows"][0]["median_ms"] == 1.0
    assert report["rows"][0]["psnr"] is None
    assert report["rows"][1] == {"name": "other"}
    assert {"processor", "cores", "gpus", "stylex", "onnxruntime", "providers"} <= set(report["machine"])


def test_processes_of_their_own() -> None:
    assert isolated(os.getpid) != os.getpid()
    with pytest.raises(UsageError, match="no technique 'picasso'"):
        isolated(technique_named, "picasso")
    with pytest.raises(ResourceError, match="was killed, perhaps out of memory"):
        isolated(os._exit, 1)
