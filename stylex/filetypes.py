"""Files that aren't what their name says: the kind of a file by its first bytes, and the one step that helps.

Pictures, checkpoints and graphs are all asked about here, once their own reader doesn't know them.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

HEAD = 512
"""Bytes of a file's beginning that tell its kind."""


@dataclass(frozen=True)
class FileType:
    """A kind of file.

    Attributes:
        name: with its article, such as "a web page".
        magic: the first bytes of its files.
        cure: the step that helps where something else is needed; empty where there is none that always helps.
    """

    name: str
    magic: re.Pattern[bytes]
    cure: str = ""


_BOM = rb"(?:\xef\xbb\xbf)?\s*"
_DOWNLOAD = "download the file itself, by its direct link"
_UNPACK = "unpack it and give the file inside"

STAND_INS = (
    FileType(
        "a Git LFS pointer, not the file itself",
        re.compile(rb"version https?://(git-lfs|hawser)\.github\.com/spec/"),
        "fetch the file with `git lfs pull`",
    ),
    FileType(
        "a git-annex pointer, not the file itself", re.compile(rb"/annex/objects/"), "fetch it with git annex get"
    ),
    FileType(
        "a web page that was saved instead of the file",
        re.compile(
            _BOM + rb"(?:<!--.{0,300}?-->\s*)?(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
        ),
        _DOWNLOAD,
    ),
)
"""Small files that lie in the place of the real one."""
OTHERS = (
    FileType("a JPEG picture", re.compile(rb"\xff\xd8\xff")),
    FileType("a PNG picture", re.compile(rb"\x89PNG\r\n\x1a\n")),
    FileType("a WebP picture", re.compile(rb"RIFF....WEBP", re.DOTALL)),
    FileType("a GIF picture", re.compile(rb"GIF8[79]a")),
    FileType("an SVG drawing", re.compile(_BOM + rb"(?:<\?xml[^>]*>\s*)?(?:<!--.{0,300}?-->\s*)?<svg\b", re.I | re.S)),
    FileType("an XML file", re.compile(_BOM + rb"<(\?xml|[A-Za-z])")),
    FileType("a JSON file", re.compile(_BOM + rb"(\{\s*[\"}]|\[\s*[\[{\"\d\]-])")),
    FileType("a safetensors file", re.compile(rb".{4}\0{4}\{\s*\"", re.DOTALL)),
    FileType("a TFLite model", re.compile(rb"....TFL3", re.DOTALL)),
    FileType("an HDF5 file", re.compile(rb"\x89HDF\r\n\x1a\n")),
    FileType("an array of NumPy", re.compile(rb"\x93NUMPY")),
    FileType("a Python pickle", re.compile(rb"\x80[\x02-\x05]")),
    FileType("a GGUF model", re.compile(rb"GGUF")),
    FileType("a model in ONNX Runtime's own format", re.compile(rb"....ORTM", re.DOTALL), "give the ONNX file"),
    FileType("a ZIP archive", re.compile(rb"PK(\x03\x04|\x05\x06)"), _UNPACK),
    FileType("a gzip archive", re.compile(rb"\x1f\x8b\x08"), _UNPACK),
    FileType("an xz archive", re.compile(rb"\xfd7zXZ\0"), _UNPACK),
    FileType("a Zstandard archive", re.compile(rb"\x28\xb5\x2f\xfd"), _UNPACK),
    FileType("a bzip2 archive", re.compile(rb"BZh[1-9]1AY&SY"), _UNPACK),
    FileType("a 7z archive", re.compile(rb"7z\xbc\xaf\x27\x1c"), _UNPACK),
    FileType("a RAR archive", re.compile(rb"Rar!\x1a\x07"), _UNPACK),
    FileType("a tar archive", re.compile(rb".{257}ustar", re.DOTALL), _UNPACK),
    FileType("a PDF", re.compile(rb"%PDF"), "export its page as a PNG"),
    FileType("a PSD picture", re.compile(rb"8BPS"), "export it as a PNG"),
    FileType("a JPEG 2000 picture", re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"), "save it as a PNG"),
    FileType("a JPEG XL picture", re.compile(rb"\0\0\0\x0cJXL |\xff\x0a"), "save it as a PNG"),
    FileType("an OpenEXR picture", re.compile(rb"\x76\x2f\x31\x01"), "save it as an 8-bit PNG"),
    FileType("a Matroska or WebM film", re.compile(rb"\x1a\x45\xdf\xa3"), "paint it with `stylex video`"),
    FileType("an AVI film", re.compile(rb"RIFF....AVI ", re.DOTALL), "paint it with `stylex video`"),
    FileType(
        "an MP4 or QuickTime film",
        re.compile(rb"....ftyp(isom|iso\d|mp4\d|M4V|qt  |avc1|3g)", re.DOTALL),
        "paint it with `stylex video`",
    ),
    FileType("an MP3 sound", re.compile(rb"ID3|\xff\xfb")),
    FileType("a program", re.compile(rb"\x7fELF|MZ.{58}", re.DOTALL)),
)
"""Whole files of another kind."""


def stand_in(head: bytes) -> FileType | None:
    """Returns the kind of a small file that lies in the place of the real one; None where it is no such file.

    Args:
        head: the first `HEAD` bytes of the file, or fewer.
    """
    return next((kind for kind in STAND_INS if kind.magic.match(head)), None)


def file_type(head: bytes) -> FileType | None:
    """Returns the kind of a file that starts with `head`, of the first `HEAD` bytes or fewer; None for unknown ones."""
    return stand_in(head) or next((kind for kind in OTHERS if kind.magic.match(head)), None)


def explanation(head: bytes, needed: str, own: Collection[str] = ()) -> str:
    """Returns the end of a message about a file of another kind, such as "is a web page ...: download ...".

    Args:
        head: the first `HEAD` bytes of the file, or fewer.
        needed: the step to advise where the kind has none of its own.
        own: names of the kinds that are needed: a file of such a kind is damaged, not of another kind.

    Returns:
        Empty where the kind is unknown or one of those.
    """
    kind = file_type(head)
    return f"is {kind.name}: {kind.cure or needed}" if kind and kind.name not in own else ""


def head_of(path: Path | str) -> bytes:
    """Returns the first `HEAD` bytes of a file. Raises OSError where it can't be read."""
    with Path(path).open("rb") as file:
        return file.read(HEAD)
