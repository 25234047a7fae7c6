"""Chunks of PNG files: those that Pillow doesn't read, and those that it reads and stumbles over."""

from __future__ import annotations

import struct
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TEXT = (b"tEXt", b"zTXt", b"iTXt")
"""Chunks of comments; Pillow refuses a picture whose comments are longer than a megabyte."""
MOST_TEXT = 2**16
"""Bytes of a comment that is left where it is; compressed ones grow a thousandfold at the most."""


def chunk(data: bytes, name: bytes) -> bytes | None:
    """Returns the content of a chunk that stands before the pixels; None where there is none, or it is no PNG."""
    for kind, start, end in _chunks(data):
        if kind == name:
            return data[start + 8 : end - 4]
        if kind == b"IDAT":
            return None
    return None


def without_comments(data: bytes) -> bytes:
    """Returns a PNG without its comments where they are long or compressed; anything else as it is."""
    found = list(_chunks(data))
    heavy = [one for one in found if one[0] in TEXT and (one[2] - one[1] > MOST_TEXT or one[0] != b"tEXt")]
    if not heavy:
        return data
    kept = [data[start:end] for kind, start, end in found if kind not in TEXT]
    rest = data[found[-1][2] :]
    return b"".join((SIGNATURE, *kept, rest))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, beginning and end of each chunk that is whole."""
    if not data.startswith(SIGNATURE):
        return
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            return
        yield kind, at, end
        at = end
