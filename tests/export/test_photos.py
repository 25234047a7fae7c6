from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from stylex.errors import InputError
from stylex.export.photos import CALIBRATING, CHECKING, bundled, crops, photos


def write(folder, count):
    """Photos of one level each, which tells them apart."""
    for i in range(count):
        cv2.imwrite(str(folder / f"{i}.png"), np.full((70, 90, 3), 10 * i, np.uint8))
    return folder


@pytest.mark.parametrize("name", [*CALIBRATING, *CHECKING])
def test_bundled_photos_need_no_network(name):
    photo = bundled(name)
    assert photo.dtype == np.uint8 and photo.ndim == 3 and photo.shape[2] == 3
    assert min(photo.shape[:2]) >= 256


def test_crops_are_seeded_square_and_in_turn():
    one, two = (crops(None, 5, 40, seed=1, check=True) for _ in range(2))
    assert {c.shape for c in one} == {(40, 40, 3)} and {c.dtype for c in one} == {np.dtype(np.uint8)}
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(one, crops(None, 5, 40, seed=2, check=True), strict=True))
    assert all((one[0] != other).any() for other in one[1:])


def test_small_photos_are_enlarged(tmp_path):
    cv2.imwrite(str(tmp_path / "small.png"), skimage.data.chelsea()[:66, :70])
    assert {c.shape for c in crops(tmp_path, 3, 128, seed=0, check=False)} == {(128, 128, 3)}


@pytest.mark.parametrize("count", [2, 3, 9])
def test_no_photo_of_a_folder_both_calibrates_and_checks(tmp_path, count):
    write(tmp_path, count)
    (tmp_path / "notes.txt").write_text("no photo")
    levels = [{int(p[0, 0, 0]) for p in photos(tmp_path, 0, check=check)} for check in (False, True)]
    assert levels[0] | levels[1] == {10 * i for i in range(count)}
    assert not levels[0] & levels[1]


def test_one_photo_serves_both(tmp_path):
    write(tmp_path, 1)
    assert len(photos(tmp_path, 0, check=False)) == len(photos(tmp_path, 0, check=True)) == 1


def test_unusable_photos_are_passed_over(tmp_path):
    write(tmp_path, 9)
    for i in range(4):
        (tmp_path / f"{i}.png").write_bytes(b"no picture")
    cv2.imwrite(str(tmp_path / "8.png"), np.zeros((1, 1, 3), np.uint8))
    assert sum(len(photos(tmp_path, 0, check=check)) for check in (False, True)) == 4


def test_unusable_folders(tmp_path):
    with pytest.raises(InputError, match="not a folder"):
        photos(tmp_path / "nowhere", 0, check=False)
    with pytest.raises(InputError, match="no usable photos"):
        crops(tmp_path, 2, 64, 0, check=False)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match="no usable photos"):
        crops(tmp_path, 2, 64, 0, check=False)
