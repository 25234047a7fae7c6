"""Pictures in and out: files to uint8 RGB arrays and back.

A picture is read as it is meant to be seen (EXIF orientation applied, 16 bits scaled to 8, alpha apart), and
whatever is wrong with a file becomes a one-line `InputError`. Colour profiles are not applied.
"""

from __future__ import annotations

import contextlib
import io
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from stylex.errors import InputError, StylexError, UsageError
from stylex.files import check_place, same_file, written_aside
from stylex.imaging.formats import Format, named, recognized
from stylex.imaging.quiet import without_warnings
from stylex.imaging.sizes import at_most

MAX_PIXELS = 64_000_000


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture.

    Attributes:
        rgb: uint8 (H, W, 3), 0..255, C-contiguous and writable.
        alpha: uint8 (H, W), 0 transparent to 255 opaque; None where the file has no transparency.
    """

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None


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
_BITS_PER_SAMPLE, _PHOTOMETRIC = 258, 262  # TIFF tags


def read_picture(path: Path | str) -> Picture:
    """Read a JPEG, PNG, WebP, BMP or TIFF file; of a file with several frames, the first.

    Grey, palette and CMYK become RGB; 16 bits become 8 by their high byte. An alpha channel or a transparent
    colour is returned apart, also where it is opaque everywhere.

    Args:
        path: the file. Its suffix, if it has one, must belong to its content.

    Raises:
        InputError: the file is missing, empty, unreadable, damaged, cut short, not a picture, of another format,
            named as another format, or has more than `MAX_PIXELS` pixels.
    """
    path = Path(path)
    with _opened(path) as file:
        return _decoded(file, path)


def decoded(data: bytes, name: str) -> Picture:
    """Decode the bytes of a picture file; `name` is for messages. Raises as `read_picture` does."""
    return _decoded(io.BytesIO(data), Path(name))


def _decoded(file: BinaryIO, path: Path) -> Picture:
    with _refusing_broken(path):
        known = recognized(file.read(32), path)
        file.seek(0)
        with Image.open(file, formats=(known.name,)) as image:
            return upright_and_plain(image, str(path))


def upright_and_plain(image: Image.Image, name: str) -> Picture:
    """Returns an opened picture as `read_picture` does a file's; `name` is for messages. Raises likewise."""
    with _refusing_broken(Path(name)):
        _check_size(f"{name} has", *image.size)
        image.load()
        # After load(): Pillow turns a TIFF upright there, and finds a PNG's EXIF only then.
        upright = _upright(image)
        plain = _eight_bit(image, Path(name))
        pixels = np.array(plain if upright is None else plain.transpose(upright))  # (H, W, 3 or 4)
    if pixels.shape[2] == 3:
        return Picture(pixels)
    return Picture(np.ascontiguousarray(pixels[..., :3]), np.ascontiguousarray(pixels[..., 3]))


def write_picture(
    path: Path | str, rgb: NDArray[np.uint8], alpha: NDArray[np.uint8] | None = None, quality: int = 95
) -> None:
    """Write a picture in the format that the suffix names: whole, or not at all.

    Args:
        path: ends in .jpg, .jpeg, .png, .webp, .bmp, .tif or .tiff.
        rgb: uint8 (H, W, 3), 0..255.
        alpha: uint8 (H, W), 0 transparent to 255 opaque. JPEG and BMP can't hold it: the picture is then laid
            on white.
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
    return _encoded(image, known, quality)


def check_output(path: Path | str, inputs: Iterable[Path | str]) -> None:
    """Refuse an output path that can't work, before any work is done.

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
    for given in inputs:
        if same_file(path, Path(given)):
            raise InputError(f"the output {path} is also an input and would be overwritten: choose another name")


def limited(picture: Picture, longest: int | None) -> Picture:
    """Reduce a picture so that its longer side has at most `longest` pixels; None leaves it as it is."""
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
    """Check an array that a caller gives as a picture.

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
    _check_size("the array has", array.shape[1], array.shape[0])
    return np.ascontiguousarray(array)


def _shape_advice(shape: tuple[int, ...]) -> str:
    """The next step for an array whose `shape` isn't (H, W, 3)."""
    if len(shape) == 3 and shape[2] == 4:
        return "split the alpha off"
    if len(shape) == 3 and shape[0] == 3:
        return "move the channels last"
    by_axes = {2: "repeat grey three times along a last axis", 4: "give one picture at a time"}
    return by_axes.get(len(shape), "give red, green and blue along the last axis")


