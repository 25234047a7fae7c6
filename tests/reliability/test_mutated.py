"""Damaged files: a short campaign in this process, and faults that it must catch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from reliability.mutated import __main__ as campaign
from reliability.mutated import worker
from reliability.mutated.targets import IN_PYTHON, ORIGINALS, picture

from stylex.errors import InputError


@pytest.mark.parametrize(("kind", "count"), [("pictures", 150), ("codes", 4), ("films", 20)])
def test_damaged_files_are_read_or_refused(kind: str, count: int, tmp_path: Path) -> None:
    wholes = list(ORIGINALS[kind](tmp_path))
    for number in range(count):
        suffix, data = worker.damaged(wholes, kind, 1, number)
        (path := tmp_path / f"damaged{suffix}").write_bytes(data)
        ended = worker.outcome(IN_PYTHON[kind], path)
        assert "fault" not in ended, f"{kind}:{number} {ended}"


def test_the_same_number_is_the_same_file(tmp_path: Path) -> None:
    wholes = list(ORIGINALS["pictures"](tmp_path))
    one, again, other = (worker.damaged(wholes, "pictures", 1, number) for number in (3, 3, 4))
    assert one == again != other


def test_faults_are_caught(tmp_path: Path) -> None:
    def traceback(_: Path) -> None:
        raise KeyError("tag")

    class TwoLinesError(InputError):
        def __str__(self) -> str:
            return "one\ntwo"

    def two_lines(_: Path) -> None:
        raise TwoLinesError

    assert "KeyError: 'tag'" in worker.outcome(traceback, tmp_path)["fault"]
    assert "2 lines" in worker.outcome(two_lines, tmp_path)["fault"]
    (tmp_path / "nothing.png").touch()
    assert worker.outcome(picture, tmp_path / "nothing.png") == {"ended": "refused"}


def test_crashes_and_hangs_are_faults_and_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import json, os, sys, time\n"
        "first, behind = map(int, sys.orig_argv[-2:])\n"
        "for number in range(first, behind):\n"
        "    print(json.dumps({'number': number, 'suffix': '.png'}), flush=True)\n"
        "    if number == 1: os.kill(os.getpid(), 9)\n"
        "    if number == 3: time.sleep(60)\n"
        "    print(json.dumps({'ended': 'read', 'seconds': 0.1}), flush=True)\n"
        "os._exit(0)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setitem(campaign.LONGEST, "python", 1.0)
    found = campaign.run("pictures", "python", 0, 6)
    assert found.ended["read"] == 4
    crashed, hung = found.faults
    assert "pictures:1 .png" in crashed and "-9" in crashed
    assert "pictures:3 .png" in hung and "longer than 1 s" in hung
