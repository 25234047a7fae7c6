"""Every format, every refusal, and nothing but stylex errors from broken files."""

from __future__ import annotations

import errno
import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from stylex.errors import InputError
from stylex.imaging import reading
from stylex.imaging.picture import MAX_PIXELS, Picture
from stylex.imaging.reading import read_picture
from stylex.imaging.writing import write_picture

LOSSLESS = (".png", ".bmp", ".tif", ".tiff")
LOSSY = (".jpg", ".jpeg", ".webp")
few = settings.get_profile("few")


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of `image` as Pillow writes them."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def file_with(path: Path, data: bytes) -> Path:
    """`path`, now holding `data`."""
    path.write_bytes(data)
    return path


def png_bytes(size: tuple[int, int], depth: int, colour: int, row: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG made by hand, of one row; `size` may lie."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(b"\0" + row)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def tiff_bytes(bits: int, photometric: int, sample_format: int, data: bytes) -> bytes:
    """A grey TIFF made by hand, 2x1 pixels, little-endian."""
    short, long, start = 3, 4, 8 + 2 + 12 * 10 + 4
    tags = [(256, long, 2), (257, long, 1), (258, short, bits), (259, short, 1), (262, short, photometric)]
    tags += [(273, long, start), (277, short, 1), (278, long, 1), (279, long, len(data)), (339, short, sample_format)]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0) + data


def refusal(path: Path | str) -> str:
    """The one-line message that reading `path` is refused with."""
    with pytest.raises(InputError) as caught:
        read_picture(path)
    message = str(caught.value)
    assert "\n" not in message
    assert Path(path).name.replace("\0", r"\x00") in message
    assert "BufferedReader" not in message
    return message


# What can be read


