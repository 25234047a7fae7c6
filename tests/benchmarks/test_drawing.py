"""Areas of one colour and dark lines, counted in pictures where their number is known."""

import cv2
import numpy as np
import pytest
from evaluation.drawing import flat_share, outline_share


def test_one_colour_is_flat_and_noise_is_not() -> None:
    assert flat_share(np.full((64, 64, 3), 200, np.uint8)) == 1
    assert flat_share(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)) == 0


def test_half_a_flat_picture_counts_half() -> None:
    picture = np.full((128, 128, 3), 90, np.uint8)
    picture[:, 64:] = np.random.default_rng(0).integers(0, 256, (128, 64, 3))
    assert flat_share(picture) == pytest.approx(0.5, abs=0.03)


def test_a_dark_line_is_an_outline_and_an_edge_or_a_light_line_is_none() -> None:
    def drawn(colour: int) -> np.ndarray:
        picture = np.full((100, 100, 3), 128, np.uint8)
        return np.asarray(cv2.line(picture, (50, 0), (50, 99), (colour,) * 3, 1), np.uint8)

    edge = np.full((100, 100, 3), 128, np.uint8)
    edge[:, 50:] = 10
    assert outline_share(drawn(10)) == pytest.approx(0.01, abs=0.001)
    assert outline_share(drawn(250)) == 0
    assert outline_share(edge) == 0
