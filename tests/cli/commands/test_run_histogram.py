"""`stylex run histogram`, and options that belong to other techniques."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from stylex import techniques
from stylex.imaging.color import keep_colors
from stylex.imaging.reading import read_picture
from stylex.imaging.writing import write_picture
from stylex.runtime.histogram import match
from stylex.techniques import listed

RunCli = Callable[..., Result]
Fails = Callable[..., str]
NETWORKS = listed((*techniques.NETWORKS, "semantic"))


@pytest.fixture
def style(shot: Path, painting: np.ndarray) -> Path:
    write_picture("coffee.png", painting)
    return Path("coffee.png")


def test_the_command_is_the_library(
    shot: Path, style: Path, photo: np.ndarray, painting: np.ndarray, run_cli: RunCli
) -> None:
    result = run_cli("run", "histogram", shot, "--style", style)
    assert result.exit_code == 0
    assert result.stdout.startswith("photo-histogram-coffee.png: 128x96, histogram in RGB, ")
    np.testing.assert_array_equal(read_picture("photo-histogram-coffee.png").rgb, match(photo, painting))
    options = ("--space", "lab", "--strength", 0.6, "--keep-colors", "-o", "out.png")
    assert "histogram in L*a*b*" in run_cli("run", "histogram", shot, "--style", style, *options).stdout
    np.testing.assert_array_equal(read_picture("out.png").rgb, keep_colors(match(photo, painting, "lab", 0.6), photo))


def test_two_styles_and_alpha(shot: Path, style: Path, photo: np.ndarray, run_cli: RunCli) -> None:
    alpha = np.tile(np.linspace(0, 255, 128).astype(np.uint8), (96, 1))
    write_picture("clear.png", photo, alpha)
    both = ("--style", style, "--style", shot, "--weight", 1, "--weight", 3)
    assert run_cli("run", "histogram", "clear.png", *both, "--size", 64, "-o", "small.png").exit_code == 0
    assert read_picture("small.png").rgb.shape == (48, 64, 3)
    assert run_cli("run", "histogram", "clear.png", *both).exit_code == 0
    np.testing.assert_array_equal(read_picture("clear-histogram-coffee+photo.png").alpha, alpha)


def test_styles_that_have_no_picture(shot: Path, fails: Fails) -> None:
    message = fails(2, "run", "histogram", shot, "--style", "starry-night")
    assert "starry-night is a built-in style, a code without its picture; histogram needs a picture: give" in message
    assert "x.style is a style code, which holds no picture" in fails(3, "run", "histogram", shot, "--style", "x.style")
    assert "no.jpg doesn't exist" in fails(3, "run", "histogram", shot, "--style", "no.jpg")
    write_picture("flat.png", np.full((9, 9, 3), 77, np.uint8))
    assert "flat.png is all of one colour" in fails(3, "run", "histogram", shot, "--style", "flat.png")
    assert sorted(entry.name for entry in Path().iterdir()) == ["flat.png", "photo.png"]


def test_a_file_named_as_a_built_in_style(shot: Path, style: Path, run_cli: RunCli) -> None:
    expected = match(read_picture(shot).rgb, read_picture(style).rgb)
    style.rename("starry-night")
    assert run_cli("run", "histogram", shot, "--style", "starry-night").exit_code == 0
    np.testing.assert_array_equal(read_picture("photo-histogram-starry-night.png").rgb, expected)


@pytest.mark.parametrize(
    ("technique", "option", "expected"),
    [
        ("adain", ("--space", "lab"), "--space is for histogram, not for adain: leave it out"),
        ("histogram", ("--precision", "int8"), f"--precision is for {NETWORKS}, not for histogram: leave it out"),
        ("histogram", ("--graphs", "."), f"--graphs is for {NETWORKS}, not for histogram: leave it out"),
    ],
)
def test_foreign_options(technique: str, option: tuple[str, str], expected: str, shot: Path, fails: Fails) -> None:
    assert fails(2, "run", technique, shot, "--style", shot, *option).startswith(f"stylex: {expected}")


def test_a_style_is_needed(shot: Path, run_cli: RunCli) -> None:
    result = run_cli("run", "histogram", shot)
    assert result.exit_code == 2
    assert "Missing option '--style'" in result.stderr


def test_the_help_of_one_technique(run_cli: RunCli) -> None:
    printed = run_cli("run", "histogram", "--help").stdout
    assert "Options of histogram:" in printed and "--space" in printed and "--style" in printed
    assert "--precision" not in printed
    assert "stylex run histogram photo.jpg" in printed and "stylex run adain" not in printed
    both = run_cli("run", "--help").stdout
    assert "Options of histogram:" in both and f"Options of {NETWORKS}:" in both
    assert "stylex run histogram photo.jpg" in both and "stylex run adain" in both
