"""The file formats of pictures: what they are recognized by, and what their encoders take."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from PIL import ExifTags, Image, features

from stylex.errors import InputError, ResourceError, UsageError
from stylex.filetypes import explanation
from stylex.imaging.camera_raw import ADVICE
from stylex.installation import optional

_TURNED = re.compile(rb"irot|imir")
"""Boxes of a HEIF file that tell how its picture is turned and mirrored."""


def _open_heic(file: BinaryIO) -> Image.Image:
    """Opens a HEIC file by the package that reads them."""
    data = file.read()
    opened = optional("pillow_heif", "pillow-heif, to read HEIC").open_heif(data, convert_hdr_to_8bit=True)
    unnamed: Any = opened.to_pillow()
    unnamed.format, unnamed.n_frames = "HEIF", len(opened)
    picture: Image.Image = unnamed
    if not _TURNED.search(data[: data.find(b"mdat")]):
        # libheif has turned nothing, and the package has struck out what EXIF says.
        picture.getexif()[ExifTags.Base.Orientation] = picture.info.get("original_orientation") or 1
    return picture


def _open_avif(file: BinaryIO) -> Image.Image:
    if not features.check("avif"):
        raise ResourceError("this Pillow can't read AVIF: pip install -U pillow")
    return Image.open(file, formats=("AVIF",))


@dataclass(frozen=True)
class Format:
    """Facts of one file format."""

    name: str  # as Pillow calls it, in any case
    suffixes: tuple[str, ...]  # of its files; the first is the one suggested
    magic: re.Pattern[bytes]  # the first bytes of its files
    written: bool = True
    holds_alpha: bool = True
    holds_profile: bool = True
    max_side: int | None = None  # the longest side in pixels that its encoder takes
    lossy: bool = False  # its encoder takes a quality
    options: Mapping[str, int | bool] = field(default_factory=dict)  # what else its encoder is told
    opened: Callable[[BinaryIO], Image.Image] | None = None  # what opens it, where Pillow alone doesn't


FORMATS = (
    Format(
        "JPEG",
        (".jpg", ".jpeg", ".jfif", ".jpe"),
        re.compile(rb"\xff\xd8\xff"),
        holds_alpha=False,
        max_side=65500,
        lossy=True,
        options={"subsampling": 0},  # 4:4:4: stylized pictures have strong colours in fine detail
    ),
    Format("PNG", (".png", ".apng"), re.compile(rb"\x89PNG\r\n\x1a\n")),
    Format(
        "WebP",
        (".webp",),
        re.compile(rb"RIFF....WEBP", re.DOTALL),
        max_side=16383,
        lossy=True,
        options={"exact": True},  # colours under transparent pixels are kept
    ),
    Format("BMP", (".bmp",), re.compile(rb"BM"), holds_alpha=False, holds_profile=False),
    Format("TIFF", (".tif", ".tiff"), re.compile(rb"II\*\0(?!.{4}CR)|MM\0\*|II\+\0|MM\0\+", re.DOTALL)),
    Format("GIF", (".gif",), re.compile(rb"GIF8[79]a"), written=False),
    Format("AVIF", (".avif",), re.compile(rb"....ftypavi[fs]", re.DOTALL), written=False, opened=_open_avif),
    Format(
        "HEIC",
        (".heic", ".heif", ".hif"),
        re.compile(rb"....ftyp(hei|hev|mif|msf)", re.DOTALL),
        written=False,
        opened=_open_heic,
    ),
)
ONLY_READ = (".jfif", ".jpe", ".apng")
"""Suffixes of formats that are written under another one."""
WRITABLE = {s: known for known in FORMATS if known.written for s in known.suffixes if s not in ONLY_READ}
READABLE = frozenset(suffix for known in FORMATS for suffix in known.suffixes)
"""Suffixes of files that are taken for pictures where a folder is searched."""
LONGEST_NAME = 255
"""Bytes of a file's name that file systems take."""
_UNFIT = re.compile(r'[\x00-\x1f/\\:*?"<>|]')
"""Characters that a file's name can't have everywhere."""
_WORKING = f"{', '.join(known.name for known in FORMATS[:-1])} or {FORMATS[-1].name}"

_CAMERA_RAW = re.compile(
    rb"II\*\0....CR|IIR[OS]|MMOR|IIU\0|FUJIFILMCCD-RAW|....ftypcrx|FOVb|\0MRM", re.DOTALL
)  # CR2, ORF, RW2, RAF, CR3, X3F, MRW; others are TIFF files


def recognized(head: bytes, path: Path) -> Format:
    """Returns the format of a file that starts with `head`, where stylex reads it."""
    if _CAMERA_RAW.match(head):
        raise InputError(f"{path} {ADVICE}")
    known = next((known for known in FORMATS if known.magic.match(head)), None)
    if known is not None:
        return known
    needed = f"give a {_WORKING} file"
    message = explanation(head, needed) or f"isn't a picture that can be read: {needed}"
    raise InputError(f"{path} {message}")


def named(path: Path) -> Format:
    """Returns the format that an output's suffix names."""
    known = WRITABLE.get(path.suffix.lower())
    if known is None:
        what = f"ends in {path.suffix}" if path.suffix else "has no suffix"
        raise UsageError(f"{path} {what}; the suffix chooses the format: use one of {', '.join(WRITABLE)}")
    return known


def default_output(photo: Path, technique: str, style: str = "") -> Path:
    """Returns the path beside a photo for its painting, in its format; in PNG where that is one that isn't written.

    Args:
        photo: what follows the last point of its name belongs to the name where it is no format's.
        technique: its name.
        style: its name, which is cut where the path's would be longer than file systems take.
    """
    suffix = photo.suffix if photo.suffix.lower() in WRITABLE else ".png"
    stem = photo.stem if photo.suffix.lower() in READABLE else photo.name
    room = LONGEST_NAME - len(os.fsencode(f"{stem}-{technique}-{suffix}"))
    styled = os.fsencode(_UNFIT.sub("_", style))[: max(0, room)].decode(errors="ignore")
    return photo.parent / f"{'-'.join(filter(None, (stem, technique, styled)))}{suffix}"
