"""`stylex sheet`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from stylex.imaging.reading import read_picture

RunCli = Callable[..., Result]
Fails = Callable[..., str]
SMALL = ("--size", 64, "--side", 64, "--threads", 1, "--provider", "cpu")


def test_every_built_in_style(shot: Path, run_cli: RunCli) -> None:
    result = run_cli("sheet", shot, *SMALL)
    height, width = read_picture("photo-sheet.png").rgb.shape[:2]
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"photo-sheet.png: {width}x{height}, 18 styles, adain\n"


def test_chosen_styles_as_json(shot: Path, run_cli: RunCli) -> None:
    call = ("--technique", "fast", "--style", "the-scream", "--columns", 1, "-o", "s.jpg", "--json")
    report = json.loads(run_cli("sheet", shot, *call, *SMALL).stdout)
    assert report["styles"] == ["the-scream"]
    assert read_picture("s.jpg").rgb.shape[:2] == (report["height"], report["width"])


def test_calls_that_are_wrong(shot: Path, fails: Fails) -> None:
    assert "none.jpg doesn't exist" in fails(3, "sheet", "none.jpg")
    assert "is also an input" in fails(3, "sheet", shot, "-o", shot)
    assert "no technique 'x'" in fails(2, "sheet", shot, "--technique", "x")
    assert "has no built-in styles: give some (--style PICTURE.jpg)" in fails(2, "sheet", shot, "--technique", "gatys")
    assert "neither a file nor a built-in style" in fails(2, "sheet", shot, "--style", "mona-lisa")
