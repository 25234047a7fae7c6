"""Files to pictures.

A picture is read as it is meant to be seen: upright by EXIF, in sRGB by its profile, the bits in use scaled to 8, alpha
apart, and what hides under full transparency replaced. Whatever is wrong with a file becomes a one-line `InputError`.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, JpegImagePlugin, UnidentifiedImageError

from stylex.errors import InputError, StylexError
from stylex.filetypes import HEAD
from stylex.imaging.camera_raw import require_developed
from stylex.imaging.color_profile import (
    code_points_of,
    high_dynamic_range,
    in_standard_range,
    tell_unusable,
    to_srgb,
    unknown_code_points,
)
from stylex.imaging.depth import deep_color, grey_of, is_deep_color, require_interleaved, without_sign
from stylex.imaging.formats import Format, recognized
from stylex.imaging.hidden import without_hidden
from stylex.imaging.picture import Picture, require_size, too_large
from stylex.imaging.png import PROFILE, chunk, profile_of, without_long_metadata
from stylex.imaging.quiet import decoded_by_opencv, silence_libtiff, without_warnings
from stylex.imaging.sizes import Reduction
from stylex.imaging.tiff import opened_by_opencv

logger = logging.getLogger("stylex")
OVERSAMPLED = 2
"""Times as large as wanted that a JPEG is decoded at the least, before it is reduced."""
PART = 2**18
"""Pixels that are copied at a time."""
FRAMES = {"GIF": "frames", "PNG": "frames", "WEBP": "frames", "AVIF": "frames", "HEIF": "pictures", "TIFF": "pages"}
"""Names, by format, for the several pictures that one file may hold."""
# EXIF orientation -> what makes the picture upright. ImageOps.exif_transpose isn't used: it also rewrites the
# metadata, which fails on pictures whose EXIF is damaged elsewhere.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_picture(path: Path | str, reduction: Reduction | None = None) -> Picture:
    """Reads a picture file in any format of `stylex.imaging.formats`; of a file with several frames, the first.

    Grey, palette and CMYK become RGB, other colour spaces sRGB, more than 8 bits the high ones of those in use. An
    alpha channel or a transparent colour is returned apart, also where it is opaque everywhere. What is done beside
    that (the first of several frames, bits that had to be guessed) is told in a warning of the logger "stylex".

    Args:
        path: the file; its content decides what it is, whatever its name.
        reduction: what the picture will be reduced to; a JPEG is then decoded at 1/2, 1/4 or 1/8 of its size as long as
            that is twice as large, and may have more than `MAX_PIXELS`.

    Raises:
        InputError: the file is missing, empty, unreadable, damaged, cut short, not a picture, of another format, a
            camera's raw file, or has more than `MAX_PIXELS` pixels.
        MissingPackage: its format needs a package that isn't installed.
    """
    path = Path(path)
    with _opened(path) as file:
        return _decoded(file.read(), path, reduction)


def decoded(data: bytes, name: str, reduction: Reduction | None = None) -> Picture:
    """Decodes the bytes of a picture file; `name` is for messages. Raises as `read_picture` does."""
    return _decoded(data, Path(name), reduction)


def _decoded(data: bytes, path: Path, reduction: Reduction | None) -> Picture:
    with _refusing_broken(path):
        known = recognized(data[:HEAD], path)
        if known.name == "TIFF":
            silence_libtiff()
            require_developed(data, path)
        kept = without_long_metadata(data)
        with known.opened(io.BytesIO(kept)) if known.opened else _open(known, kept, path, reduction) as image:
            if kept is not data and chunk(data, PROFILE) is not None and chunk(kept, PROFILE) is None:
                _put_back_profile(image, data, path)
            require_interleaved(image, path)
            _tell_frames(image, path)
            whole = image.size
            if reduction is not None:
                width, height = reduction(whole)
                image.draft(None, (OVERSAMPLED * width, OVERSAMPLED * height))
            picture = upright_and_plain(image, str(path), kept)
    if whole == image.size:
        return picture
    height, width = picture.rgb.shape[:2]
    return replace(picture, stored=whole if (height > width) == (whole[0] > whole[1]) else whole[::-1])


def _put_back_profile(image: Image.Image, data: bytes, path: Path) -> None:
    """Gives a picture the profile that was left out of what Pillow read; warns of one that is damaged."""
    profile = profile_of(data)
    if profile:
        image.info["icc_profile"] = profile
    else:
        tell_unusable(str(path))


def _open(known: Format, data: bytes, path: Path, reduction: Reduction | None) -> Image.Image:
    """Opens a file without decoding it, where its format allows that."""
    if known.name == "JPEG" and reduction is not None:  # Image.open refuses what a draft makes small enough
        return JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    try:
        return Image.open(io.BytesIO(data), formats=(known.name,))
    except UnidentifiedImageError:
        image = opened_by_opencv(data, path) if known.name == "TIFF" else None
        if image is None:
            raise
        return image


def _tell_frames(image: Image.Image, path: Path) -> None:
    """Warns where a file has more frames than the one that is read."""
    count = getattr(image, "n_frames", 1)
    what = FRAMES.get(image.format or "")
    if count > 1 and what:
        film = "; stylex video paints all of them" if what == "frames" else ""
        logger.warning("only the first of %d %s of %s is read%s", count, what, path, film)


def upright_and_plain(image: Image.Image, name: str, data: bytes = b"") -> Picture:
    """Returns an opened picture as `read_picture` does a file's. Raises likewise.

    Args:
        name: for messages.
        data: of the file that it was opened from, where there is one.
    """
    path = Path(name)
    with _refusing_broken(path):
        require_size(f"{name} has", *image.size)
        stated, deep = _code_points(image, data, path), None
        if data and is_deep_color(image):
            deep = _wide_range(data, stated) or deep_color(data, image, path)
        image.load()
        # After load(): Pillow turns a TIFF upright there, and finds a PNG's EXIF only then.
        upright = _upright(image, path)
        color, alpha = _color_and_alpha(image if deep is None else deep, image, data, path)
        _tell_lost_profile(image, data, name)
        color = color if deep is not None and high_dynamic_range(stated) else to_srgb(color, image.info, stated, name)
        rgb, mask = (_turned(one, upright) for one in (color, alpha))
    assert rgb is not None
    return Picture(rgb if mask is None else without_hidden(rgb, mask), mask)


def _tell_lost_profile(image: Image.Image, data: bytes, name: str) -> None:
    """Warns of a profile that Pillow gives up: one that can't be unpacked, or of which parts are missing."""
    parts = (part for marker, part in getattr(image, "applist", ()) if marker == "APP2")
    stated = chunk(data, PROFILE) is not None or any(part.startswith(b"ICC_PROFILE\0") for part in parts)
    if stated and not image.info.get("icc_profile"):
        tell_unusable(name)


