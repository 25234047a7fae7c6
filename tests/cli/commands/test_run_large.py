"""`stylex run` with --tile and --upscale."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from click.testing import Result

import stylex as package
from stylex.imaging.reading import read_picture
from stylex.imaging.writing import write_picture
from stylex.runtime.upscale import enlarged_alpha, load_upscaler

RunCli = Callable[..., Result]
Fails = Callable[..., str]
ONE = ("--style", "the-scream", "--threads", 1, "--precision", "int8", "--provider", "cpu")


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A photo in the current folder, 300x200."""
    monkeypatch.chdir(tmp_path)
    write_picture("scene.png", np.ascontiguousarray(skimage.data.coffee()[:200, :300]))
    return Path("scene.png")


def test_tiles_paint_the_same_and_say_so(scene: Path, run_cli: RunCli) -> None:
    result = run_cli("run", "fast", scene, *ONE, "--tile", 150, "-o", "tiles.png")
    assert result.exit_code == 0 and result.stderr == ""
    assert result.stdout.startswith("tiles.png: 300x200, fast int8 on cpu in 4 tiles of 152x104, ")
    whole = run_cli("run", "fast", scene, *ONE, "--tile", "off", "-o", "whole.png")
    assert "tiles of" not in whole.stdout
    one, other = (read_picture(name).rgb.astype(int) for name in ("tiles.png", "whole.png"))
    assert np.abs(one - other).max() <= 1


def test_twice_the_size_with_its_alpha(shot: Path, photo: np.ndarray, run_cli: RunCli) -> None:
    alpha = np.tile(np.linspace(1, 255, 128).astype(np.uint8), (96, 1))
    write_picture("clear.png", photo, alpha)
    result = run_cli("run", "fast", "clear.png", *ONE, "--upscale", 2)
    assert result.exit_code == 0 and result.stderr == ""
    assert result.stdout.startswith("clear-fast-the-scream.png: 256x192, fast int8 on cpu, twice the size by upscaler ")
    large = read_picture("clear-fast-the-scream.png")
    painted = package.load("fast", "int8", "cpu", style="the-scream", threads=1)(photo)
    np.testing.assert_array_equal(large.rgb, load_upscaler("cpu", threads=1)(painted))
    np.testing.assert_array_equal(large.alpha, enlarged_alpha(alpha))


def test_techniques_without_a_graph_are_enlarged_too(shot: Path, painting: np.ndarray, run_cli: RunCli) -> None:
    write_picture("coffee.png", painting)
    result = run_cli("run", "histogram", shot, "--style", "coffee.png", "--upscale", 2, "--size", 51)
    assert result.exit_code == 0
    assert result.stdout.startswith("photo-histogram-coffee.png: 102x76, histogram in RGB, twice the size by upscaler ")
    quick = ("--iterations", 2, "--size", 64, "--threads", 1)
    result = run_cli("run", "gatys", shot, "--style", "coffee.png", "--upscale", 2, *quick)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("photo-gatys-coffee.png: 128x96, gatys with slim, 2 iterations, twice the size by ")


@pytest.mark.parametrize(
    ("code", "options", "expected"),
    [
        (2, ("--tile", 64), "a tile of 64 pixels is too small: this int8 graph of fast sees 88 around it"),
        (2, ("--tile", 0), "a tile of 0 pixels is too small"),
        (2, ("--tile", -8), "a tile of -8 pixels is too small"),
        (2, ("--tile=--5",), "tile is '--5'; give auto, off, or the pixels of a tile"),
        (2, ("--tile", "big"), "tile is 'big'; give auto, off, or the pixels of a tile"),
        (2, ("--upscale", 3), "can't be enlarged 3 times, only 2 times (--upscale 2)"),
        (2, ("--upscale", 0), "can't be enlarged 0 times"),
    ],
)
def test_bad_values(code: int, options: tuple[object, ...], expected: str, scene: Path, fails: Fails) -> None:
    assert expected in fails(code, "run", "fast", scene, *ONE, *options)
    assert not list(Path().glob("scene-*"))


def test_what_would_be_too_large_is_refused_before_it_is_painted(
    scene: Path, fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stylex.runtime.upscale.MAX_PIXELS", 100_000)
    message = fails(3, "run", "fast", scene, *ONE, "--upscale", 2)
    assert (
        "300x200 enlarged 2 times would have 0.2 megapixels; the limit is 0.1: use a smaller size (--size)" in message
    )


def test_tiles_are_for_networks(shot: Path, painting: np.ndarray, fails: Fails) -> None:
    write_picture("coffee.png", painting)
    message = fails(2, "run", "histogram", shot, "--style", "coffee.png", "--tile", "off")
    assert "--tile is for" in message and "not for histogram" in message
