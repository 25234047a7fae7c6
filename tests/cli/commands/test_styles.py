"""`stylex styles`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from stylex.artifacts.style_code import built_in, load_code
from stylex.models.weights import embedded

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


@pytest.fixture
def photos(shot: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(8):
        shutil.copy(shot, folder / f"{number}.png")
    return folder


def test_refine(shot: Path, photos: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stylex.models.training.code_refinement.TRIALS", 1)
    monkeypatch.setattr("stylex.models.training.arbitrary_style.SCALE_PICTURES", 4)
    call = ("styles", "refine", shot, "--content", photos, "--technique", "adain-s", "--steps", 1, "--threads", 1)
    result = run_cli(*call, "-o", "own.style")
    assert "8 pictures, 0 skipped" in result.stderr and "the embedded encoder judges in their place" in result.stderr
    assert result.stdout.startswith("own.style: ") and result.stdout.count("\n") == 1
    code = load_code("own.style")
    fits = built_in("adain-s")["irises"]
    code.check_fits("adain-s", fits.weights_sha256, len(fits.values))
    assert run_cli("run", "adain-s", shot, "--style", "own.style", "-o", "painted.png").exit_code == 0
    told = json.loads(run_cli(*call, "-o", "own.style", "--json").stdout)
    assert told["output"] == "own.style" and told["before"].keys() == told["after"].keys() >= {"style", "content"}


def test_refine_refuses(shot: Path, photos: Path, fails: Fails, run_cli: RunCli) -> None:
    call = ("styles", "refine", shot, "--content", photos, "-o", "own.style")
    assert "own.json must end in .style" in fails(2, *call[:-1], "own.json")
    assert "fast has no style codes; adain" in fails(2, *call, "--technique", "fast")
    assert "semantic has no style codes" in fails(2, *call, "--technique", "semantic")
    assert "missing.jpg doesn't exist" in fails(3, "styles", "refine", "missing.jpg", *call[3:])
    assert "doesn't fit this network" in fails(
        4, *call, "--technique", "adain-s", "--weights", embedded("adain"), "--threads", 1
    )
    nowhere = run_cli(*call[:3], "--content", "nowhere", "-o", "own.style", "--threads", 1)
    assert nowhere.exit_code == 3 and "stylex: nowhere is not a folder" in nowhere.stderr
    assert not Path("own.style").exists()