def _code_points(image: Image.Image, data: bytes, path: Path) -> bytes | None:
    """Returns the numbers of a file's colours; warns of those that are mapped to standard range."""
    stated = code_points_of(data, image.info)
    if curve := high_dynamic_range(stated):
        logger.warning("%s has a high dynamic range (%s), which is mapped to the standard one", path, curve)
    elif stated and unknown_code_points(stated):
        message = "%s states colours by numbers without a meaning here (%s of ITU-T H.273), which are left aside"
        logger.warning(f"{message}: its colours may be wrong; export it as sRGB", path, tuple(stated[:2]))
    return stated


def _wide_range(data: bytes, stated: bytes | None) -> Image.Image | None:
    """Returns a picture of 16 bits of high dynamic range as "RGB" or "RGBA" in sRGB; None for any other."""
    values = decoded_by_opencv(data) if stated and high_dynamic_range(stated) else None
    if values is None or values.dtype != np.uint16 or values.ndim != 3:
        return None
    assert stated is not None
    image = in_standard_range(cv2.cvtColor(values[..., :3], cv2.COLOR_BGR2RGB), stated)
    if values.shape[2] == 4:
        image.putalpha(Image.fromarray((values[..., 3] >> 8).astype(np.uint8)))
    return image


def _turned(image: Image.Image | None, upright: Image.Transpose | None) -> NDArray[np.uint8] | None:
    if image is None:
        return None
    return as_array(image if upright is None else image.transpose(upright))


