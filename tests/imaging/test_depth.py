"""More than 8 bits a channel."""

from __future__ import annotations

import logging
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from stylex.errors import InputError
from stylex.imaging.depth import bits_in_use, scaled_to_bytes
from stylex.imaging.reading import decoded, read_picture

PHOTO = np.ascontiguousarray(skimage.data.coffee()[100:130, 200:240])
PHOTO[0, 0] = 255


def stored(bits: int, values: np.ndarray) -> np.ndarray:
    """8 bits as so many, in 16."""
    return (values.astype(np.uint32) * (2**bits - 1) // 255).astype(np.uint16)


def encoded(suffix: str, values: np.ndarray) -> bytes:
    color = values[..., ::-1] if values.ndim == 3 else values
    return cv2.imencode(suffix, np.ascontiguousarray(color))[1].tobytes()


def with_significant_bits(png: bytes, bits: int, channels: int) -> bytes:
    data = bytes([bits] * channels)
    chunk = struct.pack(">I", len(data)) + b"sBIT" + data + struct.pack(">I", zlib.crc32(b"sBIT" + data))
    return png[:33] + chunk + png[33:]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("color", [True, False])
def test_pictures_are_as_bright_as_their_bits_mean(
    color: bool, bits: int, suffix: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    photo = PHOTO if color else PHOTO[..., 1]
    path = tmp_path / f"deep{suffix}"
    path.write_bytes(encoded(suffix, stored(bits, photo)))
    with caplog.at_level(logging.WARNING, "stylex"):
        found = read_picture(path).rgb.astype(int)
    assert np.abs(found - (photo if color else photo[..., None])).max() <= 1
    warned = [r.getMessage() for r in caplog.records]
    assert warned == ([] if bits == 16 else [warned[0]])
    if bits < 16:
        assert f"of which {bits} are in use" in warned[0]


@pytest.mark.parametrize("bits", range(9, 15))
def test_bits_that_a_png_states(bits: int, caplog: pytest.LogCaptureFixture) -> None:
    dark = PHOTO // 4  # so dark that a guess would be wrong
    data = with_significant_bits(encoded(".png", stored(bits, dark)), bits, 3)
    with caplog.at_level(logging.WARNING, "stylex"):
        found = decoded(data, "dark.png").rgb.astype(int)
    assert np.abs(found - dark).max() <= 1
    assert not caplog.records


@pytest.mark.parametrize("color", [True, False])
@pytest.mark.parametrize("bits", range(1, 17))
def test_significant_bits_of_a_png_are_the_high_ones(bits: int, color: bool, caplog: pytest.LogCaptureFixture) -> None:
    photo = PHOTO if color else PHOTO[..., 1]
    values = stored(bits, photo) << (16 - bits)
    data = with_significant_bits(encoded(".png", values), bits, 3 if color else 1)
    with caplog.at_level(logging.WARNING, "stylex"):
        found = decoded(data, "scaled.png").rgb
    np.testing.assert_array_equal(found, (values >> 8) if color else np.repeat((values >> 8)[..., None], 3, 2))
    assert not caplog.records


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("bits_of_alpha", [12, 16])
def test_alpha_has_as_many_bits_or_all(bits_of_alpha: int, suffix: str) -> None:
    alpha = np.tile(np.linspace(0, 255, 40).astype(np.uint8), (30, 1))
    values = np.dstack([stored(12, PHOTO), stored(bits_of_alpha, alpha)])
    picture = decoded(cv2.imencode(suffix, cv2.cvtColor(values, cv2.COLOR_RGBA2BGRA))[1].tobytes(), f"a{suffix}")
    assert picture.alpha is not None
    assert np.abs(picture.alpha.astype(int) - alpha).max() <= 1
    assert np.abs(picture.rgb.astype(int) - PHOTO)[alpha > 0].max() <= 1


def test_grey_and_alpha() -> None:
    values = np.dstack([stored(12, PHOTO[..., 1]), np.full(PHOTO.shape[:2], 65535, np.uint16)])
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 40, 30, 16, 4, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts]
    picture = decoded(b"\x89PNG\r\n\x1a\n" + b"".join(chunks), "la.png")
    assert np.abs(picture.rgb.astype(int) - PHOTO[..., 1:2]).max() <= 1
    assert picture.alpha is not None and picture.alpha.min() == 255


def test_separate_planes_of_16_bits_are_refused() -> None:
    data = encoded(".tif", stored(16, PHOTO))
    entry = struct.pack("<HHII", 284, 3, 1, 1)
    assert entry in data
    with pytest.raises(InputError, match="16 bits a channel in separate planes, which can't be read: save it with"):
        decoded(data.replace(entry, struct.pack("<HHII", 284, 3, 1, 2)), "planes.tif")


def test_bits_that_a_tiff_states(tmp_path: Path) -> None:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[281] = 4095
    dark = PHOTO[..., 1] // 4
    Image.fromarray(stored(12, dark)).save(tmp_path / "dark.tif", tiffinfo=info)
    assert np.abs(read_picture(tmp_path / "dark.tif").rgb.astype(int) - dark[..., None]).max() <= 1


@settings(max_examples=40)
@given(st.integers(9, 16), st.integers(0, 2**32 - 1))
def test_no_bits_are_lost_and_none_wrap_around(bits: int, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 2**bits, 64).astype(np.uint16)
    values[0] = 2**bits - 1
    found = bits_in_use(values, Path("p.png"))
    assert bits <= found <= 16
    assert scaled_to_bytes(values, found).max() >= (127 if found > bits else 255) // 2
    assert scaled_to_bytes(np.array([65535], np.uint16), 10)[0] == 255


def test_black_stays_black_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "stylex"):
        assert not decoded(encoded(".png", np.zeros((4, 4, 3), np.uint16)), "b.png").rgb.any()
    assert not caplog.records
