"""Chunks of PNG files: those that Pillow doesn't read, and those that it reads and stumbles over."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PROFILE, TEXT, TEXT_PACKED, TEXT_OF_A_LANGUAGE = b"iCCP", b"tEXt", b"zTXt", b"iTXt"
"""Chunks of metadata; Pillow refuses a picture where one of them is damaged, or longer than a megabyte."""
METADATA = (PROFILE, TEXT, TEXT_PACKED, TEXT_OF_A_LANGUAGE)
MOST_METADATA = 2**19
"""Bytes of metadata that are left in a file, unpacked."""
LARGEST_PROFILE = 2**26


def chunk(data: bytes, name: bytes) -> bytes | None:
    """Returns the content of a chunk that stands before the pixels; None where there is none, or it is no PNG."""
    for kind, start, end in _chunks(data):
        if kind == name:
            return data[start + 8 : end - 4]
        if kind == b"IDAT":
            return None
    return None


def without_long_metadata(data: bytes) -> bytes:
    """Returns a PNG without metadata that is damaged, or longer than `MOST_METADATA` in all; anything else as it is."""
    found, left, kept = list(_chunks(data)), MOST_METADATA, []
    for kind, start, end in found:
        size = 0 if kind not in METADATA else _metadata_size(kind, data[start:end])
        if size is not None and size <= left:
            left -= size
            kept.append(data[start:end])
    if len(kept) == len(found):
        return data
    return b"".join((SIGNATURE, *kept, data[found[-1][2] :]))


def profile_of(data: bytes) -> bytes | None:
    """Returns the ICC profile of a PNG of any size; None where there is none, or it is damaged."""
    packed = chunk(data, PROFILE)
    return packed and _unpacked(packed.partition(b"\0")[2][1:], LARGEST_PROFILE)


def _metadata_size(kind: bytes, whole: bytes) -> int | None:
    """Returns bytes of a chunk of metadata, unpacked, or more than are left in a file; None where it is damaged."""
    content, (checksum,) = whole[8:-4], struct.unpack(">I", whole[-4:])
    rest = content.partition(b"\0")[2]  # behind the keyword
    if kind == TEXT_OF_A_LANGUAGE:
        packed = rest[1:].split(b"\0", 3)[-1] if rest[:1] == b"\1" else None  # method, language, translated keyword
    else:
        packed = None if kind == TEXT else rest[1:]
    unpacked = b"" if packed is None else _unpacked(packed, MOST_METADATA)
    damaged = zlib.crc32(whole[4:-4]) != checksum or (kind in (PROFILE, TEXT_PACKED) and rest[:1] != b"\0")
    return None if damaged or unpacked is None else len(content) + len(unpacked)


def _unpacked(packed: bytes, most: int) -> bytes | None:
    """Returns at most so many bytes; None where they are damaged."""
    try:
        return zlib.decompressobj().decompress(packed, most)
    except zlib.error:
        return None


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yields kind, beginning and end of each chunk that is whole."""
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
