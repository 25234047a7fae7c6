"""Colours of decoded frames: from any matrix, range, bit depth, transfer function and primaries to RGB for BT.709.

The numbers are those of ITU-T H.273. High dynamic range (PQ of SMPTE ST 2084, HLG of ARIB STD-B67, both in ITU-R
BT.2100) is mapped to standard range with the reference white of ITU-R BT.2408, 203 cd/m2.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from stylex.imaging.color_profile import PRIMARIES, primaries_matrix

IDENTITY, BT709, UNSPECIFIED, BT601, YCGCO, BT2020 = 0, 1, 2, 5, 8, 9
"""Numbers of matrices; those of transfer functions and primaries agree with them where they are used here."""
SWSCALE = {BT709: BT709, 4: 4, BT601: BT601, 6: BT601, 7: 7, BT2020: BT2020, 10: BT2020}
"""Matrices that FFmpeg's scaler applies, and its names of them. 10, BT.2020 with constant luminance, is near 9."""
DERIVED = (12, 13)
"""Matrices that follow from the primaries."""
HIGH_DEFINITION = 720
"""Where the file names no matrix, players take BT.709 from this height on and BT.601 below."""
SRGB, LINEAR, PQ, HLG = 13, 8, 16, 18
GAMMAS = {4: 2.2, 5: 2.8, 17: 2.6}
CURVES = (UNSPECIFIED, SRGB, LINEAR, PQ, HLG, *GAMMAS, 1, 6, 7, 11, 12, 14, 15)
"""Transfer functions with a meaning here; the last seven are BT.709's or so near it that it is taken."""
WHITE, PEAK = 203.0, 1000.0
"""Luminance in cd/m2 of reference white, and of the brightest light that is mapped; more becomes as bright as this."""
SCENE_GAMMA = 1.2
"""HLG's system gamma on a display of `PEAK`."""
KNEE = 0.5
"""Light up to so much of reference white is kept; what is above is compressed. Reference white becomes 223 of 255."""
EXACT = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
"""Without these FFmpeg's scaler makes white of 10 bits 252."""
FULL_SCALE = 65280.0
"""White in 16 bits, as FFmpeg's scaler widens it: 255 * 256."""


