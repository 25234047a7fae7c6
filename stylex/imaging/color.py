"""Colour: keep the photo's own while taking the style's strokes; refuse styles that have none."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from stylex.errors import InputError

PART = 2**20
"""Pixels that are converted to L*a*b* and back at a time."""


def keep_colors(stylized: npt.NDArray[np.uint8], photo: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Lightness of the stylized picture, colour of the photo, in CIE L*a*b*.

    Luminance-only transfer of Gatys et al. 2016, Preserving Color in Neural Artistic Style Transfer, section 5.
    The stylized lightness is first brought to the photo's mean and standard deviation, so that a dark style doesn't
    mute the colours. A pixel that keeps its lightness stays exactly as it is in the photo, and a grey one stays grey.

    Args:
        stylized, photo: RGB (H, W, 3).

    Returns:
        RGB (H, W, 3).
    """
    light, wanted = (_lightness(picture) for picture in (stylized, photo))
    levels, made, have = np.arange(256), light / light.sum(), wanted / wanted.sum()
    means = made @ levels, have @ levels
    spreads = [np.sqrt(counts @ (levels - mean) ** 2) for counts, mean in zip((made, have), means, strict=True)]
    widened = spreads[1] / max(spreads[0], min(1.0, spreads[1]) or 1.0)  # the noise of a flat painting isn't
    moved = (levels - means[0]) * widened + means[1]
    table = np.clip(np.rint(moved), 0, 255).astype(np.uint8)
    kept = np.empty_like(photo)
    for rows in _parts(photo):
        kept[rows] = _with_lightness(photo[rows], table[cv2.cvtColor(stylized[rows], cv2.COLOR_RGB2LAB)[:, :, 0]])
    return kept


def _with_lightness(photo: npt.NDArray[np.uint8], light: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Returns RGB with other values of L*; OpenCV's way to L*a*b* in bytes and back would move all pixels a little."""
    lab = cv2.cvtColor(photo, cv2.COLOR_RGB2LAB)
    same = cv2.compare(cv2.extractChannel(lab, 0), light, cv2.CMP_EQ)
    cv2.insertChannel(light, lab, 0)
    moved = np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)
    red, green, blue = cv2.split(photo)
    grey = cv2.bitwise_and(cv2.compare(red, green, cv2.CMP_EQ), cv2.compare(green, blue, cv2.CMP_EQ))
    if cv2.countNonZero(grey):
        cv2.copyTo(cv2.cvtColor(cv2.extractChannel(moved, 1), cv2.COLOR_GRAY2RGB), grey, moved)
    cv2.copyTo(photo, same, moved)
    return moved


def _parts(picture: npt.NDArray[np.uint8]) -> list[slice]:
    """Returns rows of a picture that are converted at a time: a whole one would need several times its memory."""
    rows = max(1, PART // picture.shape[1])
    return [slice(top, top + rows) for top in range(0, len(picture), rows)]


def _lightness(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Counts each of the 256 levels of L*."""
    parts = (cv2.cvtColor(picture[rows], cv2.COLOR_RGB2LAB)[:, :, 0] for rows in _parts(picture))
    return np.asarray(sum(np.bincount(part.ravel(), minlength=256) for part in parts))


def require_colors(picture: npt.NDArray[np.uint8], name: str) -> None:
    """Refuses a style picture that is all of one colour: it has no strokes, no texture and no distribution to match.

    Args:
        picture: RGB (H, W, 3).
        name: of the picture, for the message.

    Raises:
        InputError: every pixel has the same colour.
    """
    if (picture == picture[0, 0]).all():
        color = "#" + "".join(f"{int(v):02x}" for v in picture[0, 0])
        raise InputError(f"{name} is all of one colour ({color}); a style needs a picture with texture: give another")
