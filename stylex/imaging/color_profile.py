"""Colour management: what a file says of its colours is converted to sRGB, and what is written says that it is sRGB.

Profiles are applied by LittleCMS (Pillow's ImageCms), by relative colorimetry with black point compensation. One that
can't be used is ignored, as browsers do, and that is told in a warning of the logger "stylex".
"""

from __future__ import annotations

import functools
import io
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from stylex.imaging.png import chunk
from stylex.imaging.transfer import HIGH_DYNAMIC_RANGE, LINEAR, SRGB, displayed

logger = logging.getLogger("stylex")

INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
NEAR = 1
"""Levels up to which a profile changes nothing that is worth the conversion."""
SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK", "LAB": "Lab "}
"""Modes of Pillow's and the colour space that a profile for them has."""
DATE = slice(24, 36)
"""Bytes of a profile's header that hold when it was made."""
SRGB_GAMMA, SRGB_PRIMARIES = 1 / 2.2, (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
"""Values by which a PNG states sRGB: the exponent, and x and y of white, red, green and blue."""
PRIMARIES = {
    1: SRGB_PRIMARIES,
    9: (0.3127, 0.329, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    12: (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
}
"""Primaries by their number in ITU-T H.273: BT.709, BT.2020, P3 of cinemas, Display P3."""
SRGB_LIKE = (1, 6, 13, 14, 15)
"""Transfer functions by their number there that are shown as sRGB's."""
UNSPECIFIED, BT2020 = 2, 9
PART = 2**20
"""Pixels that are mapped to standard range at a time."""
_COLOR_BOX = re.compile(rb"colrnclx(..)(..)", re.DOTALL)


def code_points_of(data: bytes, info: Mapping[Any, Any]) -> bytes | None:
    """Returns the numbers of primaries and transfer function that a file states, as its first two bytes; None for none.

    Args:
        data: of a PNG, which has them in its cICP chunk, or of an AVIF or HEIC file, which has them in a box for where
            there is no profile.
        info: of the file, as Pillow gives it.
    """
    if data[4:8] != b"ftyp":
        return chunk(data, b"cICP")
    box = None if info.get("icc_profile") else _COLOR_BOX.search(data)
    return box and bytes((box[1][1], box[2][1]))


@functools.cache
def srgb_profile() -> bytes:
    """Returns the profile of sRGB, the same bytes at any time."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[DATE] = bytes((7, 208, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0))  # 2000-01-01
    return bytes(profile)


def to_srgb(
    image: Image.Image, info: Mapping[Any, Any], code_points: bytes | None = None, name: str = "the picture"
) -> Image.Image:
    """Returns a picture in sRGB.

    Args:
        image: of mode "RGB", "L", "CMYK" or "LAB".
        info: of the file that it was read from, as Pillow gives it.
        code_points: see `code_points_of`; they go before everything else.
        name: for the warning about a profile or an exponent that can't be used.

    Returns:
        A picture of mode "RGB"; in its own colours where nothing is said of them that can be used.
    """
    stated = _by_code_points(image.convert("RGB"), code_points) if code_points and image.mode in ("RGB", "L") else None
    if stated is not None:
        return stated
    profile = info.get("icc_profile")
    if profile is None and image.mode == "LAB":
        profile = _lab_profile()
    if isinstance(profile, bytes) and profile:
        return _converted(image, profile, name)
    plain = image if image.mode == "RGB" else image.convert("RGB")
    return plain if "srgb" in info else _by_gamma(plain, info, name)


def _converted(image: Image.Image, profile: bytes, name: str) -> Image.Image:
    """Returns the picture in sRGB; as it is where the profile changes nothing, or, with a warning, can't be used."""
    plain = image if image.mode == "RGB" else image.convert("RGB")
    try:
        space = _opened(profile).profile.xcolor_space
        if image.mode == "L" and space == SPACES["RGB"]:
            image = plain  # a grey picture with the profile of a scanner or a display
        if space != SPACES.get(image.mode):
            raise ValueError("it is for another colour space")
        transform = _transform(profile, image.mode)
        converted = None if transform is None else ImageCms.applyTransform(image, transform)
        return plain if converted is None else converted
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        tell_unusable(name)
        return plain


def tell_unusable(name: str) -> None:
    """Warns that a picture's profile can't be used."""
    logger.warning("the colour profile of %s can't be used: its colours may be wrong; save it as sRGB", name)


def _opened(profile: bytes) -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(io.BytesIO(profile))


@functools.lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Returns the way from a profile to sRGB; None where it changes nothing."""
    opened = _opened(profile)
    transform = ImageCms.buildTransform(opened, _srgb(), mode, "RGB", INTENT, FLAGS)
    if mode == "RGB":
        levels = np.linspace(0, 255, 18).round().astype(np.uint8)
        patches = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(18, -1, 3)
        moved = np.asarray(ImageCms.applyTransform(Image.fromarray(patches), transform), np.int16)
        if np.abs(moved - patches).max() <= NEAR:
            return None
    return transform


def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _lab_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def unknown_code_points(code_points: bytes) -> bool:
    """Returns whether a file states primaries or a transfer function without a meaning here."""
    primaries, transfer = code_points[0], code_points[1] if len(code_points) > 1 else UNSPECIFIED
    curves = (UNSPECIFIED, *SRGB_LIKE, LINEAR, *HIGH_DYNAMIC_RANGE)
    return primaries not in (UNSPECIFIED, *PRIMARIES) or transfer not in curves


def _by_code_points(image: Image.Image, code_points: bytes) -> Image.Image | None:
    """Returns the picture in sRGB by primaries and transfer function of ITU-T H.273; None for those unknown here."""
    if high_dynamic_range(code_points):
        return in_standard_range(np.asarray(image), code_points)
    primaries = PRIMARIES.get(code_points[0])
    transfer = code_points[1] if len(code_points) > 1 else 0
    if primaries is None or transfer not in (*SRGB_LIKE, LINEAR):
        return None
    light = np.arange(256) / 255 if transfer == LINEAR else _srgb_light()
    matrix = primaries_matrix(primaries)
    return image if matrix is None else _recoded(image, light, matrix)


def high_dynamic_range(code_points: bytes | None) -> str:
    """Returns the name of the transfer function where it is one of a high dynamic range, else nothing."""
    return HIGH_DYNAMIC_RANGE.get(code_points[1], "") if code_points and len(code_points) > 1 else ""


def in_standard_range(values: npt.NDArray[Any], code_points: bytes) -> Image.Image:
    """Returns a picture of high dynamic range in sRGB.

    Args:
        values: uint8 or uint16 (H, W, 3), all bits in use.
        code_points: see `code_points_of`; primaries that aren't known are taken for those of BT.2020.
    """
    matrix = primaries_matrix(PRIMARIES.get(code_points[0], PRIMARIES[BT2020]))
    assert matrix is not None
    found = np.empty(values.shape, np.uint8)
    rows = max(1, PART // values.shape[1])
    for top in range(0, len(values), rows):
        part = values[top : top + rows]
        wide = part if part.dtype == np.uint16 else part.astype(np.uint16) * np.uint16(257)
        found[top : top + rows] = displayed(wide, code_points[1], matrix, SRGB)
    return Image.fromarray(found)


def _by_gamma(image: Image.Image, info: Mapping[Any, Any], name: str) -> Image.Image:
    """Returns the picture in sRGB by the exponent and the primaries that a PNG may state (its gAMA and cHRM chunks)."""
    gamma, primaries = info.get("gamma"), info.get("chromaticity")
    if gamma is None:
        return image  # primaries alone say nothing that could be used
    matrix = primaries_matrix(primaries) if primaries else np.eye(3)
    if matrix is None or not 0.05 < gamma < 5:
        logger.warning("the exponent or the primaries of %s make no sense: its colours are taken for sRGB's", name)
        return image
    return _recoded(image, _srgb_light() if abs(gamma - SRGB_GAMMA) < 0.02 else _light(gamma), matrix)


def _light(gamma: float) -> npt.NDArray[np.float64]:
    return np.asarray((np.arange(256) / 255) ** (1 / gamma))


def _srgb_light() -> npt.NDArray[np.float64]:
    """Returns the light that each level of sRGB stands for (IEC 61966-2-1)."""
    coded = np.arange(256) / 255
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def _recoded(image: Image.Image, light: npt.NDArray[np.float64], matrix: npt.NDArray[np.float64]) -> Image.Image:
    """Returns the picture in sRGB, of the light of each of its levels (256,) and the way between primaries (3, 3)."""
    if np.abs(matrix - np.eye(3)).max() < 0.01 and np.abs(light - _srgb_light()).max() < 0.01:
        return image
    coded = np.linspace(0, 1, 4096)
    coded = np.where(coded <= 0.0031308, 12.92 * coded, 1.055 * coded ** (1 / 2.4) - 0.055)
    levels = (coded * 255).round().astype(np.uint8)
    rgb = np.asarray(image)
    found = np.empty_like(rgb)
    for row, into in zip(rgb, found, strict=True):
        moved = light[row] @ matrix.T
        into[:] = levels[(moved.clip(0, 1) * 4095).round().astype(np.int32)]
    return Image.fromarray(found)


def primaries_matrix(primaries: Sequence[float]) -> npt.NDArray[np.float64] | None:
    """Returns the matrix from light of primaries to sRGB's, white to white; None where they span nothing."""
    if not all(y > 1e-4 for y in primaries[1::2]):
        return None
    try:
        from_theirs, to_srgb_light = _to_xyz(primaries), np.linalg.inv(_to_xyz(SRGB_PRIMARIES))
    except (np.linalg.LinAlgError, ValueError):
        return None
    matrix = to_srgb_light @ from_theirs
    rows = matrix.sum(1, keepdims=True)  # their white becomes ours (von Kries, in our primaries)
    return matrix / rows if np.isfinite(matrix).all() and (np.abs(rows) > 1e-3).all() else None


def _to_xyz(primaries: Sequence[float]) -> npt.NDArray[np.float64]:
    """Returns the matrix from linear RGB to XYZ, (3, 3), of x and y of white, red, green and blue (Lindbloom)."""
    (wx, wy), *corners = np.asarray(primaries, np.float64).reshape(4, 2)
    columns = np.stack([[x / y, 1, (1 - x - y) / y] for x, y in corners], 1)
    white = np.array([wx / wy, 1, (1 - wx - wy) / wy])
    return np.asarray(columns * np.linalg.solve(columns, white))
