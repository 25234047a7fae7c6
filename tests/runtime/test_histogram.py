"""Histogram matching by lookup tables, against scikit-image's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from skimage.exposure import match_histograms

from stylex.errors import InputError, UsageError
from stylex.runtime.histogram import SPACES, match, table

TYPES = (np.uint8, np.uint16)
pictures = st.sampled_from(TYPES).flatmap(
    lambda kind: st.tuples(*[arrays.arrays(kind, arrays.array_shapes(min_dims=2, max_dims=2, max_side=9).map(rgb))] * 2)
)


def rgb(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape, 3)


def gap(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - other).max())


def in_16_bits(picture: np.ndarray) -> np.ndarray:
    """A real photo with values between those of 8 bits as well."""
    return (cv2.GaussianBlur(picture.astype(np.float32), (5, 5), 1) * 257).astype(np.uint16)


@pytest.mark.parametrize("kind", TYPES)
def test_as_scikit_image_does(kind: type, photo: np.ndarray, painting: np.ndarray) -> None:
    one, other = (photo, painting) if kind == np.uint8 else (in_16_bits(photo), in_16_bits(painting))
    for a, b in ((one, other), (other, one)):
        painted = match(a, b)
        assert painted.dtype == kind and painted.shape == a.shape
        assert gap(painted, match_histograms(a, b, channel_axis=2)) <= 1


@settings(deadline=None, max_examples=60)
@given(pictures)
def test_as_scikit_image_does_on_anything(pair: tuple[np.ndarray, np.ndarray]) -> None:
    one, other = pair
    before = one.copy()
    assert gap(match(one, other), match_histograms(one, other, channel_axis=2)) <= 1
    np.testing.assert_array_equal(match(one, one), one)
    np.testing.assert_array_equal(match(one, other, "lab", 0.0), one)
    np.testing.assert_array_equal(one, before)


counts = arrays.arrays(np.float64, 12, elements=st.integers(0, 9).map(float)).filter(np.any)


@given(counts, counts)
def test_the_table_never_falls_and_stays_among_the_styles_levels(have: np.ndarray, want: np.ndarray) -> None:
    levels = table(have, want)
    assert (np.diff(levels) >= 0).all()
    there = want.nonzero()[0]
    assert levels.min() >= there[0] and levels.max() == there[-1]


def test_the_table_of_a_distribution_and_itself_is_the_identity() -> None:
    have = np.bincount(skimage.data.camera().ravel(), minlength=256).astype(float)
    there = have.nonzero()[0]
    np.testing.assert_array_equal(table(have, have)[there], there)


def test_moments_become_the_styles() -> None:
    photo, style = skimage.data.astronaut(), skimage.data.coffee()
    painted = match(photo, style)
    np.testing.assert_allclose(painted.mean((0, 1)), style.mean((0, 1)), atol=2)
    np.testing.assert_allclose(painted.std((0, 1)), style.std((0, 1)), atol=3)


def test_lab_brings_lightness_and_colour(photo: np.ndarray, painting: np.ndarray) -> None:
    def lab(picture: np.ndarray) -> np.ndarray:
        return cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(float)

    painted, wanted = lab(match(photo, painting, "lab")), lab(painting)
    np.testing.assert_allclose(painted.mean(0), wanted.mean(0), atol=5)  # what RGB lacks is clipped
    np.testing.assert_allclose(painted.std(0), wanted.std(0), atol=5)


def test_lab_of_the_photo_itself(photo: np.ndarray) -> None:
    assert gap(match(photo, photo, "lab"), photo) <= 1
    fine = in_16_bits(photo)
    assert gap(match(fine, fine, "lab"), fine) < 0.004 * 65535  # OpenCV's own way there and back


@pytest.mark.parametrize("space", SPACES)
def test_strength(space: str, photo: np.ndarray, painting: np.ndarray) -> None:
    full = match(photo, painting, space).astype(float)
    half = match(photo, painting, space, 0.5).astype(float)
    more = match(photo, painting, space, 1.5)
    assert 0.4 < np.abs(half - photo).mean() / np.abs(full - photo).mean() < 0.6
    assert np.abs(more - photo.astype(float)).mean() > np.abs(full - photo).mean()
    np.testing.assert_array_equal(match(photo, painting, space, 0), photo)


def test_two_styles_meet_between(photo: np.ndarray, painting: np.ndarray) -> None:
    other = np.ascontiguousarray(skimage.data.chelsea()[:60, :60])
    mixed = match(photo, [(painting, 3.0), (other, 1.0)])
    between = 0.75 * match(photo, painting) + 0.25 * match(photo, other).astype(float)
    assert np.abs(mixed - between).max() <= 1
    np.testing.assert_array_equal(match(photo, [(painting, 2), (other, 0)]), match(photo, painting))


@pytest.mark.parametrize("space", SPACES)
def test_a_photo_of_one_colour_becomes_another(space: str, painting: np.ndarray) -> None:
    painted = match(np.full((1, 1, 3), 90, np.uint8), painting, space)
    assert painted.shape == (1, 1, 3)
    if space == "rgb":
        np.testing.assert_array_equal(painted[0, 0], painting.max((0, 1)))


def test_what_cannot_be_matched(photo: np.ndarray) -> None:
    with pytest.raises(UsageError, match="colour space is 'hsv'; choose rgb or lab"):
        match(photo, photo, "hsv")
    for strength in (-0.1, 1.6, float("nan")):
        with pytest.raises(UsageError, match=r"must lie between 0 and 1\.5"):
            match(photo, photo, strength=strength)
    with pytest.raises(InputError, match="the photo is uint8 and a style uint16: convert one of them"):
        match(photo, photo.astype(np.uint16))
    for wrong in (photo.astype(float), photo[..., 0], photo[:0]):
        with pytest.raises(InputError, match=r"a picture is a uint8 or uint16 array of shape \(H, W, 3\)"):
            match(photo, wrong)
    with pytest.raises(UsageError, match="not all 0"):
        match(photo, [(photo, 0.0)])
