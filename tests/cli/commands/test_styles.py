"""`stylex styles`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from click.testing import Result

from stylex.artifacts.style_code import built_in, load_code

RunCli = Callable[..., Result]
Fails = Callable[..., str]


def test_list(run_cli: RunCli) -> None:
    lines = run_cli("styles", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(built_in("adain"))
    assert any("Hokusai" in line for line in lines)


def test_list_as_json(run_cli: RunCli) -> None:
    rows = json.loads(run_cli("styles", "list", "--json").stdout)
    assert [row["name"] for row in rows] == list(built_in("adain"))
    assert set(rows[0]) == {"name", "work", "technique"}


def test_show(run_cli: RunCli, tmp_path: Path) -> None:
    shown = run_cli("styles", "show", "great-wave").stdout
    assert json.loads(shown)["name"] == "great-wave"
    (tmp_path / "copy.style").write_text(shown, encoding="utf-8")
    np.testing.assert_array_equal(load_code(tmp_path / "copy.style").values, built_in("adain")["great-wave"].values)
    assert run_cli("styles", "show", tmp_path / "copy.style").stdout == shown


def test_show_what_is_not_there(shot: Path, fails: Fails) -> None:
    assert "built-in are " in fails(2, "styles", "show", "mona-lisa")
    assert "is not a file" in fails(3, "styles", "show", "missing.style")
    assert "photo.png is a PNG picture: make one with" in fails(3, "styles", "show", shot)


def test_encode(shot: Path, run_cli: RunCli) -> None:
    result = run_cli("styles", "encode", shot, "-o", "own.style", "--threads", 1)
    assert result.stdout == f"own.style: {len(load_code('own.style').values)} values, for adain\n"
    code = load_code("own.style")
    assert code.name == "photo"
    assert Path("own.style").stat().st_size < 30_000
    fits = built_in("adain")["irises"]
    code.check_fits(fits.technique, fits.weights_sha256, len(fits.values))


def test_encode_refuses(shot: Path, fails: Fails) -> None:
    assert "own.json must end in .style" in fails(2, "styles", "encode", shot, "-o", "own.json")
    assert "no technique 'picasso'" in fails(2, "styles", "encode", shot, "-o", "a.style", "--technique", "picasso")
    assert "the folder no doesn't exist" in fails(3, "styles", "encode", shot, "-o", "no/own.style")
    assert "missing.jpg doesn't exist" in fails(3, "styles", "encode", "missing.jpg", "-o", "own.style")
    Path("own.style").mkdir()
    assert "own.style is a folder" in fails(3, "styles", "encode", shot, "-o", "own.style")
