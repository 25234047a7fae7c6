"""Files as people have them: large ones decoded small, several frames, raw files, comments, AVIF and HEIC."""

from __future__ import annotations

import io
import logging
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin, features

from stylex.errors import InputError, MissingPackage
from stylex.imaging.content import picture_of
from stylex.imaging.picture import limited
from stylex.imaging.reading import as_array, decoded, read_picture
from stylex.imaging.sizes import longer_side, shorter_side

PHOTO = np.ascontiguousarray(skimage.data.astronaut())


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other).mean())


def test_a_jpeg_is_decoded_small_and_looks_the_same(tmp_path: Path) -> None:
    large = Image.fromarray(PHOTO).resize((4096, 3000), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x112] = 6
    large.save(tmp_path / "large.jpg", exif=exif)
    whole, small = read_picture(tmp_path / "large.jpg"), read_picture(tmp_path / "large.jpg", longer_side(500))
    assert whole.rgb.shape == (4096, 3000, 3) and whole.stored is None
    assert small.rgb.shape == (1024, 750, 3)
    assert small.sides == whole.sides == (4096, 3000)
    assert apart(limited(small, 500).rgb, limited(whole, 500).rgb) < 1.5
    assert min(read_picture(tmp_path / "large.jpg", shorter_side(512)).rgb.shape[:2]) >= 1024


