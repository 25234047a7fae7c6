"""Folders of pictures wherever pyarrow's file systems reach: on this machine, in S3, in Google's cloud."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from stylex.batch.places import holds_paintings, painted_folders, warn_of_paintings
from stylex.errors import InputError, ResourceError, first_line
from stylex.files import make_folder, write_bytes
from stylex.imaging.folders import SUFFIXES, is_developed, pictures_below, users_own


@dataclass(frozen=True)
class Found:
    """A picture in a store.

    Attributes:
        name: below the store's root, with slashes.
        size: in bytes.
        time: of its last change, in nanoseconds.
    """

    name: str
    size: int
    time: int


@dataclass(frozen=True)
class Store:
    """A folder; goes to other processes as it is.

    Attributes:
        filesystem: of pyarrow.
        root: path of the folder in it.
        local: whether it is this machine's own file system.
    """

    filesystem: Any
    root: str
    local: bool

    def path(self, name: str) -> str:
        """Returns the path of a file in the file system."""
        return f"{self.root.rstrip('/')}/{name}"

    def pictures(self, recursive: bool = True, without: str | None = None) -> Iterator[Found]:
        """Yields the pictures below the folder; elsewhere than on this machine by their suffixes alone.

        Raises:
            InputError: there is no such folder, or it can't be read.
        """
        if self.local:
            others: set[Path] = set()
            for path in pictures_below(self.root, recursive, functools.partial(holds_paintings, without, others)):
                if is_developed(path):
                    continue
                status = path.stat() if path.exists() else None  # of a link to nothing there is none
                size, time = (status.st_size, status.st_mtime_ns) if status else (0, 0)
                yield Found(path.relative_to(self.root).as_posix(), size, time)
            warn_of_paintings(others)
            return
        infos = {PurePosixPath(info.path): info for info in self._infos(recursive)}
        root, own = PurePosixPath(self.root), set() if without is None else {PurePosixPath(without)}
        painted = painted_folders(infos) - {root}
        for place, info in sorted(infos.items()):
            name = place.relative_to(root)
            wanted = all(map(users_own, name.parts)) and (painted | own).isdisjoint(place.parents)
            if wanted and info.is_file and name.suffix.lower() in SUFFIXES:
                yield Found(name.as_posix(), info.size, info.mtime_ns or 0)
        warn_of_paintings(painted - own)

    def _infos(self, recursive: bool) -> Any:
        from pyarrow.fs import FileSelector

        try:
            return self.filesystem.get_file_info(FileSelector(self.root, recursive=recursive))
        except OSError as error:
            raise unreachable(self.root, error) from error

    def read(self, name: str) -> bytes:
        """Returns a file's bytes. Raises InputError where it can't be read or has none."""
        path = self.path(name)
        try:
            with self.filesystem.open_input_stream(path) as stream:
                data = bytes(stream.read())
        except OSError as error:
            raise unreachable(path, error) from error
        if not data:
            raise InputError(f"{path} is empty (0 bytes): copy or download it again")
        return data

    def write(self, name: str, data: bytes) -> None:
        """Writes a whole file or none: aside on this machine; elsewhere it appears when it is closed.

        Raises:
            OSError, ResourceError: it can't be written.
        """
        path = self.path(name)
        if self.local:
            make_folder(Path(path).parent)
            write_bytes(path, data)
            return
        try:
            stream = self.filesystem.open_output_stream(path)
        except FileNotFoundError:  # of those that have folders, unlike stores of objects
            self.filesystem.create_dir(str(PurePosixPath(path).parent), recursive=True)
            stream = self.filesystem.open_output_stream(path)
        with stream:
            stream.write(data)


def store_of(place: str | Path) -> Store:
    """Returns the store of a path, or of an address such as s3://bucket/photos.

    Raises:
        InputError: pyarrow knows no such file system, or can't reach it.
    """
    from pyarrow.fs import FileSystem, LocalFileSystem

    if "://" not in str(place):
        return Store(LocalFileSystem(), str(Path(place).resolve()), True)
    try:
        filesystem, root = FileSystem.from_uri(str(place))
    except (OSError, ValueError) as error:
        raise unreachable(place, error) from error
    return Store(filesystem, root, isinstance(filesystem, LocalFileSystem))


def unreachable(place: str | Path, error: Exception) -> InputError:
    """Returns advice for a place that can't be read."""
    return InputError(f"{place} can't be read ({first_line(error)}): check the address and your access")


def is_remote(place: str | Path) -> bool:
    """Returns whether a place is an address rather than a path on this machine."""
    return "://" in str(place)


def require_local(*places: str | Path) -> None:
    """Raises ResourceError for an address, which only Ray's engine reaches."""
    for place in places:
        if is_remote(place):
            raise ResourceError(f"{place} isn't on this machine: take the engine that reaches it", engine="ray")
