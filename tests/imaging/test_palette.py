from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stylex.errors import ModelError
from stylex.imaging import palette as p
from stylex.imaging.sizes import PALETTE_SIZE

ONE = np.ones((1, 1, 1, 1), np.float32)


def picture(seed, height=96, width=128, spread=60):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(0, 1, (3, 3))
    colors = rng.normal(0, spread / 3, (height, width, 3)) @ mixing + rng.uniform(90, 160, 3)
    return np.clip(np.rint(colors), 0, 255).astype(np.uint8)


def drawn(seed):
    """A palette that real pictures could have."""
    return p.palette_of(picture(seed))


def test_a_palette_is_mean_and_covariance(photo):
    found = p.palette_of(photo[:100, :100])  # every pixel counts
    pixels = photo[:100, :100].reshape(-1, 3) / 255
    assert found.shape == (PALETTE_SIZE,) and found.dtype == np.float32
    np.testing.assert_allclose(found[:3], pixels.mean(0), atol=1e-6)
    np.testing.assert_allclose(found[3:], np.cov(pixels.T, bias=True)[p.ROWS, p.COLUMNS], atol=1e-6)


def test_of_a_large_picture_a_part_of_the_pixels_is_measured(photo):
    assert p.sampling_step(100, 4000) == 1 and p.sampling_step(512, 512) == 4
    large = np.tile(photo, (6, 5, 1))
    step = p.sampling_step(*large.shape[:2])
    assert step > 1
    np.testing.assert_allclose(p.palette_of(large), p.palette_of(large[::step, ::step]), atol=1e-6)