LARGE = """
import resource, sys
from stylex.imaging.picture import limited
from stylex.imaging.reading import read_picture
from stylex.imaging.sizes import longer_side
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
picture = limited(read_picture(sys.argv[1], longer_side(640)), 640)
print(*picture.rgb.shape, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_more_than_64_megapixels(tmp_path: Path) -> None:
    Image.new("RGB", (8200, 8000), "teal").save(tmp_path / "huge.jpg", quality=30)
    with pytest.raises(InputError, match="the limit is 64"):
        read_picture(tmp_path / "huge.jpg")
    done = subprocess.run(
        [sys.executable, "-c", LARGE, str(tmp_path / "huge.jpg")], capture_output=True, text=True, check=True
    )
    height, width, channels, mib = map(int, done.stdout.split())
    assert (height, width, channels) == (624, 640, 3)
    assert mib < 120


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_the_first_of_several_frames_is_told(kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    frames = [Image.new("RGB", (40, 30), color) for color in ("red", "blue", "lime")]
    path = tmp_path / f"a.{kind.lower()}"
    frames[0].save(path, kind, save_all=True, append_images=frames[1:], **({} if kind == "TIFF" else {"duration": 50}))
    with caplog.at_level(logging.WARNING, "stylex"):
        rgb = read_picture(path).rgb
    np.testing.assert_allclose(rgb[15, 20].astype(int), (255, 0, 0), atol=4)
    (record,) = caplog.records
    what = "pages" if kind == "TIFF" else "frames"
    assert f"only the first of 3 {what} of " in record.getMessage()
    assert ("stylex video" in record.getMessage()) == (kind != "TIFF")


def test_one_frame_is_told_nothing_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for kind in ("GIF", "PNG", "WEBP", "TIFF"):
        Image.fromarray(PHOTO[:30, :40]).save(tmp_path / f"a.{kind.lower()}", kind)
        read_picture(tmp_path / f"a.{kind.lower()}")
    assert not caplog.records


def raw_file(path: Path, **tags: Any) -> Path:
    """A TIFF that begins with a small preview and has these tags."""
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for number, value in tags.items():
        info[int(number[1:])] = value
    Image.fromarray(PHOTO[:80, :120]).save(path, "TIFF", tiffinfo=info)
    return path


@pytest.mark.parametrize("tags", [{"t50706": b"\1\4\0\0"}, {"t254": 1, "t330": 8}])
@pytest.mark.parametrize("name", ["photo.dng", "photo.nef", "photo.tif"])
def test_raw_files_are_never_painted_from_their_preview(tags: dict[str, Any], name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a raw file of a camera: develop it"):
        read_picture(raw_file(tmp_path / name, **tags))


def test_a_tiff_with_layers_is_no_raw_file(tmp_path: Path) -> None:
    assert read_picture(raw_file(tmp_path / "layers.tif", t254=0)).rgb.shape == (80, 120, 3)


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"tEXt"])
def test_comments_of_any_size_are_no_reason_to_refuse(name: bytes) -> None:
    text = b"a" * 3_000_000
    content = {
        b"zTXt": b"Comment\0\0" + zlib.compress(text),
        b"iTXt": b"Comment\0\1\0\0\0" + zlib.compress(text),
        b"tEXt": b"Comment\0" + text,
    }[name]
    np.testing.assert_array_equal(decoded(with_chunk(name, content), "p.png").rgb, PHOTO[:40, :50])


def with_chunk(name: bytes, content: bytes) -> bytes:
    """A PNG with one more chunk before its pixels."""
    buffer = io.BytesIO()
    Image.fromarray(PHOTO[:40, :50]).save(buffer, "PNG")
    data = buffer.getvalue()
    chunk = struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return data[:33] + chunk + data[33:]


@settings(max_examples=60)
@given(st.sampled_from([b"iCCP", b"tEXt", b"zTXt", b"iTXt"]), st.binary(max_size=40), st.booleans())
def test_damaged_metadata_is_passed_over(name: bytes, content: bytes, right_sum: bool) -> None:
    data = with_chunk(name, content)
    if not right_sum:
        data = data.replace(struct.pack(">I", zlib.crc32(name + content)), b"\0\1\2\3")
    np.testing.assert_array_equal(decoded(data, "p.png").rgb, PHOTO[:40, :50])


def turned(kind: str, path: Path) -> Path:
    """The photo on its side, with the orientation that puts it upright."""
    exif = Image.Exif()
    exif[0x112] = 6
    Image.fromarray(PHOTO[:160, :240]).transpose(Image.Transpose.ROTATE_90).save(path, kind, exif=exif, quality=95)
    return path


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow can't write AVIF")
def test_avif_is_upright_exactly_once(tmp_path: Path) -> None:
    rgb = read_picture(turned("AVIF", tmp_path / "a.avif")).rgb
    assert rgb.shape == (160, 240, 3)
    assert apart(rgb, PHOTO[:160, :240]) < 6


def test_heic_is_upright_exactly_once(tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="HEIC needs stylex[heic]")
    pillow_heif.register_heif_opener()
    path = turned("HEIF", tmp_path / "a.heic")
    rgb = read_picture(path).rgb
    assert rgb.shape == (160, 240, 3)
    assert apart(rgb, PHOTO[:160, :240]) < 6
    assert picture_of(path.read_bytes()).rgb.shape == (160, 240, 3)


def test_the_first_of_several_heic_pictures_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="HEIC needs stylex[heic]")
    pillow_heif.register_heif_opener()
    one = Image.fromarray(PHOTO[:160, :240])
    for more, expected in (([], []), ([one.rotate(180)], ["only the first of 2 pictures of b.heic is read"])):
        buffer = io.BytesIO()
        one.save(buffer, "HEIF", save_all=True, append_images=more)
        with caplog.at_level(logging.WARNING, "stylex"):
            decoded(buffer.getvalue(), "b.heic")
        assert [record.getMessage() for record in caplog.records] == expected


def test_heic_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x20ftypheic\0\0\0\0")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(MissingPackage, match=r"pip install 'stylex\[heic\]'"):
        read_picture(tmp_path / "a.heic")


@pytest.mark.parametrize("sides", [(1, 1), (1, 700), (2000, 3), (700, 1000)])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_pixels_are_copied_in_parts(sides: tuple[int, int], channels: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*sides, *channels), np.uint8)
    np.testing.assert_array_equal(as_array(Image.fromarray(pixels)), pixels)