def as_array(image: Image.Image) -> NDArray[np.uint8]:
    """Returns the pixels of a picture of mode "RGB", (H, W, 3), or "L", (H, W).

    They are copied a part at a time: as Pillow hands them over, all of them would be in memory once more.
    """
    width, height = image.size
    if width * height <= PART:
        return np.array(image)
    pixels = np.empty((height, width, *((3,) if image.mode == "RGB" else ())), np.uint8)
    rows = max(1, PART // width)
    for top in range(0, height, rows):
        pixels[top : top + rows] = image.crop((0, top, width, min(height, top + rows)))
    return pixels


def _opened(path: Path) -> BinaryIO:
    """Returns a regular file with something in it, open for reading bytes."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{path} is a folder: give the path of one picture")
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for its other end
            raise InputError(f"{path} isn't a regular file: save the picture as a file first")
        if status.st_size == 0:
            raise InputError(f"{path} is empty (0 bytes): copy or download it again")
        return path.open("rb")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{path} doesn't exist: check the name and the folder") from error
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise InputError(f"{path} can't be read ({_reason(error)}): check its name and permissions") from error


@contextlib.contextmanager
def _refusing_broken(path: Path) -> Iterator[None]:
    """Turns whatever Pillow raises on a bad file into `InputError`, and keeps its warnings quiet."""
    with without_warnings():
        try:
            yield
        except StylexError:
            raise
        except Image.DecompressionBombError as error:  # Pillow's own limit is above MAX_PIXELS
            count = re.search(r"(\d+) pixels", str(error))
            raise InputError(too_large(f"{path} has", int(count[1]) if count else None)) from error
        except MemoryError as error:
            raise InputError(f"{path} needs more memory to decode than there is: scale it down first") from error
        except Exception as error:  # Pillow promises no class: struct.error, KeyError and SyntaxError are common
            raise InputError(
                f"{path} can't be decoded ({_reason(error)}): it is damaged, cut short or of a rare kind; "
                "get it again, or save it as an 8-bit PNG"
            ) from error


def _reason(error: Exception) -> str:
    """Returns an exception's text, short and on one line."""
    if isinstance(error, UnidentifiedImageError):  # its text is the file object's repr
        return "unreadable header"
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return " ".join(text.split())[:100] or type(error).__name__


def _upright(image: Image.Image, path: Path) -> Image.Transpose | None:
    """Returns the transposition that the EXIF orientation asks for; None where there is none, or it is damaged."""
    try:
        return _UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # the pixels are fine; Pillow raises struct.error, SyntaxError, TypeError and others here
        logger.warning("the EXIF data of %s are damaged: it is taken as upright", path)
        return None


def _color_and_alpha(
    image: Image.Image, opened: Image.Image, data: bytes, path: Path
) -> tuple[Image.Image, Image.Image | None]:
    """Returns a loaded picture of any mode as "RGB", "L", "CMYK" or "LAB" in its own colours, and its alpha channel.

    Args:
        image: the pixels.
        opened: what the file says beside them; the same picture, but where it had to be decoded otherwise.
    """
    if image.mode == "F":
        raise InputError(f"{path} holds floating-point values of unknown range: save it with 8 or 16 bits a channel")
    if image.mode.startswith("I"):
        image = grey_of(image, data, path)
    elif image.mode == "L":
        image = without_sign(image, path)
    elif image.mode in ("1", "La", "RGBa", "PA"):
        image = image.convert({"1": "L", "La": "LA"}.get(image.mode, "RGBA"))
    transparent = opened.info.get("transparency")
    if isinstance(transparent, tuple) and max(transparent) > 255:
        # The pixels of a 16-bit RGB PNG are already cut to their high bytes; its transparent colour isn't.
        opened.info["transparency"] = tuple(value >> 8 for value in transparent)
    if image.mode == "LA":
        return image.getchannel("L"), image.getchannel("A")
    if image.has_transparency_data:
        whole = image.convert("RGBA")
        return whole.convert("RGB"), whole.getchannel("A")
    return (image if image.mode in ("RGB", "L", "CMYK", "LAB") else image.convert("RGB")), None
