from __future__ import annotations

import cv2
import numpy as np
import pytest
from evaluation.palette import palette, palette_distance
from skimage import data


def grey(lightness: float) -> np.ndarray:
    """A grey picture of that L* to the nearest level, and the L* that it really has."""
    lab = np.full((8, 8, 3), (lightness, 0, 0), np.float32)
    return np.rint(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255).astype(np.uint8)


def lightness(picture: np.ndarray) -> float:
    return float(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0, 0, 0])


def test_the_same_pixels_in_any_order_and_number_are_no_distance_apart() -> None:
    photo = data.chelsea()[:64, :64]
    mixed = np.random.default_rng(0).permutation(photo.reshape(-1, 3)).reshape(photo.shape)
    assert palette_distance(palette(photo), palette(photo)) == 0
    assert palette_distance(palette(photo), palette(mixed)) == pytest.approx(0, abs=1e-4)
    doubled = np.repeat(photo, 2, axis=0)
    assert palette_distance(palette(photo), palette(doubled)) < 0.1


def test_a_shift_in_lightness_counts_by_the_root_of_three() -> None:
    dark, light = grey(30), grey(70)
    wanted = (lightness(light) - lightness(dark)) / 3**0.5
    assert wanted == pytest.approx(40 / 3**0.5, abs=0.3)
    assert palette_distance(palette(dark), palette(light)) == pytest.approx(wanted, rel=1e-4)


def test_it_is_symmetric_and_grows_with_the_change() -> None:
    photo, other = (palette(p) for p in (data.chelsea(), data.coffee()))
    assert palette_distance(photo, other) == palette_distance(other, photo) > 5
    paler = palette(cv2.addWeighted(data.chelsea(), 0.8, np.full_like(data.chelsea(), 128), 0.2, 0))
    grey_photo = palette(cv2.cvtColor(cv2.cvtColor(data.chelsea(), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))
    assert 0 < palette_distance(photo, paler) < palette_distance(photo, grey_photo)
