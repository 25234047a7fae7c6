"""Colours of frames with every tag, against the formulas of H.273 and BT.2100, on frames that are made here."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.video.reformatter import Interpolation, VideoReformatter
from hypothesis import given, settings
from hypothesis import strategies as st

from stylex.runtime.video.color import ColorConversion, conversion_of

WEIGHTS = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114), 7: (0.212, 0.087)}
WEIGHTS |= {9: (0.2627, 0.0593), 12: (0.2126, 0.0722), 2: (0.299, 0.114)}
TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
TO_P3 = np.array([[0.8225, 0.1774, 0.0000], [0.0332, 0.9669, 0.0000], [0.0171, 0.0724, 0.9108]])
PATCHES = np.array(
    [(1, 1, 1), (0.18, 0.18, 0.18), (0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5), (0.45, 0.25, 0.17), (0, 0, 0)]
)
"""Light in BT.709's primaries, reference white is 1."""


def bt709(light: np.ndarray) -> np.ndarray:
    return np.where(light < 0.018, 4.5 * light, 1.099 * np.clip(light, 0, 1) ** 0.45 - 0.099)


def srgb(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.clip(light, 0, 1) ** (1 / 2.4) - 0.055)


def hlg(light: np.ndarray) -> np.ndarray:
    scene = np.clip(light * 0.265, 0, 1)
    bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)


def pq(light: np.ndarray) -> np.ndarray:
    y = np.clip(light * 203 / 10000, 0, 1) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375


def components(rgb: np.ndarray, matrix: int) -> np.ndarray:
    """Luma 0 to 1 and chroma -0.5 to 0.5, (..., 3), of RGB."""
    red, green, blue = np.moveaxis(rgb, -1, 0)
    if matrix == 8:
        luma = green / 2 + (red + blue) / 4
        return np.stack([luma, green / 2 - (red + blue) / 4, (red - blue) / 2], -1)
    kr, kb = WEIGHTS[matrix]
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    return np.stack([luma, (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)], -1)


