"""Colours of decoded frames: from any matrix, range, bit depth, transfer function and primaries to RGB for BT.709.

The numbers are those of ITU-T H.273.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from stylex.imaging.color_profile import PRIMARIES, primaries_matrix
from stylex.imaging.transfer import GAMMAS, HIGH_DYNAMIC_RANGE, HLG, LINEAR, PQ, SRGB, displayed

IDENTITY, BT709, UNSPECIFIED, BT601, YCGCO, BT2020 = 0, 1, 2, 5, 8, 9
"""Numbers of matrices; those of transfer functions and primaries agree with them where they are used here."""
SWSCALE = {BT709: BT709, 4: 4, BT601: BT601, 6: BT601, 7: 7, BT2020: BT2020, 10: BT2020}
"""Matrices that FFmpeg's scaler applies, and its names of them. 10, BT.2020 with constant luminance, is near 9."""
DERIVED = (12, 13)
"""Matrices that follow from the primaries."""
HIGH_DEFINITION = 720
"""Where the file names no matrix, players take BT.709 from this height on and BT.601 below."""
CURVES = (UNSPECIFIED, SRGB, LINEAR, PQ, HLG, *GAMMAS, 1, 6, 7, 11, 12, 14, 15)
"""Transfer functions with a meaning here; the last seven are BT.709's or so near it that it is taken."""
EXACT = 0x40000 | 0x2000
"""SWS_ACCURATE_RND and SWS_FULL_CHR_H_INT, which PyAV names from 18 on; without them white of 10 bits becomes 252."""
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
        return self.transfer in HIGH_DYNAMIC_RANGE

    @property
    def recodes(self) -> bool:
        """Returns whether light has to be computed; otherwise values are kept as they are."""
        return self.wide_range or self.transfer == LINEAR or self.primaries not in (BT709, UNSPECIFIED)

    @property
    def written_transfer(self) -> int:
        """Returns the number of the transfer function of what comes out."""
        return SRGB if self.transfer == SRGB and not self.recodes else BT709

    def rgb(
        self, frame: VideoFrame, size: tuple[int, int], reformatter: VideoReformatter, method: int
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
        if mixed:
            return self._recoded(np.asarray(given, np.uint16), FULL_SCALE)
        values = np.clip(self._unmixed(given, frame), 0, 1)
        if not self.recodes:
            return np.rint(values * 255).astype(np.uint8)
        return self._recoded(np.rint(values * 65535).astype(np.uint16), 65535.0)

    def _recoded(self, values: npt.NDArray[np.uint16], white: float) -> npt.NDArray[np.uint8]:
        return displayed(values, self.transfer, self._to_bt709(), white=white)

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
