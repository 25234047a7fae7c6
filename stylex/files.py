"""Files that are either complete or not there: write aside, fsync, rename."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stylex.errors import InputError, ResourceError


def check_place(path: Path | str) -> None:
    """Refuse a path that no file can be written to, before any work is done.

    Raises:
        InputError: the folder doesn't exist, or what has the name isn't a regular file: a folder, a device, a pipe.
    """
    path = Path(path)
    if not os.path.isdir(path.parent):  # unlike Path.is_dir, never raises
        raise InputError(f"the folder {path.parent} doesn't exist: create it first, or choose another output path")
    if os.path.isdir(path):
        raise InputError(f"{path} is a folder; the output must be a file name")
    if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110 - Path.exists may raise
        raise InputError(f"{path} is a device or a pipe, which a file would replace: choose the name of a file")


def make_folder(folder: Path) -> Path:
    """Returns a folder that is there, after it has been made.

    Raises:
        InputError: a file stands in its place.
        ResourceError: it can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"{folder} can't be a folder, a file is in its place: choose another folder") from error
    except OSError as error:
        raise ResourceError(f"the folder {folder} can't be made ({error.strerror}): choose another") from error
    return folder


@contextlib.contextmanager
def written_aside(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on a clean exit it is synced and takes the final name.

    An exception removes the temporary file, and an existing file under the final name stays as it was.

    Raises:
        InputError: the folder doesn't exist or the path is a folder.
        ResourceError: the disk is full or can't be written.
    """
    check_place(path)
    path = Path(os.path.realpath(path))  # through a link, its target is replaced and the link stays
    aside = path.with_name(f".{secrets.token_hex(4)}{path.suffix[:16]}")  # short, however long the name is
    try:
        yield aside
        _replace(aside, path)
    except OSError as error:
        raise ResourceError(_why(path, error)) from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def _replace(aside: Path, path: Path) -> None:
    """Sync the temporary file and give it the final name, and the permissions of the file that it replaces."""
    with aside.open("rb+") as file:
        os.fsync(file.fileno())
    if path.exists():
        shutil.copymode(path, aside)
    aside.replace(path)


def _why(path: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no space left to write {path}: free some disk space or choose another folder"
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return f"{path} can't be written ({error.strerror}): choose a folder that you may write to"
    return f"{path} can't be written ({error.strerror or error}): choose another output path"


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file, through links or because both names are equal."""
    try:
        if one.samefile(other):
            return True
    except (OSError, ValueError):  # one of them doesn't exist yet
        pass
    return os.path.realpath(one) == os.path.realpath(other)


def write_bytes(path: Path | str, data: bytes) -> None:
    """Write a whole file at once, or leave what was there. Raises as `written_aside` does."""
    with written_aside(path) as aside:
        aside.write_bytes(data)


def write_json(path: Path | str, value: Any) -> None:
    """Write `value` as indented JSON. Raises as `written_aside` does."""
    write_bytes(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def config_folder() -> Path:
    """Where settings are kept: STYLEX_CONFIG, or else `stylex` in the platform's folder for them."""
    if given := os.environ.get("STYLEX_CONFIG"):
        return Path(given).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "stylex"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "stylex"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "stylex"


def sha256_of(path: Path | str) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
