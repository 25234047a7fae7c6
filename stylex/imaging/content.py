"""Pictures as callers have them: arrays, Pillow's pictures, files or their bytes; and results of the same kind."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import PIL.Image

from stylex.errors import InputError
from stylex.imaging.arrays import Image, shrunk
from stylex.imaging.folders import SMALLEST_SIDE
from stylex.imaging.hidden import visible_part
from stylex.imaging.picture import Picture, as_rgb
from stylex.imaging.reading import decoded, read_picture, upright_and_plain
from stylex.imaging.sizes import Reduction, shorter_side

Content: TypeAlias = "npt.NDArray[np.uint8] | PIL.Image.Image | str | Path | bytes"
"""A picture: RGB uint8 (H, W, 3), a picture of Pillow's, the path of a file, or a file's bytes."""


def picture_of(content: object, name: str = "picture", reduction: Reduction | None = None) -> Picture:
    """Returns the pixels of anything that is a picture; those of an array aren't copied.

    Args:
        content: see `Content`.
        name: of a picture that has no path, for messages.
        reduction: what the picture will be reduced to, see `read_picture`.

    Raises:
        InputError: it is none of these, can't be read, or is empty or too large.
    """
    if isinstance(content, (str, Path)):
        return read_picture(content, reduction)
    if isinstance(content, bytes):
        return decoded(content, name, reduction)
    if isinstance(content, PIL.Image.Image):
        return upright_and_plain(content, name)
    return Picture(as_rgb(content))


def visible_of(content: object, name: str = "picture", reduction: Reduction | None = None) -> Image:
    """Returns what is visible of anything that is a picture, RGB uint8 (H, W, 3); arguments as for `picture_of`.

    Raises:
        InputError: as `picture_of` does, or nothing is visible.
    """
    picture = picture_of(content, name, reduction)
    return visible_part(picture.rgb, picture.alpha, name)


def usable_picture(file: Path, short_side: int) -> Image:
    """Returns what is visible of a file for training and calibration, RGB uint8, its shorter side at most `short_side`.

    Raises:
        InputError: as `visible_of` does, or it is smaller than `SMALLEST_SIDE`.
    """
    picture = visible_of(file, str(file), shorter_side(max(short_side, SMALLEST_SIDE)))
    if min(picture.shape[:2]) < SMALLEST_SIDE:
        sides = f"{picture.shape[1]}x{picture.shape[0]}"
        raise InputError(f"{file.name}: {sides}, needs {SMALLEST_SIDE}x{SMALLEST_SIDE}")
    return shrunk(picture, short_side)


def as_given(rgb: Image, alpha: Image | None, content: object) -> npt.NDArray[np.uint8] | PIL.Image.Image:
    """Returns a result in the kind of the content it was made of.

    Args:
        rgb: uint8 (H, W, 3).
        alpha: uint8 (H, W), or None.
        content: what the caller gave.

    Returns:
        RGB uint8 (H, W, 3) for an array; a picture of Pillow's for everything else, "RGBA" where there is an alpha
        channel and "RGB" where there is none.
    """
    if isinstance(content, np.ndarray):
        return rgb
    picture = PIL.Image.fromarray(rgb)
    if alpha is not None:
        picture.putalpha(PIL.Image.fromarray(alpha))
    return picture