@pytest.mark.parametrize("orientation", range(9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_exif_orientation_is_applied(kind: str, orientation: int, cat: np.ndarray, tmp_path: Path) -> None:
    def transposed(array: np.ndarray) -> np.ndarray:
        return array.transpose(1, 0, 2)

    upright: dict[int, Callable[[np.ndarray], np.ndarray]] = {
        2: lambda array: array[:, ::-1],
        3: lambda array: array[::-1, ::-1],
        4: lambda array: array[::-1],
        5: transposed,
        6: lambda array: np.rot90(array, -1),
        7: lambda array: transposed(array[::-1, ::-1]),
        8: lambda array: np.rot90(array, 1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, Any] = {"WEBP": {"lossless": True}, "JPEG": {"quality": 98, "subsampling": 0}}.get(kind, {})
    suffix = {"JPEG": ".jpg", "TIFF": ".tif"}.get(kind, f".{kind.lower()}")
    path = file_with(tmp_path / f"cat{suffix}", saved(Image.fromarray(cat), kind, exif=exif, **options))
    rgb = read_picture(path).rgb
    expected = upright.get(orientation, lambda array: array)(cat)
    assert rgb.shape == expected.shape
    assert rgb.flags.c_contiguous
    assert cv2.PSNR(rgb, expected) > (38 if kind == "JPEG" else 90)


@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\x7f", b"Exif\0\0MM\0*garbage" * 9])
def test_damaged_exif_does_not_cost_the_picture(exif: bytes, cat: np.ndarray, tmp_path: Path) -> None:
    path = file_with(tmp_path / "cat.jpg", saved(Image.fromarray(cat), "JPEG", exif=exif))
    rgb = read_picture(path).rgb
    assert rgb.shape == cat.shape and cv2.PSNR(rgb, cat) > 30


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "LAB", "LA", "RGBA", "I;16"])
def test_every_mode_becomes_rgb(mode: str, cat: np.ndarray, tmp_path: Path) -> None:
    colours = Image.fromarray(cat)
    if mode == "I;16":
        source = Image.fromarray(np.asarray(colours.convert("L")).astype(np.uint16) * 257)
    elif mode == "LAB":
        source = Image.frombytes("LAB", (2, 1), bytes([255, 0, 0, 0, 0, 0]))
    else:
        source = colours.convert(mode)
    picture = read_picture(file_with(tmp_path / "cat.tif", saved(source, "TIFF")))
    assert picture.rgb.shape == (source.height, source.width, 3)
    assert (picture.alpha is not None) == (mode in ("LA", "RGBA"))
    if mode in ("L", "LA", "I;16"):
        np.testing.assert_array_equal(picture.rgb, np.asarray(colours.convert("L").convert("RGB")))
    elif mode not in ("1", "P", "LAB"):
        assert cv2.PSNR(picture.rgb, cat) > 35
    if picture.alpha is not None:
        assert picture.alpha.min() == 255  # opaque everywhere, and still returned


def test_cmyk_jpeg_is_not_inverted(cat: np.ndarray, tmp_path: Path) -> None:
    path = file_with(tmp_path / "cat.jpg", saved(Image.fromarray(cat).convert("CMYK"), "JPEG", quality=98))
    assert cv2.PSNR(read_picture(path).rgb, cat) > 30


@pytest.mark.parametrize("byte_order", ["<u2", ">u2"])
def test_16_bit_grey_is_scaled_not_clipped(byte_order: str, tmp_path: Path) -> None:
    values = np.array([[0, 255, 256, 0x1234, 0x8000, 65535]], byte_order)
    expected = [0, 0, 1, 0x12, 0x80, 255]
    big = values.astype(">u2").tobytes()
    png = file_with(tmp_path / "grey.png", png_bytes((6, 1), 16, 0, big))
    tif = file_with(tmp_path / "grey.tif", saved(Image.fromarray(values), "TIFF"))
    wide = file_with(tmp_path / "wide.tif", saved(Image.fromarray(values.astype(np.int32)), "TIFF"))  # mode I
    for path in (png, tif, wide):
        assert read_picture(path).rgb[0, :, 0].tolist() == expected


@pytest.mark.parametrize(
    ("colour", "samples", "transparent", "rgb", "alpha"),
    [
        (0, (0x1234, 0xFFFF), (0x1234,), [[255] * 3, [255] * 3], [0, 255]),
        (2, (0x1234, 0xFFFF, 0x80FF, 1, 2, 3), (), [[0x12, 255, 0x80], [0, 0, 0]], None),
        (2, (0x1234, 0xFFFF, 0x80FF, 1, 2, 3), (0x1234, 0xFFFF, 0x80FF), [[0, 0, 0], [0, 0, 0]], [0, 255]),
        (4, (0x1234, 0xFFFF, 0x80FF, 0x0100), (), [[0x12] * 3, [0x80] * 3], [255, 1]),
        (6, (0x1234, 0, 0, 0xFFFF, 0, 0, 0xFF00, 0), (), [[0x12, 0, 0], [0x12, 0, 0]], [255, 0]),
    ],
)
def test_16_bit_png(colour: int, samples: Any, transparent: Any, rgb: Any, alpha: Any, tmp_path: Path) -> None:
    chunks = [(b"tRNS", struct.pack(f">{len(transparent)}H", *transparent))] if transparent else []
    data = png_bytes((2, 1), 16, colour, struct.pack(f">{len(samples)}H", *samples), *chunks)
    picture = read_picture(file_with(tmp_path / "deep.png", data))
    assert picture.rgb.tolist() == [rgb]
    assert (None if picture.alpha is None else picture.alpha.tolist()) == (None if alpha is None else [alpha])


def test_12_bit_and_white_is_zero_tiffs(tmp_path: Path) -> None:
    twelve = file_with(tmp_path / "twelve.tif", tiff_bytes(12, 1, 1, bytes([0xFF, 0xF8, 0x00])))
    inverted = file_with(tmp_path / "inverted.tif", tiff_bytes(16, 0, 1, struct.pack("<2H", 0, 65535)))
    assert read_picture(twelve).rgb[0, :, 0].tolist() == [255, 128]
    assert read_picture(inverted).rgb[0, :, 0].tolist() == [255, 0]


@pytest.mark.parametrize("transparency", [1, b"\xff\x00\x80"])
def test_palette_transparency_becomes_alpha(transparency: Any, tmp_path: Path) -> None:
    palette = Image.fromarray(np.array([[0, 1, 2]], np.uint8)).convert("P")
    palette.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    path = file_with(tmp_path / "palette.png", saved(palette, "PNG", transparency=transparency))
    picture = read_picture(path)
    assert picture.rgb.tolist() == [[[10, 20, 30], [10, 20, 30], [70, 80, 90]]]  # the hidden one continues the first
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[255, 0, 255 if transparency == 1 else 128]]


@pytest.mark.parametrize(("mode", "key"), [("1", 255), ("L", 255), ("RGB", (255, 255, 255))])
def test_a_transparent_colour_becomes_alpha(mode: str, key: Any, tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 255]], np.uint8)).convert(mode)
    picture = read_picture(file_with(tmp_path / "key.png", saved(image, "PNG", transparency=key)))
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[255, 0]]


