"""Pictures of every format."""

from __future__ import annotations

from collections.abc import Iterator

from reliability.fuzzing.files import written
from reliability.mutated import originals
from stylex.imaging.reading import read_picture
from stylex.imaging.sizes import longer_side


def seeds() -> Iterator[bytes]:
    """Yields whole pictures."""
    for _, data in originals.pictures():
        yield data


def target(data: bytes) -> None:
    """Reads one, whole and reduced. Whatever is raised beside `StylexError` is a fault."""
    path = written(data, ".png")
    read_picture(path)
    read_picture(path, longer_side(16))
