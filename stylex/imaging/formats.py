"""The file formats of pictures: what they are recognized by, and what their encoders take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stylex.errors import InputError, UsageError


@dataclass(frozen=True)
class Format:
    """Facts of one file format."""

    name: str  # as Pillow calls it, in any case
    suffixes: tuple[str, ...]  # that it is written under; the first is the one suggested
    magic: re.Pattern[bytes]  # the first bytes of its files
    only_read: tuple[str, ...] = ()  # further suffixes, read but not written
    holds_alpha: bool = True
    max_side: int | None = None  # the longest side in pixels that its encoder takes
    lossy: bool = False  # its encoder takes a quality
    options: Mapping[str, int | bool] = field(default_factory=dict)  # what else its encoder is told


FORMATS = (
    Format(
        "JPEG",
        (".jpg", ".jpeg"),
        re.compile(rb"\xff\xd8\xff"),
        only_read=(".jfif", ".jpe"),
        holds_alpha=False,
        max_side=65500,
        lossy=True,
        options={"subsampling": 0},  # 4:4:4: stylized pictures have strong colours in fine detail
    ),
    Format("PNG", (".png",), re.compile(rb"\x89PNG\r\n\x1a\n")),
    Format(
        "WebP",
        (".webp",),
        re.compile(rb"RIFF....WEBP", re.DOTALL),
        max_side=16383,
        lossy=True,
        options={"exact": True},  # colours under transparent pixels are kept
    ),
    Format("BMP", (".bmp",), re.compile(rb"BM"), holds_alpha=False),
    Format("TIFF", (".tif", ".tiff"), re.compile(rb"II\*\0|MM\0\*|II\+\0|MM\0\+")),
)
WRITABLE = {suffix: known for known in FORMATS for suffix in known.suffixes}
_WORKING = f"{', '.join(known.name for known in FORMATS[:-1])} or {FORMATS[-1].name}"

# Formats that users try; named in the message, never decoded.
_FOREIGN = {
    "GIF": re.compile(rb"GIF8[79]a"),
    "HEIC": re.compile(rb"....ftyp(hei|hev|mif|msf)", re.DOTALL),
    "AVIF": re.compile(rb"....ftypavi", re.DOTALL),
    "JPEG 2000": re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"),
    "JPEG XL": re.compile(rb"\0\0\0\x0cJXL |\xff\x0a"),
    "PSD": re.compile(rb"8BPS"),
    "PDF": re.compile(rb"%PDF"),
    "SVG": re.compile(rb"\s*<(svg|\?xml)"),
}


def recognized(head: bytes, path: Path) -> Format:
    """The format of a file that starts with `head`, where stylex reads it and the suffix belongs to it."""
    known = next((known for known in FORMATS if known.magic.match(head)), None)
    if known is None:
        foreign = next((name for name, magic in _FOREIGN.items() if magic.match(head)), None)
        problem = f"is {foreign}, which isn't supported" if foreign else "isn't a picture that can be read"
        raise InputError(f"{path} {problem}: give a {_WORKING} file")
    if path.suffix and path.suffix.lower() not in known.suffixes + known.only_read:
        better = path.with_suffix(known.suffixes[0]).name
        raise InputError(f"{path} is really a {known.name} file: rename it to {better}")
    return known


def named(path: Path) -> Format:
    """The format that an output's suffix names."""
    known = WRITABLE.get(path.suffix.lower())
    if known is None:
        what = f"ends in {path.suffix}" if path.suffix else "has no suffix"
        raise UsageError(f"{path} {what}; the suffix chooses the format: use one of {', '.join(WRITABLE)}")
    return known


def default_output(photo: Path, technique: str) -> Path:
    """Beside the photo, in its format; in PNG where its suffix is one that isn't written."""
    suffix = photo.suffix if photo.suffix.lower() in WRITABLE else ".png"
    return photo.parent / f"{photo.stem}-{technique}{suffix}"
