"""Techniques whose weights hold one style: which network is loaded, and what a call means."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

import stylex
from stylex.artifacts.catalog import transfer_file
from stylex.errors import InputError, ModelError, UsageError
from stylex.techniques import SINGLE

OWN = SINGLE


@pytest.fixture(scope="module")
def scream() -> stylex.Painter:
    return stylex.load("fast", "int8", "cpu", style="the-scream", threads=1)


def test_it_paints_without_being_told_the_style(scream: stylex.Painter, photo: np.ndarray) -> None:
    painted = scream(photo)
    assert painted.shape == photo.shape
    assert np.abs(painted.astype(int) - photo).mean() > 20
    np.testing.assert_array_equal(painted, scream(photo, "the-scream"))
    assert not scream.takes_styles


@pytest.mark.parametrize("size", [(1, 1), (33, 7), (40, 41), (96, 128)])
def test_any_size(scream: stylex.Painter, photo: np.ndarray, size: tuple[int, int]) -> None:
    cut = photo[: size[0], : size[1]]
    painted = scream(cut)
    assert painted.shape == cut.shape
    assert np.abs(painted.astype(int) - cut).mean() > 10, "painted"
    assert min(size) < 40 or painted.std() > 20, "a picture, not one colour"


def test_strength_mixes_photo_and_painting(scream: stylex.Painter, photo: np.ndarray) -> None:
    full, half = scream(photo).astype(int), scream(photo, strength=0.5).astype(int)
    np.testing.assert_array_equal(scream(photo, strength=0), photo)
    assert np.abs(half - (full + photo) / 2).max() <= 0.5
    with pytest.raises(UsageError, match="between 0 and 1"):
        scream(photo, strength=1.2)


def test_bytes_and_floats_paint_alike(scream: stylex.Painter, photo: np.ndarray) -> None:
    floats = stylex.load("fast", "fp16", "cpu", style="the-scream", threads=1)
    difference = np.abs(scream(photo).astype(int) - floats(photo))
    assert 0 < difference.mean() < 4


def test_another_style_is_another_network(scream: stylex.Painter, photo: np.ndarray) -> None:
    for other in ("starry-night", "", photo, [("the-scream", 1.0)]):
        with pytest.raises(UsageError, match=r"one style is 'the-scream'.*style="):
            scream(photo, other)


def test_the_style_is_named_when_loading() -> None:
    with pytest.raises(UsageError, match=r"fast needs a style; choose .*the-scream"):
        stylex.load("fast")
    with pytest.raises(UsageError, match="no fast network for 'picasso'; choose "):
        stylex.load("fast", style="picasso")
    with pytest.raises(UsageError, match="takes any style"):
        stylex.load("adain", style="irises")


def test_the_only_style_of_a_folder_needs_no_name(tmp_path: Path, photo: np.ndarray) -> None:
    model = onnx.load(transfer_file("fast", "int8", style="the-scream"))
    next(p for p in model.metadata_props if p.key == "stylex.style").value = '"mine"'
    onnx.save(model, tmp_path / "fast-mine-int8.onnx")
    only = stylex.load("fast", graphs=tmp_path, threads=1)
    np.testing.assert_array_equal(only(photo), stylex.load("fast", "int8", style="the-scream", threads=1)(photo))
    with pytest.raises(InputError, match=r"fast-mine-fp32.onnx: make it with `stylex export fast --weights FILE -o"):
        stylex.load("fast", "fp32", graphs=tmp_path)
    expected = (
        r"comes with stylex: make it with `stylex export fast --style the-scream -o FOLDER`, then name that folder"
    )
    with pytest.raises(InputError, match=expected):
        stylex.load("fast", "fp32", style="the-scream")


def test_a_file_under_the_name_of_another_style_is_refused(tmp_path: Path) -> None:
    shutil.copy(transfer_file("fast", "int8", style="the-scream"), tmp_path / "fast-irises-int8.onnx")
    with pytest.raises(
        InputError, match=r"paints the-scream of fast, not irises of fast: call it fast-the-scream-int8"
    ):
        stylex.load("fast", style="irises", graphs=tmp_path)


def test_only_the_file_that_is_asked_for_is_spoken_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("one", "two"):
        (tmp_path / f"fast-{name}-int8.onnx").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(ModelError, match=r"fast-one-int8.onnx is a Git LFS pointer"):
        stylex.load("fast", style="one", graphs=tmp_path)
    assert not caplog.records
