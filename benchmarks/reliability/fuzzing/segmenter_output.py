"""Outputs of segmenters' graphs: any shape, kind of number and value."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stylex.runtime.semantic.outputs import class_probabilities

KINDS = ("f4", "f2", "f8", "u1", "i1", "i4", "i8", "u8", "?", "c8", "U1")
HEAD = 7
"""Bytes in front of the values: kind of number, number of classes, number of sides, and four sides."""


def seeds() -> Iterator[bytes]:
    """Yields class numbers, and probabilities of three classes."""
    yield bytes([3, 3, 3, 1, 4, 4, 1]) + bytes(range(3)) * 6
    yield bytes([0, 3, 4, 1, 3, 2, 2]) + np.full(12, 1 / 3, np.float32).tobytes()


def target(data: bytes) -> None:
    """Reads one. Whatever is raised beside `StylexError` is a fault, and so is a probability out of range."""
    if len(data) < HEAD:
        return
    kind, count = np.dtype(KINDS[data[0] % len(KINDS)]), 1 + data[1] % 8
    shape = tuple(side % 9 for side in data[3 : 3 + data[2] % 5])
    size = int(np.prod(shape)) * kind.itemsize
    if kind.kind == "U" or len(data) - HEAD < size:
        output = np.zeros(shape, kind)
    else:
        output = np.frombuffer(data[HEAD : HEAD + size], kind).reshape(shape)
    found = class_probabilities(output, [f"class {number}" for number in range(count)], "fuzzed.onnx")
    assert found.shape[0] == count and found.min() >= 0 and found.max() <= 1, "probabilities of each class"