def _check_size(what: str, width: int, height: int) -> None:
    """Refuse pictures that are empty or larger than `MAX_PIXELS`; `what` opens the message."""
    if width < 1 or height < 1:
        raise InputError(f"{what} no pixels ({width}x{height}): give a picture of at least 1x1")
    if width * height > MAX_PIXELS:
        raise InputError(_too_large(what, width * height, f" ({width}x{height})"))


def _too_large(what: str, pixels: int | None, sides: str = "") -> str:
    """The message for a picture over the limit, of so many `pixels` where that is known."""
    size = "too many" if pixels is None else f"{pixels / 1e6:.1f}"
    return f"{what} {size} megapixels{sides}; the limit is {MAX_PIXELS / 1e6:g}: scale it down first"


def _opened(path: Path) -> BinaryIO:
    """A regular file with something in it, open for reading bytes."""
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
    """Turn whatever Pillow raises on a bad file into `InputError`, and keep its warnings quiet."""
    with without_warnings():
        try:
            yield
        except StylexError:
            raise
        except Image.DecompressionBombError as error:  # Pillow's own limit is above MAX_PIXELS
            told = re.search(r"(\d+) pixels", str(error))
            raise InputError(_too_large(f"{path} has", int(told[1]) if told else None)) from error
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


def _upright(image: Image.Image) -> Image.Transpose | None:
    """Returns the transposition that the EXIF orientation asks for; None where there is none or it is damaged."""
    try:
        return _UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # the pixels are fine; Pillow raises struct.error, SyntaxError, TypeError and others here
        return None


def _eight_bit(image: Image.Image, path: Path) -> Image.Image:
    """A loaded picture of any mode as RGB, or as RGBA where it has transparency."""
    transparent = image.info.get("transparency")
    if image.mode == "F":
        raise InputError(f"{path} holds floating-point values of unknown range: save it with 8 or 16 bits a channel")
    if image.mode.startswith("I"):
        return _eight_bit_grey(image, path)
    if isinstance(transparent, tuple) and max(transparent) > 255:
        # The pixels of a 16-bit RGB PNG are already cut to their high bytes; its transparent colour isn't.
        image.info["transparency"] = tuple(value >> 8 for value in transparent)
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _eight_bit_grey(image: Image.Image, path: Path) -> Image.Image:
    """Grey of more than 8 bits by its high byte, as Pillow cuts 16-bit RGB; its own convert("L") would clip."""
    values = np.asarray(image).astype(np.int32)  # (H, W)
    if values.min() < 0 or values.max() > 65535:
        raise InputError(f"{path} holds values from {values.min()} to {values.max()}: save it with 8 or 16 bits")
    tags: Mapping[int, object] = getattr(image, "tag_v2", {})
    bits = 12 if tags.get(_BITS_PER_SAMPLE) == (12,) else 16
    grey = (values >> (bits - 8)).astype(np.uint8)
    if tags.get(_PHOTOMETRIC) == 0:  # white is zero; Pillow inverts 8 bits but not 16
        grey = 255 - grey
    plain = Image.fromarray(grey).convert("RGB")
    if "transparency" in image.info:
        plain.putalpha(Image.fromarray(np.where(values == image.info["transparency"], 0, 255).astype(np.uint8)))
    return plain


def _with_alpha(image: Image.Image, alpha: NDArray[np.uint8], known: Format) -> Image.Image:
    """The RGB picture with `alpha` (H, W) as its fourth channel, or laid on white where the format has none."""
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
    """The file's bytes. In memory first: Pillow's own writing to a disk that fills up can end short unnoticed."""
    buffer = io.BytesIO()
    image.save(buffer, format=known.name, **(dict(known.options) | ({"quality": quality} if known.lossy else {})))
    return buffer.getvalue()
