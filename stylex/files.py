"""Files that are either complete or not there: write aside, sync, rename, sync the folder."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import json
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from stylex.errors import InputError, ResourceError

if sys.platform != "win32":
    import fcntl

ASIDE = ".stylex-"
"""Beginning of the names of files that aren't complete yet; eight hexadecimal digits and the final suffix follow."""
LITTER = re.compile(rf"{re.escape(ASIDE)}[0-9a-f]{{8}}(\..*)?", re.DOTALL)
CONFIG, CACHE = "STYLEX_CONFIG", "STYLEX_CACHE"
"""Variables of the environment that name the folders of settings and of downloads."""


def check_place(path: Path | str) -> None:
    """Refuses a path that no file can be written to, before any work is done.

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


def make_folder(folder: Path, **parameters: object) -> Path:
    """Returns a folder that is there, after it has been made.

    Args:
        folder: with those above it.
        parameters: see `StylexError`.

    Raises:
        InputError: a file stands in its place.
        ResourceError: it can't be made.
    """
    missing = [one for one in (folder, *folder.parents) if not os.path.isdir(one)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for made in missing:
            _sync_folder(made.parent)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(
            f"{folder} can't be a folder, a file is in its place: choose another folder", **parameters
        ) from error
    except OSError as error:
        raise ResourceError(
            f"the folder {folder} can't be made ({error.strerror}): choose another", **parameters
        ) from error
    return folder


@contextlib.contextmanager
def written_aside(path: Path | str) -> Iterator[Path]:
    """Yields a temporary path beside `path`; on a clean exit it is synced and takes the final name.

    An exception removes the temporary file, and an existing file under the final name stays as it was. What a killed
    process has left is removed by the next one that writes into the same folder.

    Raises:
        InputError: the folder doesn't exist or the path is a folder.
        ResourceError: the disk is full or can't be written, or nothing was written.
    """
    check_place(path)
    path = Path(os.path.realpath(path))  # through a link, its target is replaced and the link stays
    try:
        _remove_litter(path.parent)
        with _claimed(path) as aside:
            yield aside
            if not aside.stat().st_mtime_ns:
                raise OSError("nothing was written to it")
            if path.exists():
                shutil.copymode(path, aside)
            settle(aside, path)
    except OSError as error:
        raise ResourceError(_why(path, error)) from error


def settle(aside: Path, path: Path) -> None:
    """Gives a complete file its final name, so that it is there and complete behind a power failure too.

    Raises:
        OSError: it can't be synced or renamed.
    """
    with aside.open("rb+") as file:
        os.fsync(file.fileno())
    aside.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Syncs the names in a folder, where the system has that and the folder may be read."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(PermissionError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # what file systems over a network say
                raise
        finally:
            os.close(handle)


@contextlib.contextmanager
def _claimed(path: Path) -> Iterator[Path]:
    """Yields a new name beside `path`, short however long that one is; at the end no file has it any more.

    The file is made here and locked. Locks go with their process, so that a file without one is litter. Its time of
    change is 0 until it is written to. On Windows, where what is in use can't be removed, it isn't made.
    """
    aside, locked = path.with_name(f"{ASIDE}{secrets.token_hex(4)}{path.suffix[:16]}"), None
    try:
        while sys.platform != "win32" and locked is None:
            locked = _locked(aside)
        yield aside
    finally:
        with contextlib.suppress(OSError):
            if locked is not None:
                locked.close()
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def _locked(aside: Path) -> BinaryIO | None:
    """Returns a new file with a lock; None where another process has removed it before the lock was there."""
    file = aside.open("xb")
    try:
        with contextlib.suppress(OSError):  # file systems without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        os.utime(file.fileno(), ns=(0, 0))
        there = os.fstat(file.fileno()).st_nlink
    except BaseException:
        file.close()
        raise
    if there:
        return file
    file.close()
    return None


@functools.lru_cache(maxsize=1024)
def _remove_litter(folder: Path) -> None:
    """Removes the files that killed processes have left in a folder, as far as it may be read; once for each folder."""
    with contextlib.suppress(OSError):
        for file in folder.iterdir():
            if LITTER.fullmatch(file.name):
                with contextlib.suppress(OSError):  # in use, or removed by another process
                    _remove_unlocked(file)


def _remove_unlocked(file: Path) -> None:
    """Removes a file; raises OSError where a process has locked it."""
    if sys.platform != "win32":
        with file.open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.unlink()
    else:
        file.unlink()


def _why(path: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no space left to write {path}: free some disk space or choose another folder"
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return f"{path} can't be written ({error.strerror}): choose a folder that you may write to"
    return f"{path} can't be written ({error.strerror or error}): choose another output path"


def same_file(one: Path, other: Path) -> bool:
    """Returns whether two paths lead to one file, through links or because both names are equal."""
    try:
        if one.samefile(other):
            return True
    except (OSError, ValueError):  # one of them doesn't exist yet
        pass
    return os.path.realpath(one) == os.path.realpath(other)


def check_no_input(path: Path | str, inputs: Iterable[Path | str], role: str = "output") -> None:
    """Refuses a path to write to that is a file which will be read, through links too.

    Raises:
        InputError: it is one of them; the message calls it by its role.
    """
    if any(same_file(Path(path), Path(given)) for given in inputs):
        raise InputError(f"the {role} {path} is also an input and would be overwritten: choose another name")


def write_bytes(path: Path | str, data: bytes) -> None:
    """Writes a whole file at once, or leaves what was there. Raises as `written_aside` does."""
    with written_aside(path) as aside:
        aside.write_bytes(data)


def write_json(path: Path | str, value: Any) -> None:
    """Writes `value` as indented JSON. Raises as `written_aside` does."""
    write_bytes(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def config_folder() -> Path:
    """Returns where settings are kept: STYLEX_CONFIG, or else `stylex` in the platform's folder for them."""
    return _users_folder(CONFIG, ("APPDATA", "Roaming"), "Application Support", ("XDG_CONFIG_HOME", ".config"))


def cache_folder() -> Path:
    """Returns where downloads are kept: STYLEX_CACHE, or else `stylex` in the platform's folder for caches."""
    return _users_folder(CACHE, ("LOCALAPPDATA", "Local"), "Caches", ("XDG_CACHE_HOME", ".cache"))


def _users_folder(variable: str, windows: tuple[str, str], macos: str, xdg: tuple[str, str]) -> Path:
    """Returns the folder of a variable, or else that of the platform's own variable, or of its usual name."""
    if given := os.environ.get(variable):
        return Path(given).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / macos / "stylex"
    (platforms, name), parent = (windows, Path("AppData")) if sys.platform == "win32" else (xdg, Path())
    return Path(os.environ.get(platforms) or Path.home() / parent / name) / "stylex"


def sha256_of(path: Path | str) -> str:
    """Returns the SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
