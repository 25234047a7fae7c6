"""Files that are either complete or not there: write aside, fsync, rename."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stylex.errors import InputError, ResourceError


@contextlib.contextmanager
def written_aside(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on a clean exit it is synced and takes the final name.

    An exception removes the temporary file, and an existing file under the final name stays as it was.

    Raises:
        InputError: the folder doesn't exist or the path is a folder.
        ResourceError: the disk is full or can't be written.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise InputError(f"the folder {path.parent} doesn't exist: create it first, or choose another output path")
    if path.is_dir():
        raise InputError(f"{path} is a folder; the output must be a file name")
    aside = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        yield aside
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ResourceError(
                f"no space left to write {path}: free some disk space or choose another folder"
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise ResourceError(
                f"{path} can't be written ({error.strerror}): choose a folder that you may write to"
            ) from error
        raise ResourceError(f"{path} can't be written: {error.strerror or error}") from error
    finally:
        aside.unlink(missing_ok=True)


def write_bytes(path: Path | str, data: bytes) -> None:
    """Write a whole file at once, or leave what was there. Raises as `written_aside` does."""
    with written_aside(path) as aside:
        aside.write_bytes(data)


def write_json(path: Path | str, value: Any) -> None:
    """Write `value` as indented JSON. Raises as `written_aside` does."""
    write_bytes(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def sha256_of(path: Path | str) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
