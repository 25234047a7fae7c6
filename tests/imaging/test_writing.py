"""Round trips, disks that fail, and checks before the work."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from stylex.errors import InputError, ResourceError, UsageError
from stylex.imaging.reading import read_picture
from stylex.imaging.writing import check_output, write_picture

LOSSLESS = (".png", ".bmp", ".tif", ".tiff")
LOSSY = (".jpg", ".jpeg", ".webp")
few = settings.get_profile("few")


# Round trips


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_lossless_formats_give_back_every_pixel(suffix: str, photo: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / f"photo{suffix}"
    write_picture(path, photo)
    picture = read_picture(path)
    np.testing.assert_array_equal(picture.rgb, photo)
    assert picture.alpha is None
    assert picture.rgb.dtype == np.uint8
    assert picture.rgb.flags.c_contiguous
    assert picture.rgb.flags.writeable
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", LOSSY)
def test_lossy_formats_stay_close_and_follow_the_quality(suffix: str, photo: np.ndarray, tmp_path: Path) -> None:
    best, worst = tmp_path / f"best{suffix}", tmp_path / f"worst{suffix.upper()}"
    write_picture(best, photo, quality=100)
    write_picture(worst, photo, quality=5)
    assert cv2.PSNR(read_picture(best).rgb, photo) > 38
    assert cv2.PSNR(read_picture(worst).rgb, photo) < 35
    assert worst.stat().st_size < best.stat().st_size / 4


@pytest.mark.parametrize("suffix", (*LOSSLESS, *LOSSY))
def test_the_content_is_what_the_suffix_says(suffix: str, cat: np.ndarray, tmp_path: Path) -> None:
    write_picture(tmp_path / f"cat{suffix}", cat)
    names = {".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF"}
    with Image.open(tmp_path / f"cat{suffix}") as image:
        assert image.format == names.get(suffix, suffix[1:].upper())


def test_jpeg_keeps_colour_detail(tmp_path: Path) -> None:
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[:, ::2] = (255, 0, 0)
    stripes[:, 1::2] = (0, 0, 255)
    write_picture(tmp_path / "stripes.jpg", stripes)
    assert cv2.PSNR(read_picture(tmp_path / "stripes.jpg").rgb, stripes) > 30  # 4:2:0 would mix them to purple


def test_jpeg_takes_noise_at_full_quality(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    write_picture(tmp_path / "noise.jpg", noise, quality=100)
    assert read_picture(tmp_path / "noise.jpg").rgb.shape == noise.shape


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
@pytest.mark.parametrize("opaque", [True, False])
def test_alpha_is_kept_apart(suffix: str, opaque: bool, cat: np.ndarray, tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, cat.shape[1]).astype(np.uint8)
    alpha = np.full(cat.shape[:2], 255, np.uint8) if opaque else np.tile(ramp, (cat.shape[0], 1))
    write_picture(tmp_path / f"cat{suffix}", cat, alpha)
    picture = read_picture(tmp_path / f"cat{suffix}")
    visible = alpha > 0
    assert cv2.PSNR(picture.rgb[visible], cat[visible]) > (35 if suffix == ".webp" else 90)
    assert picture.rgb.flags.c_contiguous
    if suffix == ".webp" and opaque:  # its encoder drops an alpha that says nothing
        assert picture.alpha is None
    else:
        assert picture.alpha is not None
        np.testing.assert_array_equal(picture.alpha, alpha)
        assert picture.alpha.flags.c_contiguous


@pytest.mark.parametrize("suffix", [".bmp", ".jpg"])
def test_alpha_is_laid_on_white_where_it_cannot_be_held(suffix: str, tmp_path: Path) -> None:
    red = np.full((16, 48, 3), (200, 0, 0), np.uint8)
    alpha = np.repeat(np.array([0, 128, 255], np.uint8), 16)[None].repeat(16, axis=0)
    write_picture(tmp_path / f"red{suffix}", red, alpha)
    picture = read_picture(tmp_path / f"red{suffix}")
    assert picture.alpha is None
    for column, expected in ((8, (255, 255, 255)), (24, (227, 127, 127)), (40, (200, 0, 0))):
        np.testing.assert_allclose(picture.rgb[8, column].astype(int), expected, atol=4)


def test_webp_keeps_colours_under_transparent_pixels(cat: np.ndarray, tmp_path: Path) -> None:
    write_picture(tmp_path / "cat.webp", cat, np.zeros(cat.shape[:2], np.uint8))
    with Image.open(tmp_path / "cat.webp") as stored:
        assert cv2.PSNR(np.array(stored)[..., :3], cat) > 35
    assert not read_picture(tmp_path / "cat.webp").rgb.any()  # nobody sees them, and nothing may depend on them


@few
@given(data=st.data())
def test_any_small_picture_survives_png(data: st.DataObject, tmp_path: Path) -> None:
    size = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    rgb = data.draw(hnp.arrays(np.uint8, (*size, 3)))
    alpha = data.draw(st.none() | hnp.arrays(np.uint8, size))
    write_picture(tmp_path / "any.png", rgb, alpha)
    picture = read_picture(tmp_path / "any.png")
    visible = np.full(size, True) if alpha is None else alpha > 0
    np.testing.assert_array_equal(picture.rgb[visible], rgb[visible])
    assert (picture.alpha is None) == (alpha is None)
    if alpha is not None:
        np.testing.assert_array_equal(picture.alpha, alpha)


# Writing that fails


@pytest.mark.parametrize("place", ["write", "encode", "sync"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
def test_a_failing_disk_leaves_the_old_file(
    place: str, code: int, cat: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(b"what was there")

    def failing(target: object, *_: object, **__: object) -> None:
        if isinstance(target, Path):
            with target.open("wb") as file:
                file.write(b"half")
        raise OSError(code, os.strerror(code))

    owner, name = {"write": (Path, "write_bytes"), "encode": (Image.Image, "save"), "sync": (os, "fsync")}[place]
    monkeypatch.setattr(owner, name, failing)
    with pytest.raises(ResourceError, match="no space left" if code == errno.ENOSPC else "can't be written"):
        write_picture(path, cat)
    monkeypatch.undo()
    assert path.read_bytes() == b"what was there"
    assert list(tmp_path.iterdir()) == [path]


def test_paths_that_cannot_be_written(cat: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        write_picture(tmp_path / "folder.png", cat)
    with pytest.raises(InputError, match="doesn't exist: create it first"):
        write_picture(tmp_path / "missing" / "cat.png", cat)
    for name, expected in (("cat.gif", "ends in .gif"), ("cat", "has no suffix"), ("cat.jfif", "ends in .jfif")):
        with pytest.raises(UsageError, match=rf"{expected}; .* use one of \.jpg, \.jpeg, \.png"):
            write_picture(tmp_path / name, cat)
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder.png"]


@pytest.mark.parametrize("quality", [0, 101, -1])
def test_quality_out_of_range(quality: int, cat: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"1 .* to 100"):
        write_picture(tmp_path / "cat.jpg", cat, quality=quality)


@pytest.mark.parametrize(("suffix", "most"), [(".webp", 16383), (".jpg", 65500)])
def test_sides_longer_than_the_format_holds(suffix: str, most: int, tmp_path: Path) -> None:
    path = tmp_path / f"long{suffix}"
    write_picture(path, np.zeros((1, most, 3), np.uint8))
    assert read_picture(path).rgb.shape == (1, most, 3)
    with pytest.raises(InputError, match=f"{most + 1}x1; .* at most {most} pixels"):
        write_picture(path, np.zeros((1, most + 1, 3), np.uint8))


@pytest.mark.parametrize(
    "alpha", [np.zeros((60, 91), np.uint8), np.zeros((60, 90)), np.zeros((60, 90, 1), np.uint8), 3]
)
def test_alpha_that_does_not_fit(alpha: Any, cat: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape("needs a numpy uint8 array of shape (60, 90)")):
        write_picture(tmp_path / "cat.png", cat, alpha)
    assert list(tmp_path.iterdir()) == []


# Checks before the work


def test_check_output_accepts_what_can_be_written(cat: np.ndarray, tmp_path: Path) -> None:
    write_picture(tmp_path / "in.png", cat)
    write_picture(tmp_path / "old.jpg", cat)
    check_output(tmp_path / "new.png", [tmp_path / "in.png", tmp_path / "missing.png"])
    check_output(str(tmp_path / "old.jpg"), [str(tmp_path / "in.png")])
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["in.png", "old.jpg"]


def test_check_output_refuses_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(UsageError, match=r"ends in \.gif"):
        check_output(tmp_path / "missing" / "x.gif", [])
    with pytest.raises(InputError, match=r"the folder .*missing doesn't exist"):
        check_output(tmp_path / "missing" / "x.png", [])
    with pytest.raises(InputError, match="is a folder"):
        check_output(tmp_path / "folder.png", [])


def test_check_output_knows_an_input_under_any_name(
    cat: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "in.png"
    write_picture(source, cat)
    (tmp_path / "sub").mkdir()
    (tmp_path / "soft.png").symlink_to(source)
    (tmp_path / "hard.png").hardlink_to(source)
    (tmp_path / "here").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    same = ["in.png", source, "sub/../in.png", "soft.png", "hard.png", "here/in.png"]
    for name in same:
        with pytest.raises(InputError, match="is also an input and would be overwritten"):
            check_output(name, [tmp_path / "other.png", source])
        with pytest.raises(InputError, match="is also an input"):
            check_output(source, [Path(name)])
    with pytest.raises(InputError, match="is also an input"):  # neither exists yet
        check_output("here/new.png", ["new.png"])
