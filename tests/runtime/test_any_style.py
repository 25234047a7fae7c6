"""Techniques that paint in any style: what each of their embedded graphs must do."""

from __future__ import annotations

import numpy as np
import pytest

import stylex
from stylex.artifacts.style_code import built_in
from stylex.techniques import ARBITRARY


@pytest.fixture(scope="module", params=ARBITRARY)
def painter(request: pytest.FixtureRequest) -> stylex.Painter:
    return stylex.load(request.param, "int8", "cpu", threads=1)


def gap(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b).mean())


def test_a_name_and_a_picture(painter: stylex.Painter, photo: np.ndarray, painting: np.ndarray) -> None:
    for style in ("starry-night", painting):
        painted = painter(photo, style=style)
        assert painted.shape == photo.shape and gap(painted, photo) > 10
    assert painter.precision == "int8" and painter.takes_styles and painter.takes_masks and painter.measures


def test_strength_and_mixing(painter: stylex.Painter, photo: np.ndarray) -> None:
    none, half, full = (painter(photo, "great-wave", strength) for strength in (0, 0.5, 1))
    assert gap(none, photo) < gap(half, photo) < gap(full, photo)
    assert gap(none, photo) < 12
    mixed = painter(photo, [("great-wave", 1), ("the-scream", 1)])
    assert gap(mixed, full) < gap(painter(photo, "the-scream"), full)


@pytest.mark.parametrize("size", [(1, 1), (33, 7), (90, 96), (96, 128)])
def test_any_size(painter: stylex.Painter, photo: np.ndarray, size: tuple[int, int]) -> None:
    cut = photo[: size[0], : size[1]]
    painted = painter(cut, "irises")
    assert painted.shape == cut.shape
    assert 10 < painted.mean() < 245
    if min(size) > 8:
        again = painter(photo, "irises")[: size[0], : size[1]]
        assert painted.std() > 20 and gap(painted, again) < 40, "as the whole photo is painted"


def test_masks_have_a_value_for_every_eight_pixels(painter: stylex.Painter, photo: np.ndarray) -> None:
    """Half of the picture is painted, the other half stays as at strength 0."""
    wide = np.ascontiguousarray(np.tile(photo, (2, 4, 1)))
    codes, _ = painter.codes("the-scream")
    cells = wide.shape[1] // painter.transfer.metadata.spec.cell
    masks = np.zeros((1, 1, wide.shape[0] // painter.transfer.metadata.spec.cell, cells), np.float32)
    none = painter.paint(wide, codes, masks)
    masks[..., : cells // 2] = 1
    painted = painter.paint(wide, codes, masks, none.statistics).picture
    middle = wide.shape[1] // 2
    assert gap(painted[:, : middle - 32], none.picture[:, : middle - 32]) > 10
    assert gap(painted[:, middle + 160 :], none.picture[:, middle + 160 :]) < 1


def test_frozen_statistics_are_used_and_others_measured(painter: stylex.Painter, photo: np.ndarray) -> None:
    codes, _ = painter.codes("irises")
    masks = np.ones((1, 1, 1, 1), np.float32)
    first = painter.paint(photo, codes, masks)
    assert first.statistics is not None
    np.testing.assert_array_equal(painter.paint(photo, codes, masks, first.statistics).picture, first.picture)
    dark = (photo // 2).astype(np.uint8)
    frozen = painter.paint(dark, codes, masks, first.statistics)
    assert gap(painter.paint(dark, codes, masks).picture, frozen.picture) > 2
    assert frozen.statistics is not None
    if painter.transfer.metadata.spec.palette:
        maps = 24  # of the palettes: those that were used; what stands before them was measured of this photo
        np.testing.assert_array_equal(frozen.statistics[:, -maps:], first.statistics[:, -maps:])
    width = 2 * painter.transfer.metadata.spec.sites[0]
    assert np.abs(frozen.statistics[:, :width] - first.statistics[:, :width]).max() > 0.05


def test_every_technique_has_the_same_names(painter: stylex.Painter) -> None:
    assert built_in(painter.transfer.metadata.technique).keys() == built_in("adain").keys()
