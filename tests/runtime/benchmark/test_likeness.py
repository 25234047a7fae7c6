"""Likeness of pictures, and the photo that is painted by default."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from stylex.errors import MissingPackage
from stylex.runtime.benchmark.likeness import default_photo, similarity


def test_similarity(photo: np.ndarray) -> None:
    assert similarity(photo, photo) == (100.0, 1.0)
    psnr, ssim = similarity(photo // 2, photo)
    assert 5 < psnr < 20
    assert ssim is not None
    assert 0 < ssim < 0.95


def test_without_scikit_image(photo: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skimage", None)
    monkeypatch.setitem(sys.modules, "skimage.metrics", None)
    assert similarity(photo, photo) == (100.0, None)
    with pytest.raises(MissingPackage, match=r"scikit-image, which isn't installed: pip install 'stylex\[export\]'"):
        default_photo()


def test_the_default_photo_is_a_picture() -> None:
    assert default_photo().dtype == np.uint8
    assert default_photo().shape[2] == 3