@pytest.mark.parametrize(("name", "kind"), [("a.tif", "TIFF"), ("a.webp", "WEBP"), ("a.png", "PNG"), ("a.jpg", "MPO")])
def test_the_first_of_several_frames_is_read(name: str, kind: str, tmp_path: Path) -> None:
    red, blue = Image.new("RGB", (40, 30), "red"), Image.new("RGB", (40, 30), "blue")
    path = file_with(tmp_path / name, saved(red, kind, save_all=True, append_images=[blue]))
    rgb = read_picture(str(path)).rgb
    assert rgb.shape == (30, 40, 3)
    np.testing.assert_allclose(rgb[15, 20].astype(int), (255, 0, 0), atol=4)


@pytest.mark.parametrize("name", ["cat", "cat.JPG", "cat.jfif", "two.dots.jpeg", "Katze süß 猫.jpg"])
def test_names_that_are_read(name: str, cat: np.ndarray, tmp_path: Path) -> None:
    rgb = read_picture(file_with(tmp_path / name, saved(Image.fromarray(cat), "JPEG"))).rgb
    assert rgb.shape == cat.shape and cv2.PSNR(rgb, cat) > 30


# What is refused


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    (tmp_path / "pipe.png").symlink_to("/dev/null")
    (tmp_path / "dangling.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    assert "doesn't exist" in refusal(tmp_path / "missing.png")
    assert "doesn't exist" in refusal(tmp_path / "dangling.png")
    assert "doesn't exist" in refusal(file_with(tmp_path / "a.txt", b"x") / "b.png")
    assert "is a folder" in refusal(tmp_path)
    assert "is empty (0 bytes)" in refusal(file_with(tmp_path / "empty.png", b""))
    assert "isn't a regular file" in refusal(tmp_path / "pipe.png")
    assert "can't be read" in refusal(tmp_path / "loop.png")
    assert "can't be read" in refusal(tmp_path / f"{'a' * 300}.png")
    assert "can't be read" in refusal(f"{tmp_path}/null\0.png")


def test_no_permission_to_read(cat: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_picture(tmp_path / "secret.png", cat)
    (tmp_path / "secret.png").chmod(0)
    if os.geteuid() == 0:  # whom no permission stops

        def denied(*_: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(Path, "open", denied)
    assert "(Permission denied): check its name and permissions" in refusal(tmp_path / "secret.png")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"8BPS\0\1", "is a PSD picture: export it as a PNG"),
        (b"%PDF-1.7\n", "is a PDF: export its page as a PNG"),
        (b"\n<svg xmlns='http://www.w3.org/2000/svg'/>", "is an SVG drawing: give a JPEG, PNG"),
        (b"\xff\x0a\xfa\x7f", "is a JPEG XL picture: save it as a PNG"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "is a JPEG 2000 picture: save it as a PNG"),
        (b"PK\3\4", "is a ZIP archive: unpack it"),
    ],
)
def test_other_formats_are_named(data: bytes, expected: str, tmp_path: Path) -> None:
    assert expected in refusal(file_with(tmp_path / "x.png", data))


@pytest.mark.parametrize("data", [b"hello, world\n", b"\0" * 4096, b"P"])
def test_what_is_no_picture(data: bytes, tmp_path: Path) -> None:
    assert "isn't a picture" in refusal(file_with(tmp_path / "x.jpg", data))


