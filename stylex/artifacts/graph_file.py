"""The metadata and versions of a graph, read from its ONNX file without ONNX Runtime.

An ONNX file is one protobuf message. Its properties are a few fields of the outermost level, beside the graph with all
its weights; the weights are stepped over unread, so that even a large file takes less than a millisecond.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from stylex.artifacts.metadata import GraphMetadata
from stylex.errors import InputError, ModelError
from stylex.filetypes import HEAD, explanation

IR_VERSION, OPSET_IMPORT, PROPS = 1, 8, 14
"""Numbers of the fields of ModelProto: `metadata_props` are StringStringEntryProtos, of `opset_import` see below."""
DOMAIN, VERSION = 1, 2
"""Numbers of the fields of an OperatorSetIdProto."""
KEY, VALUE = 1, 2
"""Numbers of the fields of a StringStringEntryProto."""
VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
"""Wire types; groups, 3 and 4, stand in no ONNX file."""
FIXED = {FIXED64: 8, FIXED32: 4}
VARINT_BYTES = 10
MOST_BYTES = 2**24
"""Bytes that all properties of a file may have together; those of stylex have some ten thousand."""


class _DamagedError(ValueError):
    """The bytes are no protobuf message."""


def read_metadata(path: Path | str) -> GraphMetadata:
    """Returns the metadata of a graph; opens no session. The answer is kept for as long as the file stays the same.

    Raises:
        InputError: no such file, or it can't be read.
        ModelError: no ONNX file, or none that this version of stylex wrote.
    """
    path = require_file(path)
    try:
        found = path.stat()
    except OSError as error:
        raise unreadable(path, error) from error
    return _kept(path, (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size))


def versions_of(data: bytes) -> tuple[int, int]:
    """Returns the IR version and the opset of ONNX's operators in the bytes of an ONNX file, 0 where there is none."""
    file, ir, opset = io.BytesIO(data), 0, 0
    with contextlib.suppress(_DamagedError):
        for field, kind, value in _fields(file, len(data)):
            if (field, kind) == (OPSET_IMPORT, LENGTH):
                opset = _opset(file.read(value)) or opset
                continue
            ir = value if (field, kind) == (IR_VERSION, VARINT) else ir
            _passed(file, kind, value)
    return ir, opset


def _opset(data: bytes) -> int:
    """Returns the version of a set of operators where it is ONNX's own, else 0."""
    file, domain, version = io.BytesIO(data), b"", 0
    for field, kind, value in _fields(file, len(data)):
        content = file.read(value) if kind == LENGTH else b""
        if (field, kind) == (DOMAIN, LENGTH):
            domain = content
        elif (field, kind) == (VERSION, VARINT):
            version = value
    return version if domain in (b"", b"ai.onnx") else 0


@functools.lru_cache(maxsize=256)
def _kept(path: Path, _version: tuple[int, ...]) -> GraphMetadata:
    return GraphMetadata.from_props(read_props(path), str(path))


def read_props(path: Path | str) -> dict[str, str]:
    """Returns the properties of an ONNX file, whoever made it, by key.

    Raises:
        InputError: no such file, or it can't be read.
        ModelError: no ONNX file.
    """
    path = require_file(path)
    try:
        with path.open("rb") as file:
            return _props_in(file, os.fstat(file.fileno()).st_size, str(path))
    except OSError as error:
        raise unreadable(path, error) from error


def require_file(path: Path | str) -> Path:
    """Returns the path of a graph; raises InputError unless a file is there."""
    if not os.path.isfile(path):  # unlike Path.is_file, never raises
        raise InputError(f"{path} is not a file: give an ONNX file made by `stylex export`")
    return Path(path)


def unreadable(path: Path, error: OSError) -> InputError:
    """Returns the error for a graph's file that can't be read."""
    return InputError(f"{path} can't be read ({error.strerror}): check its permissions")


def props_of(data: bytes, source: str) -> dict[str, str]:
    """Returns the properties of the ONNX file with these bytes.

    Raises:
        ModelError: no ONNX file. The message names `source`.
    """
    return _props_in(io.BytesIO(data), len(data), source)


def _props_in(file: BinaryIO, size: int, source: str) -> dict[str, str]:
    """Returns the properties of an opened file; of two with one key the last counts, as in ONNX Runtime."""
    props: dict[str, str] = {}
    left = MOST_BYTES
    try:
        if not size:
            raise _DamagedError("it is empty")
        for field, kind, length in _fields(file, size):
            if (field, kind) != (PROPS, LENGTH):
                _passed(file, kind, length)
                continue
            left -= length
            if left < 0:
                raise _DamagedError(f"its properties have more than {MOST_BYTES} bytes")
            key, value = _entry(file.read(length))
            props[key] = value
    except ValueError as error:
        file.seek(0)
        known = explanation(file.read(HEAD), "give an ONNX file made by `stylex export`")
        message = known or f"is not a usable ONNX file ({error}): export it again"
        raise ModelError(f"{source} {message}") from error
    return props


def _entry(data: bytes) -> tuple[str, str]:
    """Returns key and value of one property; either is empty where it is missing."""
    file = io.BytesIO(data)
    texts = {KEY: "", VALUE: ""}
    for field, kind, length in _fields(file, len(data)):
        content = file.read(length) if kind == LENGTH else b""
        if field in texts:
            texts[field] = content.decode()
    return texts[KEY], texts[VALUE]


def _passed(file: BinaryIO, kind: int, length: int) -> None:
    """Moves a file past the content of a field."""
    if kind == LENGTH:
        file.seek(length, os.SEEK_CUR)


def _fields(file: BinaryIO, size: int) -> Iterator[tuple[int, int, int]]:
    """Yields number, wire type and value of every field whose value is a whole number or has a length.

    Of one with a length that is the value; the file then stands at its content, and must be moved past it. Fields of
    fixed size are passed over.
    """
    while file.tell() < size:
        field, kind = divmod(_varint(file), 8)
        if not field:
            raise _DamagedError("a field has no number")
        if kind == VARINT:
            yield field, kind, _varint(file)
            continue
        if kind not in (LENGTH, *FIXED):
            raise _DamagedError(f"a field has the unknown type {kind}")
        length = FIXED.get(kind) or _varint(file)
        if length > size - file.tell():
            raise _DamagedError("it ends too early")
        if kind == LENGTH:
            yield field, kind, length
        else:
            file.seek(length, os.SEEK_CUR)


def _varint(file: BinaryIO) -> int:
    """Returns a whole number of up to 64 bits, seven of them in a byte, the lowest first."""
    number = 0
    for place in range(VARINT_BYTES):
        byte = file.read(1)
        if not byte:
            raise _DamagedError("it ends too early")
        number |= (byte[0] & 0x7F) << 7 * place
        if byte[0] < 0x80:
            return number
    raise _DamagedError("a number has too many bytes")
