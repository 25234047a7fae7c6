from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from stylex.errors import InputError
from stylex.imaging.folders import picture_files
from stylex.models.training import data
from stylex.models.training.data import is_held_out, load_folder


@pytest.fixture
def folder(crops, tmp_path):
    """Twelve good pictures in a folder of their own."""
    for file in crops("good", 12).iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def test_hold_out_is_stable_by_name():
    names = [f"photo-{i}.jpg" for i in range(2000)]
    held = [n for n in names if is_held_out(n, 0.05)]
    assert 60 < len(held) < 140
    assert held == [n for n in reversed(names) if is_held_out(n, 0.05)][::-1]
    assert set(held) <= {n for n in names if is_held_out(n, 0.2)}, "a larger share keeps what a smaller one held"
    assert not any(is_held_out(n, 0.0) for n in names)
    assert is_held_out("photo-23.jpg", 1.0)


def test_held_out_files_are_never_loaded(folder):
    held = [f.name for f in picture_files(folder) if is_held_out(f.name, 0.25)]
    assert held, "the names must hold one out"
    assert len(load_folder(folder, 96, hold_out=0.25).pictures) == 12 - len(held)


def test_unusable_files_are_skipped_and_counted(folder):
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    (folder / "empty.png").write_bytes(b"")
    (folder / "notes.txt").write_text("no picture at all")
    header = struct.pack(">IIBBBBB", 70_000, 70_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (folder / "huge.png").write_bytes(bomb)
    data.cv2.imwrite(str(folder / "tiny.png"), np.zeros((20, 90, 3), np.uint8))
    found = load_folder(folder, 96)
    assert len(found.pictures) == 12
    for name, why in (("broken.jpg", "decoded"), ("empty.png", "empty"), ("huge.png", "decoded")):
        assert any(f"{name} " in line and why in line for line in found.skipped)
    assert len(found.skipped) == 4
    assert [line for line in found.skipped if "tiny" in line] == [
        "tiny.png: 90x20, needs 64x64",
    ]


def test_too_few_pictures(folder):
    for file in sorted(folder.iterdir())[:5]:
        file.write_bytes(b"damaged")
    with pytest.raises(InputError, match=r"7 usable pictures \(5 skipped\); training needs at least 8"):
        load_folder(folder, 96)
    with pytest.raises(InputError, match="not a folder"):
        load_folder(folder / "nowhere", 96)


def test_pictures_are_reduced_and_kept_in_colour(folder):
    found = load_folder(folder, 80)
    assert {p.dtype for p in found.pictures} == {np.dtype(np.uint8)}
    assert {p.shape for p in found.pictures} == {(85, 80, 3)}
    assert found.pictures[0][..., 0].mean() != found.pictures[0][..., 2].mean()
    assert {p.shape for p in load_folder(folder, 500).pictures} == {(128, 120, 3)}, "never enlarged"


def test_samples_are_seeded_and_shaped(folder):
    found = load_folder(folder, 96)
    one, two = (found.sample(5, 64, np.random.default_rng(3)) for _ in range(2))
    other = found.sample(5, 64, np.random.default_rng(4))
    assert one.shape == (5, 64, 64, 3) and one.dtype == np.uint8
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()
    assert found.sample(2, 300, np.random.default_rng(0)).shape == (2, 300, 300, 3), "small pictures are enlarged"


def test_favoured_names_are_drawn_more_often(folder):
    names = [f.name for f in picture_files(folder)]
    found = load_folder(folder, 96, favour="good-00", favour_weight=5.0)
    assert found.weights[names.index("good-00.png")] == pytest.approx(5 / 16)
    assert found.weights.sum() == pytest.approx(1)


def test_of_many_files_a_seeded_sample_is_taken(folder, monkeypatch):
    monkeypatch.setattr(data, "MOST_PICTURES", 9)
    one, two = (load_folder(folder, 96, seed=1) for _ in range(2))
    assert len(one.pictures) == 9 and one.digest == two.digest
    assert load_folder(folder, 96, seed=2).digest != one.digest


def test_the_digest_tells_which_files_were_used(folder):
    before = load_folder(folder, 96).digest
    (folder / "good-03.png").unlink()
    assert load_folder(folder, 96).digest != before


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_a_small_folder_is_trained_on_whole(folder, share):
    for file in sorted(folder.iterdir())[8:]:
        file.unlink()
    names = [f.name for f in picture_files(folder)]
    found = load_folder(folder, 96, hold_out=share)
    held = sum(is_held_out(name, share) for name in names)
    assert (len(found.pictures), found.held_out) == (8, 0), f"{held} would be held out"
    assert found.digest == load_folder(folder, 96).digest


def test_held_out_and_skipped_files_are_told(folder):
    for i in range(data.NAMED + 2):
        (folder / f"good-{i:02}.png").write_bytes(b"damaged")
    with pytest.raises(InputError, match=r"5 usable pictures \(7 skipped\).*good-00.png.* and 2 more"):
        load_folder(folder, 96)
    for i in range(3):
        (folder / f"more-{i}.png").write_bytes((folder / "good-11.png").read_bytes())
    first, *lines = load_folder(folder, 96).lines()
    assert first == f"{folder}: 8 pictures, 7 skipped"
    assert len(lines) == data.NAMED + 1 and lines[-1] == "skipped 2 more"
    assert all("good-" in line and "skipped" in line for line in lines[:-1])


def test_files_that_are_held_out_are_counted(folder):
    share = next(s / 100 for s in range(1, 100) if sum(is_held_out(f.name, s / 100) for f in folder.iterdir()) == 2)
    found = load_folder(folder, 96, hold_out=share)
    assert found.lines() == [f"{folder}: 10 pictures, 0 skipped, 2 held out for evaluation"]
