"""Which precision was measured to be the best here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stylex.errors import ResourceError
from stylex.files import config_folder
from stylex.runtime import kept_precisions
from stylex.runtime.kept_precisions import FILE, keep_precision, kept_precision
from stylex.runtime.loading import load


def test_auto_means_what_was_kept() -> None:
    assert kept_precision("adain", "cpu") is None
    usual = load("adain").precision
    other = "fp16" if usual != "fp16" else "fp32"
    path = keep_precision("adain", "cpu", other)
    keep_precision("fast", "cpu", "fp32")
    assert path == config_folder() / FILE
    assert kept_precisions.kept_precisions() == {"adain on cpu": other, "fast on cpu": "fp32"}
    assert load("adain").precision == other
    assert load("attention").precision == usual
    assert load("adain", "fp32").precision == "fp32"


def test_another_machine_s_measurements_count_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_precision("adain", "cpu", "fp16")
    monkeypatch.setattr(kept_precisions.hardware, "processor", lambda: "another")
    assert kept_precision("adain", "cpu") is None


@pytest.mark.parametrize("content", ["", "[]", "{", '{"adain on cpu": 3}', '{"adain on cpu": {}}'])
def test_a_damaged_file_counts_for_nothing(content: str) -> None:
    config_folder().mkdir(parents=True)
    (config_folder() / FILE).write_text(content, encoding="utf-8")
    assert kept_precision("adain", "cpu") is None
    keep_precision("adain", "cpu", "fp16")
    assert json.loads((config_folder() / FILE).read_text(encoding="utf-8"))["adain on cpu"]["precision"] == "fp16"


def test_a_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STYLEX_CONFIG", str(tmp_path / "file" / "stylex"))
    with pytest.raises(ResourceError, match="name another in STYLEX_CONFIG"):
        keep_precision("adain", "cpu", "fp16")
