"""Weights files without the numbers that the ONNX graphs beside them hold bit for bit: so they travel in a wheel.

A packed file is 8 bytes with the length of a JSON header (little-endian), the header, and the bytes that stand in no
graph. The header gives the pieces of the safetensors file in their order, and its SHA-256: what is put together again
is the same file, or an error.

This module needs nothing but the standard library: the build of the wheel runs it without the package.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Iterator, Mapping

SHORTEST = 256
"""Bytes that a tensor must have to be looked for in the graphs: a reference to it takes some 50."""


def pack(weights: bytes, graphs: Mapping[str, bytes]) -> bytes:
    """Packs a safetensors file.

    Args:
        weights: its bytes.
        graphs: by file name the bytes of the ONNX graphs that may hold its tensors.

    Raises:
        ValueError: the bytes are no safetensors file.
    """
    pieces: list[tuple[str, int, int]] = []
    rest = bytearray()
    for part in _parts(weights):
        name, offset = _found(part, graphs)
        if not name and pieces and not pieces[-1][0]:
            pieces[-1] = ("", pieces[-1][1], pieces[-1][2] + len(part))
        else:
            pieces.append((name, offset if name else len(rest), len(part)))
        if not name:
            rest += part
    header = json.dumps({"sha256": hashlib.sha256(weights).hexdigest(), "pieces": pieces}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(rest)


def unpack(packed: bytes, graph: Callable[[str], bytes]) -> bytes:
    """Puts the safetensors file together again.

    Args:
        packed: what `pack` returned.
        graph: returns the bytes of the graph of that file name.

    Raises:
        ValueError: the packed file is damaged, or a graph is not the one that it was packed with.
    """
    try:
        (length,) = struct.unpack_from("<Q", packed)
        header = json.loads(packed[8 : 8 + length])
        rest = packed[8 + length :]
        sources = {name: graph(name) if name else rest for name, _, _ in header["pieces"]}
        whole = b"".join(sources[name][start : start + size] for name, start, size in header["pieces"])
        expected = header["sha256"]
    except (struct.error, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"it is damaged: {error}") from error
    if hashlib.sha256(whole).hexdigest() != expected:
        raise ValueError("it or a graph beside it has changed")
    return whole


def _parts(weights: bytes) -> Iterator[bytes]:
    """Yields the header of a safetensors file and then each of its tensors, without a gap."""
    try:
        (length,) = struct.unpack_from("<Q", weights)
        start = 8 + length
        tensors = {name: entry for name, entry in json.loads(weights[8:start]).items() if name != "__metadata__"}
        spans = sorted((start + a, start + b) for a, b in (entry["data_offsets"] for entry in tensors.values()))
    except (struct.error, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"not a safetensors file: {error}") from error
    at = 0
    for begin, end in [(0, start), *spans, (len(weights), len(weights))]:
        if begin > at:
            yield weights[at:begin]
        yield weights[begin:end]
        at = end


def _found(part: bytes, graphs: Mapping[str, bytes]) -> tuple[str, int]:
    """Returns the graph that holds these bytes, and where; an empty name if none does."""
    if len(part) >= SHORTEST:
        for name, data in graphs.items():
            at = data.find(part)
            if at >= 0:
                return name, at
    return "", 0
