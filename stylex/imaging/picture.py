"""Pictures in memory: pixels, alpha, and the limit of their size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylex.errors import InputError
from stylex.imaging.sizes import at_most

MAX_PIXELS = 64_000_000


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture.

    Attributes:
        rgb: uint8 (H, W, 3), sRGB, 0..255, C-contiguous and writable; of hidden pixels a continuation of visible ones.
        alpha: uint8 (H, W), 0 transparent to 255 opaque; None where the file has no transparency.
        stored: height and width of the upright file, where it was decoded at a part of them; None for those of `rgb`.
    """

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    stored: tuple[int, int] | None = None

    @property
    def sides(self) -> tuple[int, int]:
        """Returns height and width of the upright file."""
        return self.stored or (self.rgb.shape[0], self.rgb.shape[1])


def limited(picture: Picture, longest: int | None) -> Picture:
    """Reduces a picture so that its longer side has at most `longest` pixels; None leaves it as it is."""
    height, width = at_most(picture.rgb.shape[:2], longest)
    if (height, width) == picture.rgb.shape[:2]:
        return picture
    size = (width, height)
    rgb = np.asarray(Image.fromarray(picture.rgb).resize(size, Image.Resampling.LANCZOS))
    alpha = None
    if picture.alpha is not None:
        alpha = np.asarray(Image.fromarray(picture.alpha).resize(size, Image.Resampling.LANCZOS))
    return Picture(rgb, alpha)


def as_rgb(array: object) -> NDArray[np.uint8]:
    """Checks an array that a caller gives as a picture.

    Args:
        array: uint8 (H, W, 3), 0..255; of any strides.

    Returns:
        The same picture, C-contiguous; the array itself where it is so already.

    Raises:
        InputError: it isn't such an array, is empty, or has more than `MAX_PIXELS` pixels.
    """
    needed = "a picture is a numpy uint8 array of shape (H, W, 3)"
    if not isinstance(array, np.ndarray):
        raise InputError(f"got a {type(array).__name__}; {needed}: convert it with numpy.asarray")
    got = f"got {array.dtype} {array.shape}; {needed}"
    if array.ndim != 3 or array.shape[2] != 3:
        raise InputError(f"{got}: {_shape_advice(array.shape)}")
    if array.dtype != np.uint8:
        scale = "multiply 0..1 values by 255 and " if array.dtype.kind == "f" else "scale to 0..255 and "
        raise InputError(f"{got}: {scale}convert to uint8")
    require_size("the array has", array.shape[1], array.shape[0])
    return np.ascontiguousarray(array)


def _shape_advice(shape: tuple[int, ...]) -> str:
    """Returns the next step for an array whose `shape` isn't (H, W, 3)."""
    if len(shape) == 3 and shape[2] == 4:
        return "split the alpha off"
    if len(shape) == 3 and shape[0] == 3:
        return "move the channels last"
    by_axes = {2: "repeat grey three times along a last axis", 4: "give one picture at a time"}
    return by_axes.get(len(shape), "give red, green and blue along the last axis")


def require_size(what: str, width: int, height: int) -> None:
    """Refuses pictures that are empty or larger than `MAX_PIXELS`; `what` opens the message."""
    if width < 1 or height < 1:
        raise InputError(f"{what} no pixels ({width}x{height}): give a picture of at least 1x1")
    if width * height > MAX_PIXELS:
        raise InputError(too_large(what, width * height, f" ({width}x{height})"))


def too_large(what: str, pixels: int | None, sides: str = "") -> str:
    """Returns the message for a picture over the limit, of so many `pixels` where that is known."""
    size = "too many" if pixels is None else f"{pixels / 1e6:.1f}"
    return f"{what} {size} megapixels{sides}; the limit is {MAX_PIXELS / 1e6:g}: scale it down first"
