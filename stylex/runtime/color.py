"""Colour: keep the photo's own while taking the style's strokes; refuse styles that have none."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from stylex.errors import InputError


def keep_colors(stylized: npt.NDArray[np.uint8], photo: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Lightness of the stylized picture, colour of the photo, in CIE L*a*b*.

    Luminance-only transfer of Gatys et al. 2016, Preserving Color in Neural Artistic Style Transfer, section 5.
    The stylized lightness is first brought to the photo's mean and standard deviation, so that a dark style doesn't
    mute the colours.

    Args:
        stylized, photo: RGB (H, W, 3).

    Returns:
        RGB (H, W, 3).
    """
    painted = cv2.cvtColor(stylized, cv2.COLOR_RGB2LAB)
    original = cv2.cvtColor(photo, cv2.COLOR_RGB2LAB)
    light, wanted = painted[:, :, 0].astype(np.float32), original[:, :, 0].astype(np.float32)
    spread = wanted.std() / max(float(light.std()), 1.0)
    light = (light - light.mean()) * spread + wanted.mean()
    original[:, :, 0] = np.clip(np.rint(light), 0, 255)
    return np.asarray(cv2.cvtColor(original, cv2.COLOR_LAB2RGB), np.uint8)


def require_colors(picture: npt.NDArray[np.uint8], name: str) -> None:
    """Refuse a style picture that is all of one colour: it has no strokes, no texture and no distribution to match.

    Args:
        picture: RGB (H, W, 3).
        name: of the picture, for the message.

    Raises:
        InputError: every pixel has the same colour.
    """
    if (picture == picture[0, 0]).all():
        color = "#" + "".join(f"{int(v):02x}" for v in picture[0, 0])
        raise InputError(f"{name} is all of one colour ({color}); a style needs a picture with texture: give another")