def frame_of(
    signal: np.ndarray, tags: tuple[int, int, int], bits: int = 10, full: bool = False, height: int = 16
) -> av.VideoFrame:
    """Stripes of 16 pixels, of RGB signals (N, 3); tags are primaries, transfer and matrix."""
    primaries, transfer, matrix = tags
    top = 2**bits - 1
    unit = 2 ** (bits - 8)
    if matrix == 0:
        coded = signal[:, [1, 2, 0]] * (top if full else 219 * unit) + (0 if full else 16 * unit)
    else:
        offset = (0, 2 ** (bits - 1), 2 ** (bits - 1)) if full else (16 * unit, 128 * unit, 128 * unit)
        coded = components(signal, matrix) * (top if full else np.array([219, 224, 224]) * unit) + offset
    form = "yuv444p" if bits == 8 else f"yuv444p{bits}le"
    frame = av.VideoFrame(16 * len(signal), height, form)
    for plane, values in zip(frame.planes, np.rint(np.clip(coded, 0, top)).T, strict=True):
        kind = np.uint8 if bits == 8 else np.dtype("<u2")
        rows = np.zeros((plane.height, plane.line_size // np.dtype(kind).itemsize), kind)
        rows[:, : 16 * len(signal)] = np.repeat(values, 16)
        plane.update(rows.tobytes())
    frame.color_primaries, frame.color_trc, frame.colorspace = primaries, transfer, matrix
    frame.color_range = 2 if full else 1
    return frame


def shown(frame: av.VideoFrame) -> np.ndarray:
    """The 8-bit RGB of every stripe, (N, 3)."""
    conversion = conversion_of(frame)
    size = (frame.width, frame.height)
    picture = conversion.rgb(frame, size, VideoReformatter(), Interpolation.BILINEAR)
    assert picture.dtype == np.uint8 and picture.shape == (*size[::-1], 3)
    return picture[8, 8::16].astype(int)


@pytest.mark.parametrize(
    ("curve", "primaries", "tags"),
    [
        (srgb, TO_P3, (12, 13, 1)),
        (bt709, TO_2020, (9, 14, 9)),
        (bt709, TO_2020, (9, 1, 9)),
        (bt709, np.eye(3), (1, 1, 1)),
        (lambda light: light, np.eye(3), (1, 8, 1)),
    ],
)
def test_standard_range_becomes_bt709(curve: object, primaries: np.ndarray, tags: tuple[int, int, int]) -> None:
    signal = curve(np.clip(PATCHES @ primaries.T, 0, 1))  # type: ignore[operator]
    most = 12 if tags[1] == 8 else 2  # light without a curve has few levels in the dark
    assert np.abs(shown(frame_of(signal, tags)) - 255 * bt709(PATCHES)).max() <= most


@pytest.mark.parametrize("primaries", [9, 2])
@pytest.mark.parametrize(("curve", "transfer"), [(hlg, 18), (pq, 16)])
def test_high_dynamic_range(curve: object, transfer: int, primaries: int) -> None:
    frame = frame_of(curve(np.clip(PATCHES @ TO_2020.T, 0, 1)), (primaries, transfer, 9))  # type: ignore[operator]
    assert conversion_of(frame).wide_range
    white, grey, red, green, blue, _, black = shown(frame)
    assert white.min() >= 205 and np.ptp(white) <= 2
    assert 75 <= grey.min() <= grey.max() <= 135 and black.max() <= 1
    for channel, patch in enumerate((red, green, blue)):
        others = np.delete(patch, channel)
        assert patch[channel] >= 120 and others.max() <= 40


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("matrix", [0, 8, *WEIGHTS])
def test_every_matrix_range_and_depth(matrix: int, bits: int, full: bool) -> None:
    signal = np.array([(1, 1, 1), (0.5, 0.5, 0.5), (0, 0, 0), (0.8, 0.4, 0.2), (0.3, 0.6, 0.7)])
    found = shown(frame_of(signal, (1, 1, matrix), bits, full))
    assert np.abs(found - 255 * signal).max() <= (3 if bits == 8 else 1.6)
    if bits > 8:
        assert np.abs(found[:3] - [[255], [128], [0]]).max() <= 1


@settings(max_examples=60, deadline=None)
@given(
    primaries=st.integers(0, 30),
    transfer=st.integers(0, 30),
    matrix=st.integers(0, 30),
    bits=st.sampled_from([8, 10]),
    full=st.booleans(),
)
def test_any_numbers_are_survived(primaries: int, transfer: int, matrix: int, bits: int, full: bool) -> None:
    frame = frame_of(np.array([(1.0, 1.0, 1.0), (0.0, 0.0, 0.0)]), (1, 1, 1), bits, full)
    frame.color_primaries, frame.color_trc, frame.colorspace = primaries, transfer, matrix
    white, black = shown(frame)
    assert white.sum() > black.sum()


def test_unknown_numbers_are_told() -> None:
    for tags in ((1, 1, 1), (2, 2, 2), (9, 16, 9), (12, 13, 8), (1, 7, 7)):
        assert unknown(*tags) == ()
    for matrix in (14, 29):
        assert unknown(1, 1, matrix) == ("matrix",)
    for primaries in (3, 21):
        assert unknown(primaries, 1, 1) == ("primaries",)
    for transfer in (0, 3, 9, 10, 19):
        assert unknown(1, transfer, 1) == ("transfer function",)


def unknown(primaries: int, transfer: int, matrix: int) -> tuple[str, ...]:
    frame = frame_of(np.ones((1, 3)), (1, 1, 1))
    frame.color_primaries, frame.color_trc, frame.colorspace = primaries, transfer, matrix
    return conversion_of(frame).unknown


def test_what_is_kept_is_written_as_it_is() -> None:
    assert ColorConversion(1, 13, 1).written_transfer == 13
    assert {ColorConversion(1, *numbers).written_transfer for numbers in ((13, 12), (1, 1), (16, 9), (8, 1))} == {1}