@dataclass(frozen=True)
class ColorConversion:
    """The way from a film's frames to 8-bit RGB for BT.709, from the tags of its first frame.

    Attributes:
        matrix: number of the matrix as the scaler knows it; `IDENTITY` and `YCGCO` are applied here.
        transfer: number of the transfer function.
        primaries: number of the primaries.
        unknown: what the film states by a number without a meaning here, such as "matrix"; the usual one is taken.
    """

    matrix: int
    transfer: int
    primaries: int
    unknown: tuple[str, ...] = ()

    @property
    def wide_range(self) -> bool:
        """Returns whether the film has a high dynamic range."""
        return self.transfer in (PQ, HLG)

    @property
    def recodes(self) -> bool:
        """Returns whether light has to be computed; otherwise values are kept as they are."""
        return self.wide_range or self.transfer == LINEAR or self.primaries not in (BT709, UNSPECIFIED)

    @property
    def written_transfer(self) -> int:
        """Returns the number of the transfer function of what comes out."""
        return SRGB if self.transfer == SRGB and not self.recodes else BT709

    def rgb(
        self, frame: VideoFrame, size: tuple[int, int], reformatter: VideoReformatter, method: Interpolation
    ) -> npt.NDArray[np.uint8]:
        """Returns a frame as uint8 (H, W, 3) of this width and height."""
        mixed = self.matrix not in (IDENTITY, YCGCO)
        frame.colorspace = self.matrix if mixed else BT709
        deep = self.recodes or not mixed
        if deep or frame.format.components[0].bits > 8:
            method |= EXACT
        form = "rgb24" if not deep else "gbrp16le" if mixed else "yuv444p16le"
        given = np.asarray(reformatter.reformat(frame, *size, form, interpolation=method).to_ndarray())
        if not deep:
            return np.asarray(given, np.uint8)
        values = given.astype(np.float32) / np.float32(FULL_SCALE) if mixed else self._unmixed(given, frame)
        if not self.recodes:
            return _rounded(values)
        return self._recoded(np.clip(values, 0, 1))

    def _unmixed(self, planes: npt.NDArray[Any], frame: VideoFrame) -> npt.NDArray[np.float32]:
        """Returns RGB, 0 to 1, of planes (H, W, 3) whose matrix the scaler doesn't know."""
        values = planes.astype(np.float32) / np.float32(256)
        limited = frame.color_range != 2
        if self.matrix == IDENTITY:  # the planes are green, blue and red
            green, blue, red = cv2.split((values - 16) / 219 if limited else values / 255)
            return np.asarray(cv2.merge([red, green, blue]), np.float32)
        luma = (values[..., 0] - 16) / 219 if limited else values[..., 0] / 255
        chroma_green, chroma_orange = np.moveaxis((values[..., 1:] - 128) / (224 if limited else 255), 2, 0)
        rest = luma - chroma_green
        return np.stack([rest + chroma_orange, luma + chroma_green, rest - chroma_orange], 2)

    def _recoded(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
        """Returns what a display for BT.709 shows, from values (H, W, 3), 0 to 1, of the film's own."""
        index = np.rint(values * np.float32(65535)).astype(np.uint16)
        light = cv2.transform(_light(self.transfer)[index], self._to_bt709())
        if self.transfer == HLG:
            light = _displayed(np.asarray(light, np.float32))
        if self.wide_range:
            light = tone_mapped(np.asarray(light, np.float32))
        return np.asarray(_signal()[np.rint(np.clip(light, 0, 1) * np.float32(65535)).astype(np.uint16)], np.uint8)

    def _to_bt709(self) -> npt.NDArray[np.float64]:
        primaries = BT2020 if self.wide_range and self.primaries == UNSPECIFIED else self.primaries
        matrix = primaries_matrix(PRIMARIES[primaries]) if primaries in PRIMARIES else None
        return np.eye(3) if matrix is None else matrix


def conversion_of(frame: VideoFrame) -> ColorConversion:
    """Returns the conversion for a film, from its first frame."""
    transfer, primaries, tagged = int(frame.color_trc), int(frame.color_primaries), int(frame.colorspace)
    strange = [("primaries", primaries not in (UNSPECIFIED, *PRIMARIES)), ("transfer function", transfer not in CURVES)]
    if primaries not in PRIMARIES:
        primaries = UNSPECIFIED
    if frame.format.is_rgb:
        return ColorConversion(BT709, transfer, primaries, _named(strange))
    usual = BT709 if frame.height >= HIGH_DEFINITION else BT601
    if tagged in DERIVED:
        tagged = BT2020 if primaries == BT2020 else BT709
    matrix = tagged if tagged in (IDENTITY, YCGCO) else SWSCALE.get(tagged, usual)
    strange.insert(0, ("matrix", tagged not in (IDENTITY, UNSPECIFIED, YCGCO, *SWSCALE)))
    return ColorConversion(matrix, transfer, primaries, _named(strange))


def _named(found: list[tuple[str, bool]]) -> tuple[str, ...]:
    return tuple(name for name, applies in found if applies)


def tone_mapped(light: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Returns light (H, W, 3), in units of reference white, compressed to 0 to 1, all channels by one factor.

    The identity up to `KNEE`, then a rational curve that goes on with slope 1 and reaches 1 at `PEAK`.
    """
    light = np.maximum(light, 0)
    brightest = np.maximum(light.max(2, keepdims=True), np.float32(1e-6))
    peak = PEAK / WHITE
    part = np.clip((brightest - KNEE) / (peak - KNEE), 0, 1)
    slope = (peak - KNEE) / (1 - KNEE)
    mapped = KNEE + (1 - KNEE) * slope * part / (1 + (slope - 1) * part)
    return np.asarray(light * (np.where(brightest <= KNEE, brightest, mapped) / brightest), np.float32)


def _displayed(scene: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Returns what a display of `PEAK` shows of HLG's scene light, in units of reference white (BT.2100, table 5)."""
    luminance = np.maximum(scene @ np.array([0.2126, 0.7152, 0.0722], np.float32), np.float32(1e-6))
    factor = np.float32(PEAK / WHITE) * luminance ** np.float32(SCENE_GAMMA - 1)
    return np.asarray(scene * factor[..., None], np.float32)


def _rounded(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)


@functools.lru_cache(4)
def _light(transfer: int) -> npt.NDArray[np.float32]:
    """Returns the light of every 16-bit value (65536,): for PQ in units of reference white, else 0 to 1."""
    signal = np.arange(65536) / 65535
    if transfer == PQ:
        root = signal ** (1 / 78.84375)
        light = (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)
        return np.asarray(light * 10_000 / WHITE, np.float32)
    if transfer == HLG:
        dark, bright = signal**2 / 3, (np.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12
        return np.where(signal <= 0.5, dark, bright).astype(np.float32)
    if transfer == SRGB:
        return np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4).astype(np.float32)
    if transfer == LINEAR or transfer in GAMMAS:
        return np.asarray(signal ** GAMMAS.get(transfer, 1.0), np.float32)
    return np.where(signal < 0.081, signal / 4.5, ((signal + 0.099) / 1.099) ** (1 / 0.45)).astype(np.float32)


@functools.cache
def _signal() -> npt.NDArray[np.uint8]:
    """Returns BT.709's signal, 0 to 255, for light in 16 bits (65536,)."""
    light = np.arange(65536) / 65535
    return _rounded(np.where(light < 0.018, 4.5 * light, 1.099 * light**0.45 - 0.099).astype(np.float32))
