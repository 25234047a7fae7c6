"""One file that is written anew for every input, in memory where the system has such a folder."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path


@functools.cache
def _folder() -> Path:
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(dir=memory if memory.is_dir() else None)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def written(data: bytes, suffix: str) -> Path:
    """Returns the path of a file with these bytes."""
    path = _folder() / f"fuzzed{suffix}"
    path.write_bytes(data)
    return path
