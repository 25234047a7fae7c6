"""The short form of the campaigns on overload: own answers, whole ends, complete reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from reliability import overload, overload_folder


@pytest.mark.skipif(not overload.LIMITS, reason="the system has no limits of another process's memory")
def test_a_flooded_service_gives_everyone_the_own_answer() -> None:
    pytest.importorskip("fastapi", reason="needs the extra serve: pip install 'stylex[serve]'")
    figures, faults = overload.campaign(40, 10, measures=False)
    assert faults == []
    assert (figures["requests"], figures["painted"], figures["refused"]) == (40, 36, 4)


def test_a_folder_with_poisoned_photos_is_painted_whole() -> None:
    figures, faults = overload_folder.campaign(60, measures=False)
    assert faults == []
    assert figures["photos"] == 60
    assert figures["SIGTERMs"] in (1, 2, 3)


def test_lost_and_doubled_photos_of_a_folder_are_noticed(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for out in (whole, parts):
        out.mkdir()
        for name in ("00000.png", "00001.png"):
            (out / name).write_bytes(name.encode())
        lines = [json.dumps({"photo": f"in/{number:05}.png", "status": "painted"}) for number in range(2)]
        out.with_suffix(".jsonl").write_text("\n".join(lines))
    good = {"00000.png", "00001.png"}
    assert overload_folder.faults_in(whole, parts, good, 2) == []
    parts.with_suffix(".jsonl").write_text("\n".join([*lines, lines[0]]))
    (parts / "00001.png").write_bytes(b"cut")
    differs, twice = overload_folder.faults_in(whole, parts, good, 2)
    assert "differs from what was painted in one go" in differs and "the report of parts" in twice
    (whole / "00001.png").unlink()
    assert overload_folder.faults_in(whole, parts, good, 2)[0] == "1 paintings of 2"


def test_answers_that_are_mixed_up_are_noticed() -> None:
    pytest.importorskip("fastapi", reason="needs the extra serve: pip install 'stylex[serve]'")
    assert overload.mixed_up() >= 6  # of 12; poisoned and painted ones don't show it
