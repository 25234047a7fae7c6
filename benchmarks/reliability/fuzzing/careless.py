"""The control: a reader with a bug that one byte of 256 shows, which must be found."""

from __future__ import annotations

from collections.abc import Iterator


def seeds() -> Iterator[bytes]:
    """Yields a short input."""
    yield b"size 10"


def target(data: bytes) -> None:
    """Divides by a digit of the input."""
    if len(data) > 5:
        _ = 100 // (data[5] - ord("3"))
