"""The most salient region, without a network."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from stylex.runtime.semantic.grabcut import SIDE, SPECTRUM, SalientRegion, saliency, salient_region


@pytest.fixture(scope="module")
def disc() -> np.ndarray:
    """A red disc on a green field with some noise."""
    noise = np.random.default_rng(0).integers(0, 24, (200, 300, 3))
    picture = np.array([60, 140, 60]) + noise
    down, across = np.mgrid[:200, :300]
    picture[(down - 110) ** 2 + (across - 160) ** 2 < 45**2] = (210, 40, 40)
    return picture.astype(np.uint8)


def test_what_stands_out_is_salient(disc: np.ndarray) -> None:
    found = saliency(disc)
    assert max(found.shape) == SPECTRUM
    assert found.max() == 1 and found.min() >= 0
    row, column = np.unravel_index(found.argmax(), found.shape)
    height, width = found.shape
    assert np.hypot(row / height * 200 - 110, column / width * 300 - 160) < 60


def test_grabcut_finds_the_disc(disc: np.ndarray) -> None:
    found = SalientRegion("ball")(disc)
    assert list(found) == ["ball"]
    mask = found["ball"] > 0.5
    height, width = mask.shape
    assert max(height, width) == SIDE
    down, across = np.mgrid[:height, :width] * (200 / height)
    true = (down - 110) ** 2 + (across - 160) ** 2 < 45**2
    assert (mask & true).sum() / (mask | true).sum() > 0.9


def test_the_cup_rather_than_the_table() -> None:
    mask = salient_region(skimage.data.coffee())
    height, width = mask.shape
    middle = mask[height // 4 : height * 3 // 4, width // 3 : width * 2 // 3].mean()
    assert middle > 0.5 > mask[:, : width // 8].mean()
    np.testing.assert_array_equal(mask, salient_region(skimage.data.coffee()))


def test_random_numbers_of_opencv_are_the_callers(disc: np.ndarray) -> None:
    def drawn(between: bool) -> np.ndarray:
        cv2.setRNGSeed(7)
        if between:
            salient_region(disc)
        return np.asarray(cv2.randu(np.zeros(8), 0, 1))

    np.testing.assert_array_equal(drawn(True), drawn(False))


@pytest.mark.parametrize("sides", [(1, 1), (5, 400), (64, 64)])
def test_nothing_in_a_flat_photo(sides: tuple[int, int]) -> None:
    assert not salient_region(np.full((*sides, 3), 128, np.uint8)).any()
