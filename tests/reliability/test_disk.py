"""All or nothing on disk: short campaigns, and a verb that writes without care, whose faults they must find."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from reliability.disk import faults
from reliability.disk.calls import out_of_order, spread
from reliability.disk.verbs import differences, faults_in

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'benchmarks'}", "OMP_NUM_THREADS": "1"}
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and kills by Linux's signals")
needs_compiler = pytest.mark.skipif(not faults.can_be_built(), reason="the preloaded library needs gcc")


def campaign(name: str, *arguments: object, folder: Path) -> tuple[int, dict[str, Any]]:
    """Runs a campaign in a process of its own, as forks of one with threads aren't safe."""
    command = [sys.executable, "-m", f"reliability.disk.{name}", *map(str, arguments), "--json", folder / "told.json"]
    ended = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert ended.returncode in (0, 1), ended.stderr
    return ended.returncode, json.loads((folder / "told.json").read_text())


def test_killed_at_random_instants(tmp_path: Path) -> None:
    code, report = campaign("kills", "--verb", "run folder", "--runs", 6, folder=tmp_path)
    assert (code, report["faults"]) == (0, [])
    assert report["figures"]["kills"] == 6


def test_a_verb_without_care_is_caught_when_it_is_killed(tmp_path: Path) -> None:
    code, told = campaign("kills", "--verb", "careless", "--runs", 8, folder=tmp_path)
    assert code == 1
    assert any("painted.png is torn" in fault for fault in told["faults"])


def test_places_that_change(tmp_path: Path) -> None:
    code, report = campaign("places", "--verb", "run folder", "--rounds", 2, folder=tmp_path)
    assert (code, report["faults"]) == (0, [])
    assert set(report["figures"].values()) == {2} and len(report["figures"]) >= 3


def test_torn_files_on_a_full_disk_are_caught(tmp_path: Path) -> None:
    code, report = campaign("places", "--verb", "careless", "--rounds", 2, folder=tmp_path)
    assert code == 1
    for change in {"full", "small_disk"} & report["figures"].keys():
        assert any(f"{change} 0: painted.png is torn" in one for one in report["faults"]), change


@needs_compiler
def test_every_call_of_one_painting_fails_once(tmp_path: Path) -> None:
    code, report = campaign("calls", "--verb", "run", folder=tmp_path)
    assert (code, report["faults"]) == (0, [])
    assert report["figures"]["failed"] == report["figures"]["killed"] == report["figures"]["calls"] >= 8


@needs_compiler
def test_a_verb_without_care_is_caught(tmp_path: Path) -> None:
    code, report = campaign("calls", "--verb", "careless", "--most", 3, folder=tmp_path)
    assert code == 1
    for fault in ("is torn", "exit code 99", "killed before call"):
        assert any(fault in one for one in report["faults"]), fault


WHOLE = [("write", ".stylex-0a.png"), ("fsync", ".stylex-0a.png"), ("rename", "a.png"), ("fsync", "")]


@pytest.mark.parametrize(
    ("calls", "caught"),
    [
        (WHOLE, 0),
        ([*WHOLE[:1], *WHOLE[2:]], 1),
        ([WHOLE[1], WHOLE[0], *WHOLE[2:]], 1),
        (WHOLE[:3], 1),
        (WHOLE[2:3], 2),
    ],
)
def test_the_order_of_calls(calls: list[tuple[str, str]], caught: int) -> None:
    assert len(list(out_of_order(calls))) == caught


def test_what_counts_as_a_fault() -> None:
    before, whole = (
        {"a.png": b"earlier", "in.png": b"in"},
        {"a.png": b"whole", "in.png": b"in", "r.jsonl": b'{"a": 1}\n'},
    )
    left = {"in.png": b"in", ".stylex-0123abcd.png": b"half"}
    assert list(faults_in({**before, "r.jsonl": b'{"a": 2}\n{"a"'}, before, whole, killed=True)) == []
    assert list(faults_in(left, before, whole, killed=True)) == ["a.png is lost"]
    assert list(faults_in({**before, **left}, before, whole, killed=False)) == [".stylex-0123abcd.png is left behind"]
    assert list(faults_in({**before, "a.png": b"who"}, before, whole, killed=True)) == ["a.png is torn: 3 of 5 bytes"]
    assert list(faults_in({**before, "b": b""}, before, whole, killed=True)) == ["b is no file of the verb"]
    assert sorted(differences({"a.png": b"x", "b": b""}, {"a.png": b"y", "c": b""})) == [
        "a.png differs", "b is left over", "c is missing"]  # fmt: skip


def test_numbers_are_spread_evenly() -> None:
    assert spread(3, 5) == [1, 2, 3]
    assert spread(101, 3) == [1, 51, 101]
    assert spread(0, 3) == []
