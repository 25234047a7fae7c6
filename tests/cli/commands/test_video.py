"""`stylex video` as users call it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import Result

RunCli = Callable[..., Result]
Fails = Callable[..., str]
Make = Callable[..., Path]
FAST = ("--technique", "fast", "--style", "the-scream", "--threads", "1", "--precision", "int8")
ADAIN = ("--style", "great-wave", "--threads", "1", "--precision", "int8")


@pytest.fixture
def film(make_film: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A film in the current folder, 64x48, 8 frames."""
    monkeypatch.chdir(tmp_path)
    return Path(make_film(sound=True).name)


def frames_of(path: str) -> list[np.ndarray]:
    with av.open(path) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_a_film(film: Path, run_cli: RunCli) -> None:
    result = run_cli("video", film, "out.mp4", *ADAIN, "--json", "report.json")
    assert (result.exit_code, result.stderr) == (0, "")
    report = json.loads(Path("report.json").read_text())
    rate = f"{report['frames_per_second']:.1f} frames/s"
    expected = f"out.mp4: 8 frames of 64x48, adain int8 on cpu, temporal statistics, {rate}\n"
    assert result.stdout == expected
    assert report["style"] == "great-wave" and report["shots"] == 1
    assert len(frames_of("out.mp4")) == 8
    assert sorted(entry.name for entry in Path().iterdir()) == ["film.mp4", "out.mp4", "report.json"]


@pytest.mark.parametrize("mode", ["off", "statistics", "flow"])
def test_every_mode_of_every_kind(mode: str, film: Path, run_cli: RunCli) -> None:
    result = run_cli("video", film, "out.mkv", *FAST, "--temporal", mode)
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"fast int8 on cpu, temporal {mode}, " in result.stdout
    cartoon = ("--technique", "cyclegan", "--style", "cartoon", "--threads", "1")
    result = run_cli("video", film, "out.mkv", *cartoon, "--temporal", mode)
    assert result.stderr.count("cyclegan has no statistics") == (mode != "off")
    assert f"temporal {'flow' if mode == 'flow' else 'off'}, " in result.stdout


def test_options(film: Path, run_cli: RunCli) -> None:
    options = ("--size", 32, "--strength", 0.5, "--keep-colors", "--keyframes", 2, "--crf", 30, "--start", 0.1)
    result = run_cli("video", film, "out.mov", *ADAIN, *options, "--end", 0.3)
    assert result.exit_code == 0
    assert result.stdout.startswith("out.mov: 5 frames of 32x24, ")
    assert run_cli("video", film, "a.mp4", *ADAIN, "--style", "irises", "--frames", 2).stdout.startswith(
        "a.mp4: 2 frames"
    )
    mixed = ("--style", "irises", "--weight", 1, "--weight", 0, "--frames", 2, "--crf", 1)
    run_cli("video", film, "mixed.mp4", *ADAIN, *mixed)
    run_cli("video", film, "wave.mp4", *ADAIN, "--frames", 2, "--crf", 1)
    np.testing.assert_allclose(frames_of("mixed.mp4"), frames_of("wave.mp4"), atol=8)


def test_wrong_calls(film: Path, fails: Fails, run_cli: RunCli) -> None:
    assert "'out.gif'" not in fails(2, "video", film, "out.gif", *ADAIN)
    assert "the end 1 doesn't come after the start 2 (--start, --end)" in fails(
        2, "video", film, "out.mp4", *ADAIN, "--start", 2, "--end", 1
    )
    assert "1 --style and 2 --weight" in fails(2, "video", film, "out.mp4", *ADAIN, "--weight", 1, "--weight", 2)
    assert "a network of fast has one style" in fails(2, "video", film, "out.mp4", *FAST, "--style", "starry-night")
    assert "fast needs a style; choose " in fails(2, "video", film, "out.mp4", "--technique", "fast")
    strong = fails(2, "video", film, "out.mp4", *FAST, "--strength", 1.2)
    assert "strength is 1.2; it must lie between 0 and 1" in strong
    assert "neither a file nor a built-in style" in fails(2, "video", film, "out.mp4", "--style", "mona-lisa")
    assert "Missing option '--style'" in run_cli("video", film, "out.mp4").stderr
    assert "'gatys' is not one of" in run_cli("video", film, "out.mp4", "--technique", "gatys").stderr
    message = fails(2, "run", "video", "photo.png", "--style", "irises")
    assert message.startswith("stylex: video paints no single photo: use `stylex video --help`")
    assert [entry.name for entry in Path().iterdir()] == ["film.mp4"]


def test_films_that_cannot_be_used(film: Path, fails: Fails) -> None:
    Path("text.mp4").write_text("hello")
    data = film.read_bytes()
    Path("cut.mp4").write_bytes(data[: len(data) // 2])
    assert "nowhere.mp4 doesn't exist" in fails(3, "video", "nowhere.mp4", "out.mp4", *FAST)
    assert "text.mp4 can't be opened" in fails(3, "video", "text.mp4", "out.mp4", *FAST)
    assert "is cut short before the first" in fails(3, "video", "cut.mp4", "out.mp4", *FAST)
    assert "is also the input" in fails(3, "video", film, film, *FAST)
    assert "the folder no/where doesn't exist" in fails(3, "video", film, "no/where/out.mp4", *FAST)
    assert "the folder no/where doesn't exist" in fails(3, "video", film, "out.mp4", *FAST, "--json", "no/where/r.json")
    assert not Path("out.mp4").exists()
    assert film.read_bytes() == data


def test_a_film_cut_short_names_the_frame(make_film: Make, tmp_path: Path, fails: Fails) -> None:
    film = make_film(pictures=48, options={"movflags": "+faststart"})
    film.write_bytes(film.read_bytes()[:-400])
    message = fails(3, "video", film, tmp_path / "out.mp4", *FAST)
    assert "film.mp4 is cut short: frame " in message and " of 48 is missing: get it again" in message
    assert [entry.name for entry in tmp_path.iterdir()] == ["film.mp4"]


def test_without_pyav(tmp_path: Path) -> None:
    call = f"main(['video', 'a.mp4', {str(tmp_path / 'b.mp4')!r}, '--style', 'irises'])"
    code = f"import sys; sys.modules['av'] = None; from stylex.cli import main; {call}"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    expected = (
        "stylex: this needs av, which isn't installed: pip install 'stylex[video]' [docs/errors.md#missingpackage]\n"
    )
    assert (result.returncode, result.stdout, result.stderr) == (5, "", expected)
