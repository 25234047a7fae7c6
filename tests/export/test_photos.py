from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from stylex.errors import InputError
from stylex.export.photos import BUNDLED, bundled, crops, photos


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_photos_need_no_network(name):
    photo = bundled(name)
    assert photo.dtype == np.uint8 and photo.ndim == 3 and photo.shape[2] == 3
    assert min(photo.shape[:2]) >= 256


def test_crops_are_seeded_square_and_in_turn():
    one, two = (crops(None, 5, 40, seed=1) for _ in range(2))
    assert {c.shape for c in one} == {(40, 40, 3)} and {c.dtype for c in one} == {np.dtype(np.uint8)}
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(one, crops(None, 5, 40, seed=2), strict=True))
    assert all((one[0] != other).any() for other in one[1:])


def test_small_photos_are_enlarged(tmp_path):
    cv2.imwrite(str(tmp_path / "small.png"), skimage.data.chelsea()[:50, :30])
    assert {c.shape for c in crops(tmp_path, 3, 128, seed=0)} == {(128, 128, 3)}


def test_a_folder_of_ones_own(tmp_path):
    red = np.zeros((60, 80, 3), np.uint8)
    red[..., 2] = 255  # OpenCV writes BGR
    cv2.imwrite(str(tmp_path / "b.png"), red)
    cv2.imwrite(str(tmp_path / "a.jpg"), 255 - red)
    (tmp_path / "notes.txt").write_text("no photo")
    found = list(photos(tmp_path))
    assert len(found) == 2, "sorted by name, without the text"
    assert tuple(found[1][0, 0]) == (255, 0, 0)


def test_unusable_folders(tmp_path):
    with pytest.raises(InputError, match="not a folder"):
        list(photos(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="no photos"):
        crops(tmp_path, 2, 64, 0)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"broken\.jpg"):
        crops(tmp_path, 2, 64, 0)
