"""Films: their streams, and the first frames and sound."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from reliability.fuzzing.files import written
from reliability.mutated import originals
from stylex.errors import StylexError
from stylex.runtime.video.decoder import messages
from stylex.runtime.video.messages import Excerpt

LARGEST_SEED = 20_000


def seeds() -> Iterator[bytes]:
    """Yields small whole films."""
    with tempfile.TemporaryDirectory() as folder:
        for _, data in originals.films(Path(folder)):
            if len(data) <= LARGEST_SEED:
                yield data


def target(data: bytes) -> None:
    """Decodes two frames. Whatever is raised beside `StylexError` is a fault."""
    for message in messages(written(data, ".mkv"), Excerpt(frames=2), None):
        if isinstance(message, StylexError):
            raise message
