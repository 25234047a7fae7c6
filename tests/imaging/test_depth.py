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

from stylex.imaging.depth import bits_in_use, scaled_to_bytes
from stylex.imaging.images import decoded, read_picture

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
    told = [r.getMessage() for r in caplog.records]
    assert told == ([] if bits == 16 else [told[0]])
    if bits < 16:
        assert f"of which {bits} are in use" in told[0]


@pytest.mark.parametrize("bits", range(9, 15))
def test_bits_that_a_png_states(bits: int, caplog: pytest.LogCaptureFixture) -> None:
    dark = PHOTO // 4  # so dark that a guess would be wrong
    data = with_significant_bits(encoded(".png", stored(bits, dark)), bits, 3)
    with caplog.at_level(logging.WARNING, "stylex"):
        found = decoded(data, "dark.png").rgb.astype(int)
    assert np.abs(found - dark).max() <= 1
    assert not caplog.records


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
