"""Keeping the photo's own colours."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from stylex.errors import InputError
from stylex.imaging.color import keep_colors, require_colors


def lab(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float64)


def test_colour_is_the_photos_and_texture_the_paintings(photo: np.ndarray) -> None:
    noise = np.random.default_rng(1).integers(0, 256, photo.shape, np.uint8)
    painted = cv2.GaussianBlur(noise, (5, 5), 0)
    kept = lab(keep_colors(painted, photo))
    original = lab(photo)
    assert np.abs(kept[..., 1:].mean((0, 1)) - original[..., 1:].mean((0, 1))).max() < 3
    assert np.corrcoef(kept[..., 0].ravel(), lab(painted)[..., 0].ravel())[0, 1] > 0.9


def test_lightness_has_the_photos_mean_and_spread(photo: np.ndarray) -> None:
    dark = (photo[::-1] // 4).astype(np.uint8)
    light, wanted = lab(keep_colors(dark, photo))[..., 0], lab(photo)[..., 0]
    assert abs(light.mean() - wanted.mean()) < 6
    assert abs(light.std() - wanted.std()) < 8


def test_the_photo_itself_comes_back(photo: np.ndarray) -> None:
    before = photo.copy()
    np.testing.assert_array_equal(keep_colors(photo, photo), before)
    np.testing.assert_array_equal(photo, before)


@given(arrays(np.uint8, (7, 9, 3)), arrays(np.uint8, (7, 9, 1)))
def test_grey_stays_grey_exactly(painted: np.ndarray, light: np.ndarray) -> None:
    kept = keep_colors(painted, np.repeat(light, 3, 2))
    assert (kept == kept[..., :1]).all()


@given(arrays(np.uint8, (7, 9, 3)))
def test_any_photo_comes_back(photo: np.ndarray) -> None:
    np.testing.assert_array_equal(keep_colors(photo.copy(), photo), photo)


def test_flat_pictures(photo: np.ndarray) -> None:
    grey = np.full_like(photo, 90)
    kept = keep_colors(grey, photo)
    assert kept.dtype == np.uint8
    assert kept.shape == photo.shape
    assert lab(kept)[..., 0].std() < 20  # a flat painting stays flat


def test_one_pixel() -> None:
    pixel = np.array([[[200, 30, 40]]], np.uint8)
    assert np.abs(keep_colors(255 - pixel, pixel).astype(int) - pixel).max() <= 3


def test_a_style_of_one_colour_is_refused() -> None:
    with pytest.raises(InputError, match=r"flat.png is all of one colour \(#0a141e\)"):
        require_colors(np.full((9, 7, 3), (10, 20, 30), np.uint8), "flat.png")


def test_a_style_of_two_colours_is_accepted() -> None:
    picture = np.zeros((9, 7, 3), np.uint8)
    picture[8, 6, 2] = 1
    require_colors(picture, "nearly-flat.png")
