"""What every technique with graphs keeps to, by its row: a new one is tested by being listed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

import stylex
from stylex.artifacts.catalog import GRAPHS, styles_in
from stylex.artifacts.style_code import built_in
from stylex.techniques import ARBITRARY, NETWORKS, technique_named

KEPT_AT_STRENGTH_0 = 22.0
"""Decibels, at the least, of INT8 at strength 0 against the photo; networks of one style are mixed and give it back."""


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.ascontiguousarray(cv2.resize(skimage.data.chelsea(), (120, 80), interpolation=cv2.INTER_AREA))


@pytest.fixture(scope="module", params=NETWORKS)
def painter(request: pytest.FixtureRequest) -> stylex.StylePainter:
    row = technique_named(request.param)
    style = styles_in(GRAPHS, row.name)[0] if row.single_style else ""
    return stylex.load(row.name, "int8", "cpu", style=style, threads=1)


def style_of(painter: stylex.StylePainter) -> str | None:
    return "the-scream" if painter.technique in ARBITRARY else None


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (33, 7), (80, 120)])
def test_any_size_comes_back_in_its_size(
    painter: stylex.StylePainter, photo: np.ndarray, size: tuple[int, int]
) -> None:
    height, width = size
    painted = painter(np.ascontiguousarray(photo[:height, :width]), style_of(painter))
    assert painted.shape == (height, width, 3) and painted.dtype == np.uint8
    if height * width > 1000:
        assert painted.std() > 10, "not of one colour"


def test_strength_0_is_the_photo(painter: stylex.StylePainter, photo: np.ndarray) -> None:
    assert cv2.PSNR(painter(photo, style_of(painter), 0.0), photo) > KEPT_AT_STRENGTH_0


def test_a_style_changes_the_photo(painter: stylex.StylePainter, photo: np.ndarray) -> None:
    assert cv2.PSNR(painter(photo, style_of(painter)), photo) < 30


@pytest.mark.parametrize("technique", ARBITRARY)
def test_built_in_styles_have_the_same_names(technique: str) -> None:
    assert built_in(technique).keys() == built_in(ARBITRARY[0]).keys()
