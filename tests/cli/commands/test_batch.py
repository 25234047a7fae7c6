"""`stylex batch`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from stylex.imaging.writing import write_picture

RunCli = Callable[..., Result]
Fails = Callable[..., str]
STYLE = ("--style", "irises", "--precision", "int8", "--provider", "cpu")


@pytest.fixture
def photos(photo: np.ndarray, shot: Path) -> Path:
    Path("photos/a").mkdir(parents=True)
    write_picture("photos/a/1.jpg", photo)
    write_picture("photos/2.png", photo)
    return Path("photos")


def test_the_same_call_goes_on(photos: Path, run_cli: RunCli) -> None:
    first = run_cli("batch", photos, "out", *STYLE)
    assert first.exit_code == 0
    assert first.stdout.startswith("out: 2 painted; adain int8 on cpu, ")
    (photos / "bad.jpg").touch()
    again = run_cli("batch", photos, "out", *STYLE, "--json", "--report", "r.jsonl")
    report = json.loads(again.stdout)
    assert (again.exit_code, report["painted"], report["skipped"], len(report["failed"])) == (3, 0, 2, 1)
    assert len(Path("out/.stylex/failed.jsonl").read_text().splitlines()) == 1
    assert len(Path("r.jsonl").read_text().splitlines()) == 3


def test_each_style_of_a_technique(photos: Path, run_cli: RunCli) -> None:
    call = ("--technique", "fast", "--style", "the-scream", "--style", "great-wave", "--each")
    assert run_cli("batch", photos, "out", *call).stdout.startswith("out: 4 painted; ")
    assert Path("out/great-wave/a/1.jpg").is_file()


def test_calls_that_are_wrong(photos: Path, fails: Fails, run_cli: RunCli) -> None:
    assert "isn't on this machine: take the engine that reaches it (--engine ray)" in fails(
        5, "batch", "s3://b/c", "out", *STYLE
    )
    assert "would lie among the photos" in fails(3, "batch", photos, photos, *STYLE)
    assert "leave one of the two out" in fails(2, "batch", photos, "out", *STYLE, "--each", "--weight", 2)
    assert "Missing option '--style'" in run_cli("batch", photos, "out").stderr
    assert "'spark' is not one of" in run_cli("batch", photos, "out", *STYLE, "--engine", "spark").stderr


def test_what_ray_prints_stays_out_of_the_report(
    photos: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stylex.batch import batch

    def printing(*arguments: Any, **options: Any) -> Any:
        print("(raylet) WARNING: 8 PYTHON worker processes have been started")  # from a thread of Ray's
        return local(*arguments, **{**options, "engine": "local"})

    local = batch.stylize_batch
    monkeypatch.setattr(batch, "stylize_batch", printing)
    done = run_cli("batch", photos, "out", *STYLE, "--engine", "ray", "--json")
    assert json.loads(done.stdout)["painted"] == 2 and "(raylet)" in done.stderr
