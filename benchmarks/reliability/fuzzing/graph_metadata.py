"""The properties and versions of an ONNX file, and stylex's metadata among them."""

from __future__ import annotations

from collections.abc import Iterator

from stylex.artifacts.catalog import transfer_file
from stylex.artifacts.graph_file import props_of, read_props, versions_of
from stylex.artifacts.metadata import GraphMetadata

PROPS, KEY, VALUE = 14, 1, 2
"""Numbers of protobuf fields: of `metadata_props`, and of key and value in an entry."""


def seeds() -> Iterator[bytes]:
    """Yields ONNX files with nothing but metadata."""
    props = read_props(transfer_file("fast", "int8", style="wheat-field"))
    yield b"\x08\x0a\x42\x04\x0a\x00\x10\x12" + b"".join(
        _field(PROPS, _field(KEY, key.encode()) + _field(VALUE, value.encode())) for key, value in props.items()
    )


def _field(number: int, content: bytes) -> bytes:
    size, length = b"", len(content)
    while length > 0x7F:
        size, length = size + bytes([length & 0x7F | 0x80]), length >> 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + content


def target(data: bytes) -> None:
    """Reads them. Whatever is raised beside `StylexError` is a fault."""
    versions_of(data)
    GraphMetadata.from_props(props_of(data, "fuzzed.onnx"), "fuzzed.onnx")
