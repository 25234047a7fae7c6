from __future__ import annotations

import numpy as np
import pytest
import skimage.data

from stylex.export.metrics import IDENTICAL, compare, psnr, ssim


@pytest.fixture
def picture():
    return (skimage.data.chelsea()[:96, :96].transpose(2, 0, 1) / 255).astype(np.float32)


def test_psnr_of_a_known_error():
    a = np.zeros((3, 8, 8), np.float32)
    assert psnr(a, a + 0.1) == pytest.approx(20)
    assert psnr(a, a + 1, peak=10) == pytest.approx(20)
    assert psnr(a, a) == psnr(a, a + 1e-9) == IDENTICAL


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_infinitely_far(value):
    a = np.zeros(4)
    assert psnr(a, np.array([0, 0, value, 0])) == -np.inf
    assert psnr(np.full(4, value), np.full(4, value)) == -np.inf


def test_ssim(picture):
    assert ssim(picture, picture) == pytest.approx(1)
    noisy = np.clip(picture + np.random.default_rng(0).normal(0, 0.1, picture.shape), 0, 1).astype(np.float32)
    assert ssim(noisy, picture) < 0.9


def test_pictures_and_numbers_are_compared_differently(picture):
    found = compare(picture[None], picture[None] * 0.9, picture=True)
    assert found.ssim is not None and found.largest == pytest.approx(0.1 * picture.max(), abs=1e-6)
    numbers = compare(np.float32([[100, 50]]), np.float32([[99, 50]]), picture=False)
    assert numbers.ssim is None
    assert numbers.psnr == pytest.approx(10 * np.log10(99**2 / 0.5), abs=1e-3)
    assert compare(np.zeros(3), np.zeros(3), picture=False).psnr == IDENTICAL
