"""Reports: JSON that is read back, and CSV."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from stylex.errors import InputError
from stylex.runtime.benchmark.report import read_rows, write_csv, write_report
from stylex.runtime.benchmark.row import Row, percentiles


def a_row(**more: object) -> Row:
    return replace(Row("stylex adain", "int8", "cpu", 512, 0, **percentiles([1.0, 2.0, 3.0])), **more)


def test_a_report_has_the_machine_at_its_head(tmp_path: Path) -> None:
    write_report(tmp_path / "r.json", [a_row(), {"name": "other"}], title="x")
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert set(report) == {"machine", "rows", "title"}
    assert report["rows"][0]["p50_ms"] == 2.0
    assert report["rows"][0]["psnr"] is None
    assert report["rows"][1] == {"name": "other"}
    assert {"processor", "cores", "gpus", "stylex", "onnxruntime", "providers"} <= set(report["machine"])


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    rows = [a_row(psnr=31.5, nodes={"CPUExecutionProvider": 3}), a_row(size=256)]
    write_report(tmp_path / "r.json", rows)
    assert read_rows(tmp_path / "r.json") == rows


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"rows": [{"name": "x"}]}', '{"rows": 3}'])
def test_other_files_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"r\.json has no rows of `stylex bench`: measure again"):
        read_rows(tmp_path / "r.json")
    with pytest.raises(InputError, match=r"no\.json can't be read"):
        read_rows(tmp_path / "no.json")


def test_rows_without_single_times_are_refused(tmp_path: Path) -> None:
    write_report(tmp_path / "r.json", [a_row(times_ms=[])])
    with pytest.raises(InputError, match="without the times of single calls"):
        read_rows(tmp_path / "r.json")


def test_csv_has_a_line_a_row(tmp_path: Path) -> None:
    write_csv(tmp_path / "r.csv", [a_row(nodes={"CPUExecutionProvider": 3}), a_row(size=256)])
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["size"], second["size"], first["p50_ms"]) == ("512", "256", "2.0")
    assert json.loads(first["nodes"]) == {"CPUExecutionProvider": 3}
    assert "times_ms" not in first
