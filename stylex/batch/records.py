"""Outcomes of photos: lines of a report, and the journal that says which ones needn't be painted again."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias

from stylex.errors import INTERNAL, ResourceError, StylexError, first_line

Status: TypeAlias = Literal["painted", "skipped", "failed"]
JOURNAL = ".stylex.jsonl"
"""Name of the journal in the folder of the paintings."""
JOB_FOLDER = ".stylex"
"""Folder among the paintings for what a batch knows of them."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of one photo in one style.

    Attributes:
        photo, output: paths.
        style: its name, where a photo is painted in several.
        status: "skipped" where it was done before.
        width, height: in pixels, of the painting.
        seconds: of decoding, painting and encoding.
        message: why it failed; or what the user should know, such as "1 face protected".
        error: the kind of the error where it failed, such as "InputError"; a section of `docs/errors.md`.
    """

    photo: str
    output: str
    style: str
    status: Status
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    message: str = ""
    error: str = ""

    def timed(self, seconds: float) -> Outcome:
        """Returns the outcome with its time."""
        return replace(self, seconds=round(seconds, 4))


def failed(photo: str, output: str, style: str, error: Exception) -> Outcome:
    """Returns the outcome of a photo that can't be painted."""
    if isinstance(error, StylexError):
        kind, why = error.kind, str(error)
    elif isinstance(error, MemoryError):
        kind, why = ResourceError.__name__, "there isn't enough memory for this photo: use a smaller size"
    else:
        kind, why = INTERNAL, f"an unexpected {type(error).__name__}: {first_line(error)}"
    return Outcome(photo, output, style, "failed", message=why, error=kind)


class JsonLines:
    """A file that grows by a line of JSON at a time, from any thread; what is there is whole at every moment.

    Args:
        path: of the file.
        keep: whether to write behind what is there.
        named: the path that errors name, where it is another one.

    Raises:
        ResourceError: it can't be written.
    """

    def __init__(self, path: Path, keep: bool = False, named: Path | None = None) -> None:
        self.path, self.named, self.lock = path, named or path, threading.Lock()
        self._written(b"\n" if keep and _is_cut(path) else b"", "ab" if keep else "wb")

    def add(self, line: Outcome | Mapping[str, Any]) -> None:
        """Writes a line. Raises as the class does."""
        entry = asdict(line) if isinstance(line, Outcome) else dict(line)
        with self.lock:  # names that aren't UTF-8 are kept as escapes
            self._written(json.dumps(entry).encode("ascii") + b"\n", "ab")

    def _written(self, data: bytes, mode: str) -> None:
        try:
            with self.path.open(mode, buffering=0) as file:
                _append(file, data)
        except OSError as error:
            raise ResourceError(f"{self.named} can't be written ({error.strerror}): choose another path") from error


def _append(file: IO[bytes], data: bytes) -> None:
    """Writes all of the data, or raises OSError and takes back what has been written; another writer's line stays."""
    before, written = os.fstat(file.fileno()).st_size, 0
    try:
        while written < len(data):  # a disk that becomes full takes a part of it
            written += file.write(data[written:])
    except OSError:
        if os.fstat(file.fileno()).st_size == before + written:
            file.truncate(before)
        raise


def _is_cut(path: Path) -> bool:
    """Returns whether the last line of a file has no end, as where its writer was killed."""
    if not os.path.isfile(path) or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() != b"\n"


class Journal:
    """Which paintings of a folder are done, of which photo and with what.

    Args:
        folder: of the paintings; the journal lies in it, hidden, and is begun where there is none.

    Raises:
        ResourceError: it can't be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done = _read(folder / JOURNAL)
        self.lines = JsonLines(folder / JOURNAL, keep=True)

    def has(self, output: Path, photo: Path, digest: str) -> bool:
        """Returns whether this photo, as it is now, was painted with this, and the painting is still there."""
        line = self.done.get(self._name(output))
        return line is not None and line == self._line(output, photo, digest)

    def add(self, output: Path, photo: Path, digest: str) -> None:
        """Writes down that a painting is done."""
        line = self._line(output, photo, digest)
        if line is not None:
            self.lines.add(line)

    def _name(self, output: Path) -> str:
        return output.relative_to(self.folder).as_posix()

    def _line(self, output: Path, photo: Path, digest: str) -> dict[str, Any] | None:
        """Returns the line of a photo and a painting as they are on the disk; None where one isn't there."""
        try:
            given, made = photo.stat(), output.stat()
        except OSError:
            return None
        entry = {"output": self._name(output), "with": digest, "bytes": made.st_size}
        return {**entry, "photo_bytes": given.st_size, "photo_time": given.st_mtime_ns}


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """Returns the last line of each painting; what is no line of a journal is passed over."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return {}
    return {line["output"]: line for line in map(_parsed, lines) if isinstance(line.get("output"), str)}


def _parsed(text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
