"""Readers on damaged inputs: a few of each in this process, and a reader with a bug, which must be found."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from reliability.fuzzing.__main__ import READERS, blindly


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("reader", READERS)
def test_every_end_is_a_permitted_one(reader: str, capsys: pytest.CaptureFixture[str]) -> None:
    if reader == "request" and importlib.util.find_spec("fastapi") is None:
        pytest.skip("needs fastapi: pip install 'stylex[serve]'")
    blindly(reader, seconds=20, runs=25, seed=0)
    assert "Done 25 runs" in capsys.readouterr().err
    assert not list(Path().iterdir())


def test_a_bug_is_found_and_its_input_kept() -> None:
    with pytest.raises(ZeroDivisionError):
        blindly("careless", seconds=20, runs=100_000, seed=0)
    assert Path("crash-careless").read_bytes()[5:6] == b"3"
