"""Pictures to files: whole, or not at all."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylex.errors import InputError, UsageError
from stylex.files import check_no_input, check_place, written_aside
from stylex.imaging.color_profile import srgb_profile
from stylex.imaging.formats import Format, named
from stylex.imaging.picture import as_rgb

logger = logging.getLogger("stylex")


def write_picture(
    path: Path | str, rgb: NDArray[np.uint8], alpha: NDArray[np.uint8] | None = None, quality: int = 95
) -> None:
    """Writes a picture in the format that the suffix names: whole, or not at all.

    Args:
        path: ends in .jpg, .jpeg, .png, .webp, .bmp, .tif or .tiff.
        rgb: uint8 (H, W, 3), 0..255.
        alpha: uint8 (H, W), 0 transparent to 255 opaque. JPEG and BMP can't hold it: the picture is then laid
            on white, with a warning of the logger "stylex".
        quality: 1 to 100, for JPEG and WebP; the other formats are lossless.

    Raises:
        UsageError: the suffix or the quality is out of range.
        InputError: an array isn't as above or is too large for the format, or the folder doesn't exist.
        ResourceError: the disk is full or can't be written.
    """
    named(Path(path))
    with written_aside(path) as aside:
        aside.write_bytes(encoded(rgb, alpha, Path(path), quality))


def encoded(rgb: NDArray[np.uint8], alpha: NDArray[np.uint8] | None, path: Path, quality: int = 95) -> bytes:
    """Returns a picture as the bytes of a file, in the format that the suffix of `path` names.

    Arguments and errors are those of `write_picture`; nothing is written.
    """
    known = named(path)
    if not 1 <= quality <= 100:
        raise UsageError(f"quality {quality} is out of range: give 1 (smallest file) to 100 (best)")
    rgb = as_rgb(rgb)
    height, width = rgb.shape[:2]
    if known.max_side is not None and max(height, width) > known.max_side:
        raise InputError(
            f"{path} would be {width}x{height}; {known.name} holds at most {known.max_side} pixels a side: "
            "write a .png instead"
        )
    image = Image.fromarray(rgb)
    if alpha is not None:
        image = _with_alpha(image, alpha, known)
        if loses_transparency(alpha, path):
            logger.warning("%s can't be transparent: the picture is laid on white; .png and .webp can", path)
    return _encoded(image, known, quality)


def loses_transparency(alpha: NDArray[np.uint8] | None, path: Path) -> bool:
    """Returns whether a picture with this alpha channel is laid on white to be written there."""
    return alpha is not None and not named(path).holds_alpha and bool(alpha.min(initial=255) < 255)


def check_output(path: Path | str, inputs: Iterable[Path | str]) -> None:
    """Refuses an output path that can't work, before any work is done.

    Args:
        path: where `write_picture` will write.
        inputs: the files that will be read; none of them may be the output, through links neither.

    Raises:
        UsageError: no format that can be written has this suffix.
        InputError: the folder doesn't exist, the path is a folder, or it is one of the inputs.
    """
    path = Path(path)
    named(path)
    check_place(path)
    check_no_input(path, inputs)


def _with_alpha(image: Image.Image, alpha: NDArray[np.uint8], known: Format) -> Image.Image:
    """Returns the RGB picture with `alpha` (H, W) as its fourth channel, or laid on white where the format has none."""
    size = (image.height, image.width)
    if not isinstance(alpha, np.ndarray) or alpha.dtype != np.uint8 or alpha.shape != size:
        got = f"{alpha.dtype} {alpha.shape}" if isinstance(alpha, np.ndarray) else f"a {type(alpha).__name__}"
        raise InputError(f"got {got} as alpha; this picture needs a numpy uint8 array of shape {size}")
    mask = Image.fromarray(alpha)
    if known.holds_alpha:
        image.putalpha(mask)
        return image
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image, mask=mask)
    return flat


def _encoded(image: Image.Image, known: Format, quality: int) -> bytes:
    """Returns the file's bytes, since Pillow's own writing to a disk that fills up can end short unnoticed."""
    buffer = io.BytesIO()
    options: dict[str, int | bool | bytes] = dict(known.options)
    if known.lossy:
        options["quality"] = quality
    if known.holds_profile:
        options["icc_profile"] = srgb_profile()
    image.save(buffer, format=known.name, **options)
    return buffer.getvalue()
