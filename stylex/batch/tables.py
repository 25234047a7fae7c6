"""The tables of a batch beside the paintings: what is to be done, what became of it, and what failed."""

from __future__ import annotations

import functools
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import PurePosixPath
from typing import Any

from stylex.batch.places import writable_name
from stylex.batch.records import JOB_FOLDER, Outcome
from stylex.batch.store import Found, Store
from stylex.errors import ResourceError, UsageError

LISTING, RESULTS, CHECKPOINT = (f"{JOB_FOLDER}/{name}" for name in ("listing.parquet", "results", "checkpoint"))
FAILED = f"{JOB_FOLDER}/failed.jsonl"
NEEDED = ("id", "output", "status", "time")
"""Columns of the results that say what is done."""
LOST = "the process that painted it ended, perhaps for lack of memory: use a smaller size, or run it again"


@dataclass(frozen=True)
class Row:
    """A photo to be painted in a style.

    Attributes:
        id: of this photo as it is now, in this style with these options, the first time or after a failure.
        photo, output: names below source and destination.
        style: its name.
        with_: digest of everything but the photo.
    """

    id: str
    photo: str
    output: str
    style: str
    with_: str


class Results:
    """The outcomes of rows so far.

    Args:
        destination: of the paintings.
        columns: that are read.
    """

    def __init__(self, destination: Store, columns: Sequence[str] = NEEDED) -> None:
        self.by_id: dict[str, dict[str, Any]] = {}
        self.last: dict[str, dict[str, Any]] = {}
        self.count: Counter[str] = Counter()
        for line in sorted(_lines(destination, columns), key=lambda line: int(line["time"])):
            self.by_id[line["id"]] = self.last[line["output"]] = line
            self.count[line["output"]] += 1

    def id_of(self, photo: Found, output: str, digest: str) -> str:
        """Returns the id of a row: the one under which it is done, or another one."""
        known = f"{digest} {photo.size} {photo.time} {photo.name}"
        last = self.last.get(output)
        if last is not None and last["status"] == "painted" and last["id"].partition(" ")[2] == known:
            return str(last["id"])
        return f"{self.count[output]} {known}"


def _lines(destination: Store, columns: Sequence[str]) -> list[dict[str, Any]]:
    from pyarrow import dataset
    from pyarrow.fs import FileType

    path = destination.path(RESULTS)
    if destination.filesystem.get_file_info(path).type == FileType.NotFound:
        return []
    data = dataset.dataset(path, filesystem=destination.filesystem, format="parquet")
    there = set(data.schema.names)  # an earlier stylex wrote fewer
    lines: list[dict[str, Any]] = data.to_table([name for name in columns if name in there]).to_pylist()
    return lines


def _is_beside(names: set[str], photo: PurePosixPath, name: str) -> bool:
    return str(photo.with_name(name)) in names


class Listing:
    """All rows of a batch.

    Args:
        source: of the photos.
        destination: of the paintings; what lies below it isn't painted.
        styles: names and digests.
        recursive: whether folders in folders are painted too.

    Raises:
        InputError: the source can't be read.
        UsageError: source and destination are the same folder.
    """

    def __init__(
        self, source: Store, destination: Store, styles: Sequence[tuple[str, str]], recursive: bool = True
    ) -> None:
        if source.filesystem == destination.filesystem and source.root.rstrip("/") == destination.root.rstrip("/"):
            raise UsageError("source and destination are the same folder: give another one for the paintings")
        self.destination, self.before = destination, Results(destination)
        inside = destination.root if source.filesystem == destination.filesystem else None
        found = list(source.pictures(recursive, inside))
        self.rows = list(self._rows(found, styles))

    def __len__(self) -> int:
        return len(self.rows)

    def _rows(self, found: Sequence[Found], styles: Sequence[tuple[str, str]]) -> Iterator[Row]:
        names = {photo.name for photo in found}
        for photo in found:
            path = PurePosixPath(photo.name)
            name = writable_name(path.name, functools.partial(_is_beside, names, path))
            for style, digest in styles:
                output = str(PurePosixPath(style) / path.with_name(name))
                yield Row(self.before.id_of(photo, output, digest), photo.name, output, style, digest)

    def write(self) -> str:
        """Writes the listing and returns its path in the destination's file system."""
        import pyarrow
        from pyarrow import parquet

        names = [field.name for field in fields(Row)]
        columns = {name.rstrip("_"): [getattr(row, name) for row in self.rows] for name in names}
        table = io.BytesIO()
        parquet.write_table(pyarrow.table(columns), table)
        self.destination.write(LISTING, table.getvalue())
        return self.destination.path(LISTING)

    def outcomes(self) -> list[Outcome]:
        """Returns what became of all rows."""
        columns = {*NEEDED, *(field.name for field in fields(Outcome))}
        now = Results(self.destination, sorted(columns)).by_id
        return [self._outcome(row, now.get(row.id)) for row in self.rows]

    def _outcome(self, row: Row, line: dict[str, Any] | None) -> Outcome:
        if line is None:
            return Outcome(row.photo, row.output, row.style, "failed", message=LOST, error=ResourceError.__name__)
        outcome = Outcome(**{field.name: line[field.name] for field in fields(Outcome) if field.name in line})
        before = self.before.by_id.get(row.id)
        return replace(outcome, status="skipped") if before and before["time"] == line["time"] else outcome
