"""Masks: from files, along edges, feathered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stylex.errors import InputError
from stylex.runtime.semantic.masks import REFINED_SIDE, feathered, read_mask, refined, require_size, resized, sharpened


def test_grey_and_alpha(tmp_path: Path) -> None:
    grey = np.tile(np.arange(0, 256, 8, np.uint8), (20, 1))
    Image.fromarray(grey).save(tmp_path / "grey.png")
    np.testing.assert_allclose(read_mask(tmp_path / "grey.png"), grey / 255, atol=1 / 255)
    shown = np.dstack([np.full((20, 32, 3), 200, np.uint8), grey])
    Image.fromarray(shown).save(tmp_path / "alpha.png")
    np.testing.assert_allclose(read_mask(tmp_path / "alpha.png"), grey / 255, atol=1e-6)
    opaque = np.dstack([np.repeat(grey[..., None], 3, 2), np.full((20, 32), 255, np.uint8)])
    Image.fromarray(opaque).save(tmp_path / "opaque.png")
    np.testing.assert_allclose(read_mask(tmp_path / "opaque.png"), grey / 255, atol=1 / 255)


def test_labels_of_zero_and_one(tmp_path: Path) -> None:
    labels = np.tile(np.array([0, 1], np.uint8), (8, 4))
    Image.fromarray(labels).save(tmp_path / "labels.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "labels.png"), labels)


def test_orientation_is_respected(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    drawn = np.zeros((20, 32), np.uint8)
    drawn[:8, :16] = 255  # above left; turned clockwise, above right
    Image.fromarray(drawn).save(tmp_path / "turned.jpg", exif=exif)
    found = read_mask(tmp_path / "turned.jpg")
    assert found.shape == (32, 20)
    np.testing.assert_allclose(found, np.rot90(drawn, -1) / 255, atol=0.1)


def test_another_size() -> None:
    with pytest.raises(InputError, match=r"sky\.png is 9x8, the photo is 12x10: a mask needs the photo's size"):
        require_size(np.zeros((8, 9), np.float32), (10, 12), "sky.png")


def test_refining_draws_the_mask_to_the_photos_edge() -> None:
    picture = np.full((200, 300, 3), 40, np.uint8)
    picture[:, 155:] = 220
    coarse = np.clip(np.arange(30, dtype=np.float32) - 14.5, 0, 1) * np.ones((20, 1), np.float32)
    found, plain = refined(coarse, picture), resized(coarse, 200, 300)
    assert found.shape == (200, 300)
    assert found[100, 155] - found[100, 154] > 0.2 > 0.1 > np.diff(plain[100]).max()
    assert np.diff(found[100]).argmax() == 154
    assert found.min() >= 0 and found.max() <= 1


def test_deciding_leaves_less_in_between() -> None:
    probabilities = np.linspace(0, 1, 101, dtype=np.float32)[None]
    found = sharpened(probabilities)[0]
    assert not found[:26].any() and (found[75:] == 1).all() and found[50] == pytest.approx(0.5)
    assert (np.diff(found) >= 0).all()


def test_refining_keeps_a_flat_photos_mask_and_its_size_in_bounds() -> None:
    found = refined(np.ones((3, 3), np.float32), np.full((900, 1200, 3), 9, np.uint8))
    assert found.shape == (REFINED_SIDE * 3 // 4, REFINED_SIDE)
    np.testing.assert_allclose(found, 1, atol=1e-4)
    assert refined(np.ones((5, 5), np.float32), np.zeros((1, 1, 3), np.uint8)).shape == (1, 1)


def test_feathering_is_as_wide_as_it_says_and_keeps_the_middle() -> None:
    mask = np.zeros((50, 400), np.float32)
    mask[:, 200:] = 1
    soft = feathered(mask, 0.1)
    assert (np.diff(soft[25]) >= 0).all()
    between = ((soft[25] > 0.16) & (soft[25] < 0.84)).sum()
    assert 36 <= between <= 44, "one standard deviation to each side: a tenth of 400"
    assert feathered(mask, 0) is mask