def test_weights_choose_the_pixels(photo):
    half = np.repeat(np.array([[1, 0]], np.float32), 2, 0)  # blends in the middle only
    half = np.kron(half, np.ones((1, photo.shape[1] // 2), np.float32))
    np.testing.assert_allclose(p.palette_of(photo, half), p.palette_of(photo[:, : photo.shape[1] // 2]), atol=0.02)
    assert np.isfinite(p.palette_of(photo, np.zeros((4, 4), np.float32))).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_map_brings_one_palette_to_the_other(source, target):
    a, b = drawn(source), drawn(target)
    matrix, offset = np.split(p.transport(a, b, 100.0).astype(np.float64), [3], 1)
    mean, covariance = p._parted(a)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-4)
    assert np.linalg.eigvalsh(matrix).min() > 0, "no colour is mirrored"
    np.testing.assert_allclose(matrix @ mean + offset[:, 0], b[:3], atol=1e-4)
    made = matrix @ (covariance + p.FLOOR * np.eye(3)) @ matrix.T
    np.testing.assert_allclose(made, p._parted(b)[1] + p.FAINT * np.eye(3), atol=2e-4)


def test_no_direction_is_stretched_more_than_asked(photo):
    flat = (photo // 32 + 100).astype(np.uint8)
    found = p.transport(p.palette_of(flat), p.palette_of(photo), 4.0)
    assert np.linalg.eigvalsh(found[:, :3].astype(np.float64)).max() <= 4 + 1e-4


@pytest.mark.parametrize("flat", [np.zeros((40, 40, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)])
def test_pictures_of_one_colour(flat, photo):
    for a, b in ((flat, photo), (photo, flat), (flat, flat)):
        made = p.recolored(a, p.transport(p.palette_of(a), p.palette_of(b), 4.0)[None], ONE)
        assert np.abs(made.reshape(-1, 3).mean(0) - b.reshape(-1, 3).mean(0)).max() < 3


def test_a_grey_style_makes_a_grey_picture(photo):
    grey = np.repeat(photo.mean(2, keepdims=True), 3, 2).astype(np.uint8)
    made = p.recolored(photo, p.maps_before(p.palettes_under(photo, ONE), p.palette_of(grey)[None]), ONE).astype(int)
    assert (made.max(2) - made.min(2)).mean() < 3 and made.std() > 20


def test_amounts_are_strengths_of_at_most_one_in_sum():
    masks = np.array([1.5, 0.5], np.float32).reshape(2, 1, 1, 1)
    np.testing.assert_allclose(p.amounts_of(masks).ravel(), [0.75, 0.25])
    np.testing.assert_allclose(p.amounts_of(masks / 4).ravel(), [0.375, 0.125])


def test_at_strength_zero_nothing_changes(photo):
    maps = p.maps_before(p.palettes_under(photo, 0 * ONE), drawn(1)[None])
    assert p.recolored(photo, maps, 0 * ONE) is photo


def test_half_the_strength_goes_half_the_way(photo):
    maps = p.maps_before(p.palettes_under(photo, ONE), drawn(1)[None])
    whole, half = (p.recolored(photo, maps, share * ONE).astype(int) for share in (np.float32(1), np.float32(0.5)))
    inside = (whole > 0) & (whole < 255)
    assert np.abs(half - (photo + whole) / 2)[inside].max() <= 1


def test_a_map_of_one_region_leaves_the_others(photo):
    masks = np.zeros((1, 1, 4, 4), np.float32)
    masks[:, :, :, 2:] = 1
    maps = p.maps_before(p.palettes_under(photo, masks), drawn(1)[None])
    made = p.recolored(photo, maps, masks)
    quarter = photo.shape[1] // 4
    assert np.array_equal(made[:, :quarter], photo[:, :quarter])
    right = photo[:, 3 * quarter :]
    np.testing.assert_allclose(made[:, 3 * quarter :], p.recolored(right, maps, ONE), atol=1)


def test_masks_that_hardly_differ_paint_as_one_does():
    large = picture(3, 1100, 1000)  # more pixels than are mapped at a time
    maps = p.maps_before(p.palettes_under(large, ONE), drawn(2)[None])
    almost = np.ones((1, 1, 3, 3), np.float32)
    almost[0, 0, 0, 0] = 0.9999
    np.testing.assert_allclose(
        p.recolored(large, maps, almost).astype(int), p.recolored(large, maps, ONE).astype(int), atol=1
    )


def test_the_palette_on_the_way():
    photo, styles = drawn(1), np.stack([drawn(2), drawn(3)])
    for amounts, wanted in (([0, 0], photo), ([1, 0], styles[0]), ([0, 1], styles[1])):
        np.testing.assert_allclose(p.between(photo, styles, np.array(amounts, np.float32)), wanted, atol=1e-5)
    mixed = p.between(photo, styles, np.array([0.5, 0.5], np.float32))
    np.testing.assert_allclose(mixed[:3], (styles[0] + styles[1])[:3] / 2, atol=1e-5)


def test_what_was_painted_is_given_the_wanted_palette(photo):
    painted = np.clip(photo.astype(int) // 2 + 90, 0, 255).astype(np.uint8)
    style = p.palette_of(picture(5, spread=30))
    made = p.recolored(
        painted, p.maps_after(p.palettes_under(photo, ONE), p.palettes_under(painted, ONE), style[None], ONE), ONE
    )
    np.testing.assert_allclose(p.palette_of(made)[:3], style[:3], atol=0.02)


def test_maps_are_packed_and_read_back():
    before, after = np.arange(24, dtype=np.float32).reshape(2, 3, 4), np.ones((2, 3, 4), np.float32)
    packed = p.PaletteMaps(before, after).packed()
    assert packed.shape == (1, 48)
    again = p.PaletteMaps.unpacked(packed, 2)
    assert np.array_equal(again.before, before) and np.array_equal(again.after, after)
    with pytest.raises(ModelError, match="24 are needed"):
        p.PaletteMaps.unpacked(packed, 1)


def test_a_grey_photo_is_toned_by_its_lightness(photo):
    """What goes with the style's lightness stays whole; of the colours beside it a part does."""
    grey = np.repeat(photo.mean(2, keepdims=True), 3, 2).astype(np.uint8)
    style = p.palette_of(photo)
    found, most = p.toned(style, p.palette_of(grey)), p.toned(style, style)
    np.testing.assert_allclose(most, style, atol=1e-7)  # a photo in its own style stays as it is
    np.testing.assert_array_equal(found[:3], style[:3])
    lightness = np.ones((1, 3)) / 3
    covariances = []
    for values in (found, style):
        matrix = np.empty((3, 3))
        matrix[p.ROWS, p.COLUMNS] = matrix[p.COLUMNS, p.ROWS] = values[3:]
        covariances.append(matrix)
    toned_one, whole = covariances
    np.testing.assert_allclose(lightness @ toned_one, lightness @ whole, rtol=1e-4)
    along = lightness @ whole
    explained = along.T @ along / (along @ lightness.T)
    np.testing.assert_allclose(toned_one - explained, p.LEAST_TONED * (whole - explained), atol=1e-6)


def test_a_faintly_coloured_photo_keeps_the_colours_it_has(photo):
    grey = photo.mean(2, keepdims=True)
    faint = np.clip(grey + 0.06 * (photo - grey), 0, 255).astype(np.uint8)
    own = p.palette_of(faint)
    np.testing.assert_allclose(p.toned(own, own), own, atol=1e-7)


def test_maps_behind_the_network_are_applied_whole_wherever_something_is_painted() -> None:
    amounts = np.array([[[[0.3, 0, 1, 0.1]]], [[[0.1, 0, 0, 0.1]]]], np.float32)
    np.testing.assert_allclose(p.shares_of(amounts)[:, 0, 0], [[0.75, 0, 1, 0.5], [0.25, 0, 0, 0.5]], atol=1e-6)
