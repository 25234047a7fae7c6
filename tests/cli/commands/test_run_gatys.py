"""`stylex run gatys`: a few iterations at small sizes."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from stylex.cli import main
from stylex.cli.progress import Bars
from stylex.imaging.reading import read_picture
from stylex.imaging.writing import write_picture
from stylex.models.encoders import opening
from stylex.models.reference.gatys import GatysSettings, Step
from stylex.runtime.style_painter import mixed

RunCli = Callable[..., Result]
Fails = Callable[..., str]
QUICK = ("--size", 48, "--iterations", 3, "--threads", 1)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def style(shot: Path, painting: np.ndarray) -> Path:
    write_picture("coffee.png", painting)
    return Path("coffee.png")


def files() -> list[str]:
    return sorted(entry.name for entry in Path().iterdir())


def test_a_painting_and_its_previews(shot: Path, style: Path, photo: np.ndarray, run_cli: RunCli) -> None:
    preview = ("--preview", "so-far.jpg", "--preview-every", 2)
    result = run_cli("run", "gatys", shot, "--style", style, *QUICK, *preview)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert result.stdout.startswith("photo-gatys-coffee.png: 48x36, gatys with slim, 3 iterations, ")
    assert files() == ["coffee.png", "photo-gatys-coffee.png", "photo.png", "so-far.jpg"]
    assert read_picture("so-far.jpg").rgb.shape == read_picture("photo-gatys-coffee.png").rgb.shape == (36, 48, 3)


def test_options_reach_the_library(shot: Path, style: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[GatysSettings] = []
    check = GatysSettings.check
    monkeypatch.setattr(GatysSettings, "check", lambda settings: (made.append(settings), check(settings)))
    options = ("--optimizer", "lbfgs", "--style-loss", "gram", "--style-weight", 2, "--content-weight", 0.3)
    more = ("--variation", 0.7, "--style", shot, "--weight", 3, "--weight", 1)
    assert run_cli("run", "gatys", shot, "--style", style, *more, *options, *QUICK).exit_code == 0
    assert made == [GatysSettings(3, 2.0, 0.3, 0.7, "gram", "lbfgs")]


def test_strength_and_colours(shot: Path, style: Path, run_cli: RunCli) -> None:
    for name, options in {
        "none": ("--strength", 0),
        "half": ("--strength", 0.5),
        "full": (),
        "kept": ("--keep-colors",),
    }.items():
        call = ("run", "gatys", shot, "--style", style, *QUICK, *options, "-o", f"{name}.png")
        assert run_cli(*call).exit_code == 0
    run_cli("run", "histogram", shot, "--style", style, "--size", 48, "--strength", 0, "-o", "small.png")
    none, half, full, kept, small = (
        read_picture(f"{n}.png").rgb.astype(float) for n in ("none", "half", "full", "kept", "small")
    )
    np.testing.assert_array_equal(none, small)
    assert np.abs(half - (small + full) / 2).max() <= 1
    means = [picture.mean((0, 1)) for picture in (small, full, kept)]
    assert np.abs(means[2] - means[0]).max() < np.abs(means[1] - means[0]).max()


def test_blending() -> None:
    photo, painted = np.full((1, 1, 3), 100, np.uint8), np.full((1, 1, 3), 200, np.uint8)
    assert [int(mixed(photo, painted, s)[0, 0, 0]) for s in (0.0, 0.25, 1.0, 1.5)] == [100, 125, 200, 250]
    assert int(mixed(painted, photo, 1.5)[0, 0, 0]) == 50


@pytest.mark.parametrize("at", [0, 2])
def test_ctrl_c_writes_what_there_is(at: int, shot: Path, style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tell = Bars.step

    def pressed(bars: Bars, step: Step) -> None:
        tell(bars, step)
        if step.done >= at:
            raise KeyboardInterrupt

    monkeypatch.setattr(Bars, "step", pressed)
    write_picture("out.png", np.zeros((4, 4, 3), np.uint8))
    call = ("run", "gatys", shot, "--style", style, *QUICK, "-o", "out.png")
    result = CliRunner().invoke(main, [str(word) for word in call])
    done = max(at, 1)
    assert result.exit_code == 130
    assert (
        result.stderr
        == f"stylex: stopped after {done} of 3 iterations; out.png is what there was [docs/errors.md#interrupted]\n"
    )
    assert read_picture("out.png").rgb.shape == (36, 48, 3)
    assert files() == ["coffee.png", "out.png", "photo.png"]


def test_what_cannot_be_used(shot: Path, style: Path, fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files()
    gatys = ("run", "gatys", shot, "--style")
    assert "starry-night is a built-in style, a code without its picture; gatys" in fails(2, *gatys, "starry-night")
    assert "no.jpg doesn't exist" in fails(3, *gatys, "no.jpg")
    assert "--space is for histogram, not for gatys" in fails(2, *gatys, style, "--space", "lab")
    assert "--iterations is for gatys, not for adain" in fails(
        2, "run", "adain", shot, "--style", style, "--iterations", 3
    )
    assert "the photo is 12x9; gatys needs 16x16" in fails(3, *gatys, style, "--size", 12)
    assert "is also an input" in fails(3, *gatys, style, "--preview", style)
    assert "is also an input" in fails(3, *gatys, style, "-o", "out.png", "--preview", "out.png")
    assert "ends in .gif" in fails(2, *gatys, style, "--preview", "out.gif")
    broken = Path("../weights.safetensors")
    broken.write_bytes(b"cut")
    monkeypatch.setattr(opening, "embedded", lambda _: broken)
    assert "is not a usable safetensors file" in fails(4, *gatys, style)
    broken.unlink()
    assert "weights.safetensors is not a file" in fails(3, *gatys, style)
    assert files() == before
    flat = Path("flat.png")
    write_picture(flat, np.full((40, 40, 3), 7, np.uint8))
    assert "flat.png is all of one colour" in fails(3, *gatys, flat)


def test_no_iterations(shot: Path, style: Path, run_cli: RunCli) -> None:
    result = run_cli("run", "gatys", shot, "--style", style, "--iterations", 0)
    assert result.exit_code == 2
    assert "0 is not in the range 1<=x<=" in result.stderr


def test_without_torch(shot: Path, style: Path) -> None:
    call = ["run", "gatys", str(shot), "--style", str(style)]
    code = f"import sys; sys.modules['torch'] = None; from stylex.cli import main; main({call})"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    printed = "stylex: this needs torch, which isn't installed: pip install 'stylex[export]'"
    assert (result.returncode, result.stdout, result.stderr) == (5, "", f"{printed} [docs/errors.md#missingpackage]\n")
    assert files() == ["coffee.png", "photo.png"]


def test_the_bar_shows_the_losses(shot: Path) -> None:
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=120)
    with Bars(None, 1, console) as bars:
        bars("iterations", 2, 4)
        bars.step(Step(2, {"style": 0.125, "content": 0.5}, lambda: np.zeros((4, 4, 3), np.uint8)))
    assert "2/4" in text.getvalue() and "style 0.1250 content 0.5000" in text.getvalue()


def test_the_help_of_gatys(run_cli: RunCli) -> None:
    printed = run_cli("run", "gatys", "--help").stdout
    for option in ("--iterations", "--encoder", "--preview-every", "--threads", "--style-weight"):
        assert option in printed
    assert "--space" not in printed and "--precision" not in printed
    assert "stylex run gatys photo.jpg" in printed
