"""Ways to damage a file; all of them take its bytes and a seeded generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np

Mutator: TypeAlias = Callable[[bytes, np.random.Generator], bytes]

HEAD = 512
"""Bytes at the beginning of a file in which its sizes and offsets mostly stand."""
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""Numbers that lengths, offsets and counts rarely have."""


def flipped(data: bytes, rng: np.random.Generator) -> bytes:
    """Returns the file with some bits changed, anywhere."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 9))):
        changed[int(rng.integers(len(changed)))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def head_flipped(data: bytes, rng: np.random.Generator) -> bytes:
    """Returns the file with some bytes of its beginning replaced."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        changed[int(rng.integers(min(HEAD, len(changed))))] = int(rng.integers(256))
    return bytes(changed)


def extreme(data: bytes, rng: np.random.Generator) -> bytes:
    """Returns the file with a number of 1, 2 or 4 bytes replaced by an extreme one, mostly near its beginning."""
    size, number = int(rng.choice([1, 2, 4])), int(rng.choice(EXTREMES))
    end = min(HEAD, len(data)) if rng.random() < 0.7 else len(data)
    at = int(rng.integers(max(1, end - size)))
    order: Literal["little", "big"] = "little" if rng.random() < 0.5 else "big"
    written: bytes = (number & (256**size - 1)).to_bytes(size, order)
    return data[:at] + written + data[at + size :]


def cut(data: bytes, rng: np.random.Generator) -> bytes:
    """Returns the beginning of the file."""
    return data[: int(rng.integers(len(data)))]


def without_part(data: bytes, rng: np.random.Generator) -> bytes:
    """Returns the file without some bytes in the middle."""
    start, end = _part(data, rng)
    return data[:start] + data[end:]


def doubled(data: bytes, rng: np.random.Generator) -> bytes:
    """Returns the file with a part of it twice."""
    start, end = _part(data, rng)
    return data[:end] + data[start:]


def emptied(data: bytes, rng: np.random.Generator) -> bytes:
    """Returns the file with a part of it all zeros, as a disk or a download leaves it."""
    start, end = _part(data, rng)
    return data[:start] + bytes(end - start) + data[end:]


def noisy(data: bytes, rng: np.random.Generator) -> bytes:
    """Returns the file with a part of it replaced by noise."""
    start, end = _part(data, rng)
    return data[:start] + rng.bytes(end - start) + data[end:]


def extended(data: bytes, rng: np.random.Generator) -> bytes:
    """Returns the file with noise behind it."""
    return data + rng.bytes(int(rng.integers(1, 2000)))


def _part(data: bytes, rng: np.random.Generator) -> tuple[int, int]:
    start = int(rng.integers(len(data)))
    return start, min(len(data), start + 1 + int(rng.geometric(1 / 64)))


MUTATORS: tuple[Mutator, ...] = (
    *(flipped, head_flipped, head_flipped, extreme, extreme, extreme),
    *(cut, without_part, doubled, emptied, noisy, extended),
)
"""All of them; those that are more telling several times."""


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Returns a file that one to three mutators have damaged."""
    for _ in range(int(rng.integers(1, 4))):
        if not data:
            break
        data = MUTATORS[int(rng.integers(len(MUTATORS)))](data, rng)
    return data
