"""TIFF files that Pillow doesn't open, and the tags of those that nobody decodes."""

from __future__ import annotations

import io
import logging
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from stylex.errors import InputError
from stylex.imaging.reading import decoded
from stylex.imaging.tiff import tags_of

PHOTO = np.ascontiguousarray(skimage.data.coffee()[100:130, 200:240])


def tiff(
    values: bytes, bits: int, samples: int, photometric: int, more: dict[int, Any] | None = None, order: str = "<"
) -> bytes:
    """A file of PHOTO's size with these values in one strip."""
    height, width = PHOTO.shape[:2]
    head = b"II*\0\x08\0\0\0" if order == "<" else b"MM\0*\0\0\0\x08"
    directory = TiffImagePlugin.ImageFileDirectory_v2(head)
    tags = {256: width, 257: height, 258: (bits,) * samples, 259: 1, 262: photometric, 277: samples, 278: height}
    for tag, value in (tags | {273: 0, 279: len(values)} | (more or {})).items():
        directory[tag] = value  # Pillow counts the strip's offset from the end of the directory
    return head + directory.tobytes(8) + values


def packed(values: np.ndarray, bits: int) -> bytes:
    """8 bits as so many, without gaps, each row on a byte of its own."""
    rows = (values.astype(np.uint32) * (2**bits - 1) // 255).reshape(len(values), -1)
    return b"".join(np.packbits(((row[:, None] >> np.arange(bits)[::-1]) & 1).ravel()).tobytes() for row in rows)


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_bits_without_gaps(bits: int) -> None:
    found = decoded(tiff(packed(PHOTO, bits), bits, 3, 2), "deep.tif").rgb
    assert np.abs(found.astype(int) - PHOTO).max() <= 1
    grey = PHOTO[..., 1]
    for photometric, values in ((1, grey), (0, 255 - grey)):
        found = decoded(tiff(packed(values, bits), bits, 1, photometric), "grey.tif").rgb
        assert np.abs(found.astype(int) - grey[..., None]).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_they_are_upright(orientation: int) -> None:
    """Of 12 bits without gaps, and of 12 bits in 16, which OpenCV reads as well."""
    transposed = np.swapaxes(PHOTO, 0, 1)
    for data in (
        tiff(packed(PHOTO, 12), 12, 3, 2, {274: orientation}),
        tiff((PHOTO.astype("<u2") * 16 + 15).tobytes(), 16, 3, 2, {274: orientation, 281: (4095,) * 3}),
    ):
        found = decoded(data, "turned.tif").rgb
        stored = transposed if orientation > 4 else PHOTO
        rows, columns = {2: (1, -1), 3: (-1, -1), 4: (-1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}.get(
            orientation, (1, 1)
        )
        assert np.abs(found.astype(int) - stored[::rows, ::columns]).max() <= 1


GREY = PHOTO[..., 1]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("photometric", [0, 1])
def test_grey_of_16_bits(photometric: int, order: str) -> None:
    values = (GREY if photometric else 255 - GREY).astype(f"{order}u2") * 257
    data = tiff(values.astype(f"{order}u2").tobytes(), 16, 1, photometric, order=order)
    assert np.abs(decoded(data, "grey.tif").rgb.astype(int) - GREY[..., None]).max() <= 1


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("bits", [8, 16])
def test_signed_values_are_as_bright_as_they_mean(bits: int, order: str) -> None:
    """Half of their range is below zero: white is 127 or 32767."""
    values = (GREY.astype(np.int64) * (2 ** (bits - 1) - 1) // 255).astype(f"{order}i{bits // 8}")
    found = decoded(tiff(values.tobytes(), bits, 1, 1, {339: 2}, order), "signed.tif").rgb
    assert np.abs(found.astype(int) - GREY[..., None]).max() <= 2


@pytest.mark.parametrize(("bits", "expected"), [(8, "values from -1 to 127"), (16, "values from -1 to 32767")])
def test_negative_values_have_no_brightness(bits: int, expected: str) -> None:
    values = np.full(GREY.size, 2 ** (bits - 1) - 1, f"<i{bits // 8}")
    values[5] = -1
    with pytest.raises(InputError, match=f"{expected}: save it with 8 or 16 bits, without a sign"):
        decoded(tiff(values.tobytes(), bits, 1, 1, {339: 2}), "signed.tif")


def test_the_range_of_32_bits_is_told_as_it_is() -> None:
    values = np.arange(GREY.size, dtype="<u4") * 3_000_000
    with pytest.raises(InputError, match=f"values from 0 to {values.max()}: save it with 8 or 16 bits"):
        decoded(tiff(values.tobytes(), 32, 1, 1), "deep.tif")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (tiff(bytes(40 * 30 * 6), 16, 3, 2, {339: (2, 2, 2)}), "3 channels of 16 bits with a sign"),
        (tiff(bytes(40 * 30 * 6), 16, 3, 8), "3 channels of 16 bits, photometric interpretation 8"),
        (tiff(bytes(40 * 30 * 5), 12, 3, 8), "3 channels of 12 bits, photometric interpretation 8"),
        (tiff(bytes(40 * 30 * 12), 32, 3, 2, {339: (3, 3, 3)}), "floating-point values"),
        (tiff(bytes(40 * 30 * 6), 16, 3, 2, {339: (3, 3, 3)}), "floating-point values"),
        (tiff(bytes(40 * 30 * 4), 16, 2, 1, {338: 2}), "2 channels of 16 bits.*save it as a PNG"),
        (tiff(bytes(40 * 30 * 2), 16, 1, 32803), "raw file of a camera: develop it"),
        (tiff(bytes(2100), 14, 1, 32803), "raw file of a camera: develop it"),
        (tiff(b"", 12, 3, 2, {256: 60000, 257: 60000}), "3600.0 megapixels"),
    ],
    ids=["signed", "deep Lab", "packed Lab", "float", "half", "grey and alpha", "sensor", "packed sensor", "huge"],
)
def test_kinds_that_are_named(data: bytes, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        decoded(data, "rare.tif")


@settings(max_examples=200)
@given(st.binary(max_size=80), st.sampled_from([b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b""]))
def test_tags_of_anything(tail: bytes, head: bytes) -> None:
    assert isinstance(tags_of(head + tail), dict)


def test_no_log_of_opencv(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="or damaged"):
        decoded(tiff(b"", 12, 3, 2), "cut.tif")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "jpeg"])
def test_no_lines_of_libtiff(compression: str, capfd: pytest.CaptureFixture[str]) -> None:
    buffer = io.BytesIO()
    Image.fromarray(PHOTO).save(buffer, "TIFF", compression=compression)
    data = bytearray(buffer.getvalue())
    data[8:200] = bytes(192)  # the pixels stand before the tags
    with pytest.raises(InputError, match="can't be decoded"):
        decoded(bytes(data), "damaged.tif")
    assert capfd.readouterr().err == ""


def test_no_log_of_pillow(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens to the root logger here, as in a program that sets up no logging."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    buffer = io.BytesIO()
    Image.fromarray(PHOTO).save(buffer, "TIFF")
    data = buffer.getvalue().replace(struct.pack("<HHII", 277, 3, 1, 3), struct.pack("<HHII", 277, 3, 1, 8))
    assert data != buffer.getvalue()
    with pytest.raises(InputError, match=r"TIFF of a kind that isn't read \(8 channels"):
        decoded(data, "eight.tif")
    assert capfd.readouterr().err == ""
