from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from stylex.errors import InputError
from stylex.export.photos import CALIBRATING, CHECKING, bundled, crops, photos


def write(folder, count):
    """Photos whose first pixel tells them apart."""
    for i in range(count):
        photo = np.random.default_rng(i).integers(0, 256, (7, 9, 3), np.uint8).repeat(10, 0).repeat(10, 1)
        photo[:8, :8] = 10 * i % 256
        cv2.imwrite(str(folder / f"{i}.png"), photo)
    return folder


def own(found):
    """Those of the folder, without the bundled ones."""
    return [photo for photo in found if photo.shape == (70, 90, 3)]


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
    levels = [{int(p[0, 0, 0]) for p in own(photos(tmp_path, 0, check=check))} for check in (False, True)]
    assert levels[0] | levels[1] == {10 * i for i in range(count)}
    assert not levels[0] & levels[1]


def test_one_photo_serves_both(tmp_path):
    write(tmp_path, 1)
    assert len(photos(tmp_path, 0, check=False)) == len(own(photos(tmp_path, 0, check=True))) == 1


def test_unusable_photos_are_passed_over(tmp_path):
    write(tmp_path, 9)
    for i in range(4):
        (tmp_path / f"{i}.png").write_bytes(b"no picture")
    cv2.imwrite(str(tmp_path / "8.png"), np.zeros((1, 1, 3), np.uint8))
    assert sum(len(own(photos(tmp_path, 0, check=check))) for check in (False, True)) == 4


def test_unusable_folders(tmp_path):
    with pytest.raises(InputError, match="not a folder"):
        photos(tmp_path / "nowhere", 0, check=False)
    with pytest.raises(InputError, match="no usable photos"):
        crops(tmp_path, 2, 64, 0, check=False)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match="no usable photos"):
        crops(tmp_path, 2, 64, 0, check=False)


@pytest.mark.parametrize("count", [1, 2, 9])
def test_a_check_sees_as_many_bundled_photos(tmp_path, count):
    found = photos(write(tmp_path, count), 0, check=True)
    assert len(found) == 2 * len(own(found)) > 0


@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_photos_prove_nothing(tmp_path, level):
    for i in range(4):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((70, 90, 3), level, np.uint8))
    with pytest.raises(InputError, match="are flat, each of one colour: INT8 can't be calibrated on them"):
        photos(tmp_path, 0, check=False)


@pytest.mark.parametrize("good", [0, 7, 31])
def test_one_good_photo_among_unreadable_ones_is_used(tmp_path, good, caplog):
    write(tmp_path, 32)
    for i in set(range(32)) - {good}:
        (tmp_path / f"{i}.png").write_bytes(b"no picture")
    assert len(photos(tmp_path, 0, check=False)) == len(own(photos(tmp_path, 0, check=True))) == 1
    unusable, few = (record.getMessage() for record in caplog.records)
    assert "pictures of" in unusable and unusable.count("isn't a picture") == 3
    assert "shows 1 different photos to calibrate on, which is few" in few


def test_copies_of_one_photo_are_few(tmp_path, caplog):
    write(tmp_path, 16)
    assert len(photos(tmp_path, 0, check=False)) == 8 and not caplog.records
    for i in range(1, 16):
        (tmp_path / f"{i}.png").write_bytes((tmp_path / "0.png").read_bytes())
    photos(tmp_path, 0, check=False)
    assert "shows 1 different photos" in caplog.records[0].getMessage()