@pytest.mark.parametrize("name", ["x.jpg", "x.png", "x.y.JPG", "x.jpg_large", "x.gif", "12.05.2024", "x"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF"])
def test_the_content_decides_whatever_the_name(kind: str, name: str, tmp_path: Path) -> None:
    path = file_with(tmp_path / name, saved(Image.new("RGB", (9, 9), "white"), kind))
    assert read_picture(path).rgb.min() > 250


@pytest.mark.parametrize(
    ("size", "expected"), [((10_000, 8_000), "80.0 megapixels"), ((50_000, 40_000), "2000.0 megap")]
)
def test_too_many_pixels_are_refused_from_the_header(size: tuple[int, int], expected: str, tmp_path: Path) -> None:
    message = refusal(file_with(tmp_path / "huge.png", png_bytes(size, 8, 2, b"")))
    assert expected in message
    assert "the limit is 64" in message


def test_the_largest_size_allowed_passes_the_header(tmp_path: Path) -> None:
    assert MAX_PIXELS == 64_000_000
    assert "can't be decoded" in refusal(file_with(tmp_path / "big.png", png_bytes((8_000, 8_000), 1, 0, b"")))


def test_values_of_unknown_range(tmp_path: Path) -> None:
    floats = file_with(tmp_path / "f.tif", saved(Image.fromarray(np.ones((2, 2), np.float32)), "TIFF"))
    signed = file_with(tmp_path / "s.tif", tiff_bytes(16, 1, 2, struct.pack("<2h", -5, 9)))
    wide = file_with(tmp_path / "w.tif", saved(Image.fromarray(np.array([[0, 70_000]], np.int32)), "TIFF"))
    assert "floating-point" in refusal(floats)
    assert "from -5 to 9" in refusal(signed)
    assert "from 0 to 70000" in refusal(wide)


def test_a_bomb_of_untold_size(cat: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(*_: object) -> None:
        raise Image.DecompressionBombError("no number here")

    write_picture(tmp_path / "cat.png", cat)
    monkeypatch.setattr(reading, "_color_and_alpha", refusing)
    assert "too many megapixels; the limit is 64" in refusal(tmp_path / "cat.png")


def test_not_enough_memory_is_told(cat: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> None:
        raise MemoryError

    write_picture(tmp_path / "cat.png", cat)
    monkeypatch.setattr(reading, "_color_and_alpha", exhausted)
    assert "more memory" in refusal(tmp_path / "cat.png")


@pytest.mark.parametrize("kind", [OSError, SyntaxError, struct.error, KeyError, IndexError, TypeError, OverflowError])
def test_whatever_pillow_raises(
    kind: type[Exception], cat: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise kind("of some\nsort")

    write_picture(tmp_path / "cat.bmp", cat)
    monkeypatch.setattr(Image.Image, "getexif", failing)
    assert read_picture(tmp_path / "cat.bmp").rgb.shape == cat.shape  # damaged EXIF doesn't matter
    monkeypatch.setattr(ImageFile.ImageFile, "load", failing)
    assert "of some" in refusal(tmp_path / "cat.bmp")


def broken_or_fine(path: Path) -> bool:
    """Whether `path` is refused; anything but a `Picture` or an `InputError` fails the test."""
    try:
        assert isinstance(read_picture(path), Picture)
    except InputError as error:
        assert "\n" not in str(error)
        assert "BufferedReader" not in str(error)
        return True
    return False


SMALL = {
    "a.png": ("PNG", {}),
    "a.jpg": ("JPEG", {}),
    "p.jpg": ("JPEG", {"progressive": True}),
    "a.webp": ("WEBP", {"lossless": True}),
    "a.bmp": ("BMP", {}),
    "a.tif": ("TIFF", {}),
    "z.tif": ("TIFF", {"compression": "tiff_adobe_deflate"}),
}


@pytest.mark.parametrize("name", SMALL)
def test_truncated_files_are_refused(
    name: str, cat: np.ndarray, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kind, options = SMALL[name]
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(Image.fromarray(cat[:20, :24]), kind, **options, **({} if kind == "BMP" else {"exif": exif}))
    cuts = np.unique(np.linspace(1, len(data) - 1, 30).astype(int))
    refused = [broken_or_fine(file_with(tmp_path / name, data[:cut])) for cut in cuts]
    assert all(refused[: len(cuts) // 2])
    assert not broken_or_fine(file_with(tmp_path / name, data))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", SMALL)
def test_flipped_bytes_raise_nothing_else(name: str, cat: np.ndarray, tmp_path: Path) -> None:
    kind, options = SMALL[name]
    data = saved(Image.fromarray(cat[:12, :16]), kind, **options)
    random = np.random.default_rng(7)
    for _ in range(25):
        changed = np.frombuffer(data, np.uint8).copy()
        changed[random.integers(0, len(data), 4)] = random.integers(0, 256, 4)
        broken_or_fine(file_with(tmp_path / name, changed.tobytes()))


MAGICS = [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x40\0\0\0WEBPVP8 ", b"BM", b"II*\0\x08\0\0\0", b"MM\0+"]


@few
@given(magic=st.sampled_from(MAGICS), rest=st.binary(min_size=1, max_size=80), suffix=st.sampled_from(LOSSLESS + LOSSY))
def test_garbage_is_refused(magic: bytes, rest: bytes, suffix: str, tmp_path: Path) -> None:
    assert broken_or_fine(file_with(tmp_path / f"garbage{suffix}", magic + rest))
    assert broken_or_fine(file_with(tmp_path / "garbage", magic + rest))
