"""`stylex run` on folders, on several files, and through pipes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from stylex.cli import main
from stylex.imaging.reading import decoded, read_picture
from stylex.imaging.writing import write_picture

RunCli = Callable[..., Result]
Fails = Callable[..., str]
STYLE = ("--style", "great-wave", "--provider", "cpu", "--precision", "int8")


@pytest.fixture
def photos(photo: np.ndarray, shot: Path) -> Path:
    folder = Path("photos")
    for name in ("1.jpg", "1.png", "a/1.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_picture(folder / name, photo)
    return folder


def test_a_folder(photos: Path, run_cli: RunCli) -> None:
    result = run_cli("run", "adain", photos, *STYLE, "-o", "out")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("out: 3 painted; adain int8 on cpu, ")
    assert result.stdout.count("\n") == 1
    assert sorted(p.as_posix() for p in Path("out").rglob("*.*g") if p.is_file()) == [
        "out/1.jpg",
        "out/1.png",
        "out/a/1.jpg",
    ]
    again = run_cli("run", "adain", photos, *STYLE, "-o", "out", "--resume", "--no-recursive")
    assert "out: 0 painted, 2 done before; " in again.stdout
    replaced = run_cli("run", "adain", photos, *STYLE, "-o", "out/", "--strength", 0.5, "--resume", "--workers", 1)
    assert "out: 3 painted (3 in place of others); " in replaced.stdout


def test_bad_photos_are_listed_at_the_end(photos: Path, run_cli: RunCli) -> None:
    (photos / "bad.jpg").touch()
    (photos / "a" / "cut.png").write_bytes((photos / "1.png").read_bytes()[:500])
    result = run_cli("run", "adain", photos, *STYLE, "-o", "out", "--report", "report.jsonl")
    assert result.exit_code == 3
    assert result.stdout.startswith("out: 3 painted, 2 failed; ")
    lines = sorted(result.stderr.splitlines())
    assert lines[0].startswith("stylex: photos/a/cut.png can't be decoded")
    assert lines[1].startswith("stylex: photos/bad.jpg is empty")
    assert len(lines) == 2
    report = [json.loads(line) for line in Path("report.jsonl").read_text().splitlines()]
    assert sorted(line["status"] for line in report) == ["failed", "failed", "painted", "painted", "painted"]


def test_json(photos: Path, run_cli: RunCli) -> None:
    (photos / "bad.jpg").touch()
    result = run_cli("run", "adain", photos, *STYLE, "-o", "out", "--json")
    report = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (3, "")
    assert (report["painted"], report["failed"][0]["photo"]) == (3, "photos/bad.jpg")
    one = json.loads(run_cli("run", "adain", photos / "1.jpg", *STYLE, "--json").stdout)
    assert (one["output"], one["width"], one["precision"]) == ("photos/1-adain-great-wave.jpg", 128, "int8")


def test_each_style_of_several_files(photos: Path, run_cli: RunCli) -> None:
    files = (photos / "1.jpg", photos / "1.png")
    result = run_cli("run", "adain", *files, *STYLE, "--style", "irises", "--each", "-o", "out")
    assert result.stdout.startswith("out: 4 painted; ")
    assert {p.name for p in Path("out").glob("[!.]*")} == {
        f"1-adain-{style}.{suffix}" for style in ("great-wave", "irises") for suffix in ("jpg", "png")
    }
    beside = run_cli("run", "fast", photos / "1.jpg", "--style", "the-scream", "--style", "great-wave", "--each")
    assert beside.stdout.startswith("beside the photos: 2 painted; ")
    assert (photos / "1-fast-the-scream.jpg").is_file()


def test_one_photo_into_a_folder(shot: Path, run_cli: RunCli) -> None:
    Path("there").mkdir()
    for folder in ("there", "there/", "new/"):
        result = run_cli("run", "adain", shot, *STYLE, "-o", folder)
        assert result.stdout.startswith(f"{folder.rstrip('/')}/photo-adain-great-wave.png: 128x96")


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("photos",), 2, "photos is a folder: give a folder for the paintings too (--output OUT/)"),
        (("photos", "-o", "photos"), 3, "would lie among the photos"),
        (("photos", "-o", "."), 3, "would lie among the photos"),
        (("photos", "-o", "all.jpg"), 2, "all.jpg is one picture; several paintings need a folder (--output OUT/)"),
        (("photos", "-o", "photo.png/out"), 3, "can't be a folder, a file is in its place"),
        (("photos", "photo.png", "-o", "-"), 2, "- stands for one photo"),
        (("-", "photo.png", "-o", "out"), 2, "- stands for one photo"),
        (("photos", "-o", "out", "--each", "--weight", "2"), 2, "leave one of the two out"),
        (("photo.png", "--resume"), 2, "give a folder for them (--output OUT/)"),
        (("photos", "none.jpg", "-o", "out"), 3, "none.jpg doesn't exist"),
    ],
)
def test_calls_that_are_wrong(arguments: tuple[str, ...], code: int, expected: str, photos: Path, fails: Fails) -> None:
    assert expected in fails(code, "run", "adain", *arguments, *STYLE)
    assert not Path("out").exists()


def test_pictures_for_one_photo_are_refused_for_many(photos: Path, fails: Fails) -> None:
    call = ("run", "gatys", photos, "--style", "photo.png", "-o", "out", "--preview", "p.png")
    assert "--preview shows one photo" in fails(2, *call)


def piped(data: bytes, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["run", "adain", *arguments, *STYLE], input=data)


@pytest.mark.parametrize(("suffix", "kind"), [("png", b"\x89PNG"), ("jpg", b"\xff\xd8\xff"), ("webp", b"RIFF")])
def test_through_pipes(suffix: str, kind: bytes, photo: np.ndarray, shot: Path) -> None:
    write_picture(f"given.{suffix}", photo)
    given = Path(f"given.{suffix}").read_bytes()
    for output in ((), ("-o", "-")):
        result = piped(given, "-", *output)
        assert result.exit_code == 0, result.output
        assert result.stdout_bytes.startswith(kind)
        assert result.stderr.startswith("standard output: 128x96, adain int8 on cpu")
    piped(given, "-", "-o", "file.png")
    piped(given, "-", "-o", "folder/")
    assert Path(f"folder/stdin-adain-great-wave.{suffix}").is_file()
    if suffix == "png":
        np.testing.assert_array_equal(decoded(result.stdout_bytes, "piped").rgb, read_picture("file.png").rgb)


def test_a_file_to_standard_output(shot: Path, run_cli: RunCli) -> None:
    result = run_cli("run", "adain", shot, *STYLE, "-o", "-", "--json")
    assert decoded(result.stdout_bytes, "piped").rgb.shape == (96, 128, 3)
    assert json.loads(result.stderr)["output"] == "standard output"


@pytest.mark.parametrize(("data", "expected"), [(b"", "standard input is empty"), (b"text", "isn't a picture")])
def test_nothing_usable_on_standard_input(data: bytes, expected: str, shot: Path) -> None:
    result = piped(data, "-")
    assert (result.exit_code, result.stdout_bytes) == (3, b"")
    assert expected in result.stderr and result.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_keeps_what_is_done(number: int, photo: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for i in range(400):
        write_picture(tmp_path / "photos" / f"{i:03}.png", photo)
    call = [sys.executable, "-m", "stylex", "run", "adain", "photos", *STYLE, "-o", "out", "--resume"]
    run = subprocess.Popen(call, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True)
    journal = tmp_path / "out" / ".stylex.jsonl"
    while run.poll() is None and (not journal.exists() or journal.read_bytes().count(b"\n") < 5):
        time.sleep(0.01)
    os.kill(run.pid, number)
    _, errors = run.communicate(timeout=30)
    assert run.returncode == 128 + number, errors
    assert errors.startswith("stylex: stopped after ") and errors.count("\n") == 1 and "--resume" in errors
    files = [file.name for file in (tmp_path / "out").iterdir() if file.name != journal.name]
    lines = journal.read_text().splitlines()
    assert len(files) == len(lines) < 400
    assert not [name for name in files if name.startswith(".")]
    assert all(read_picture(tmp_path / "out" / name).rgb.shape == photo.shape for name in files)
