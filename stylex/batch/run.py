"""The work on many photos: each is read, painted, written and written down by one thread."""

from __future__ import annotations

import functools
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from stylex.api.prepared import Photo, Prepared
from stylex.api.result import Result
from stylex.batch.identity import digest_of
from stylex.batch.pipeline import Room, completed
from stylex.batch.places import Places, Task
from stylex.batch.records import Journal, JsonLines, Outcome, failed
from stylex.errors import InputError, Interrupted, ResourceError, StylexError
from stylex.files import make_folder, write_bytes
from stylex.imaging.writing import encoded
from stylex.runtime.engine import hardware
from stylex.runtime.tiles import LARGEST_WHOLE

BYTES_A_PIXEL = 128
"""Memory that painting takes; above `LARGEST_WHOLE` pixels it is done in tiles and takes no more."""
FolderProgress = Callable[[int, int, Outcome], object]
"""Is told how many paintings are settled, how many there will be, and what became of the last one."""


@dataclass(frozen=True)
class FolderReport:
    """The outcomes of many photos, counted.

    Attributes:
        painted, skipped: paintings that were made, and those that were done before.
        failed: the other ones, with the reasons.
        replaced: how many of the painted ones took the place of another file.
        seconds: of everything but loading.
        title: what ran, such as "adain int8 on cpu".
        workers: how many photos were in work at once.
    """

    painted: int
    skipped: int
    failed: tuple[Outcome, ...]
    replaced: int
    seconds: float
    title: str
    workers: int

    @property
    def photos_per_second(self) -> float:
        """Returns how many paintings were made in a second."""
        return self.painted / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, eq=False)
class Variant:
    """One of the styles that each photo is painted in.

    Attributes:
        name: empty where it is the only one.
        prepared: paints.
        digest: see `digest_of`.
    """

    name: str
    prepared: Prepared
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", digest_of(self.prepared))


@dataclass(eq=False)
class FolderRun:
    """The work on many photos; see `stylize_folder`.

    Attributes:
        kept: files of styles, which nothing is written over.
        lines: the report; None for none.
        room: memory for what is painted at once.
        settled: how many paintings are painted, skipped and failed.
    """

    places: Places
    variants: list[Variant]
    journal: Journal | None
    resume: bool
    kept: frozenset[str] = frozenset()
    lines: JsonLines | None = None
    room: Room = field(default_factory=lambda: Room(_half_of_memory()))
    settled: Counter[str] = field(default_factory=Counter)
    failed: list[Outcome] = field(default_factory=list)
    replaced: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def finished(self, photos: int, workers: int, progress: FolderProgress) -> FolderReport:
        """Paints all photos and returns the report. Raises as `stylize_folder` does."""
        start, of = time.perf_counter(), photos * len(self.variants)
        try:
            for done, outcome in enumerate(self._outcomes(workers), 1):
                progress(done, of, outcome)
        except KeyboardInterrupt as error:
            raise self._interrupted(of) from error
        seconds, title = time.perf_counter() - start, self.variants[0].prepared.painter.title
        count = self.settled
        return FolderReport(
            count["painted"], count["skipped"], tuple(self.failed), self.replaced, seconds, title, workers
        )

    def _outcomes(self, workers: int) -> Iterator[Outcome]:
        for outcomes in completed(self.painted, self.places, workers, self.stopping):
            yield from outcomes

    def _interrupted(self, of: int) -> Interrupted:
        message = f"stopped after {self.settled.total()} of {of}; what is done is kept"
        if self.journal is None:
            return Interrupted(message)
        return Interrupted(f"{message}, and the next call can go on from there", resume=None)

    def painted(self, task: Task) -> list[Outcome]:
        """Paints one photo in all styles, in a thread."""
        read = functools.cache(lambda: self.variants[0].prepared.read(task.photo))
        return [self._settled(task, variant, read) for variant in self.variants]

    def _settled(self, task: Task, variant: Variant, read: Callable[[], Photo]) -> Outcome:
        """Returns what became of a photo in one style, after it has been written down."""
        start, output = time.perf_counter(), self.places.painting(task, variant.name)
        about = (str(task.photo), str(output), variant.name)
        try:
            if self.resume and self.journal is not None and self.journal.has(output, task.photo, variant.digest):
                outcome = Outcome(*about, "skipped")
            else:
                outcome = self._painted(task, variant, read(), output)
        except Exception as error:
            if isinstance(error, StylexError) and not isinstance(error, InputError):
                raise  # the next photo would fare the same
            outcome = failed(*about, error)
        outcome = outcome.timed(time.perf_counter() - start)
        with self.lock:
            self.settled[outcome.status] += 1
            if outcome.status == "failed":
                self.failed.append(outcome)
            if self.lines is not None:
                self.lines.add(outcome)
        return outcome

    def _painted(self, task: Task, variant: Variant, photo: Photo, output: Path) -> Outcome:
        """Paints, encodes and writes one painting."""
        if os.path.realpath(output) in self.kept:
            raise InputError(f"{output} is a style and would be overwritten: choose another folder")
        result = self._result(variant, photo)
        data = encoded(result.rgb, result.alpha, output)
        make_folder(output.parent)
        replaced = os.path.lexists(output)
        write_bytes(output, data)
        with self.lock:
            self.replaced += replaced
        if self.journal is not None:
            self.journal.add(output, task.photo, variant.digest)
        height, width = result.rgb.shape[:2]
        about = (str(task.photo), str(output), variant.name)
        return Outcome(*about, "painted", width, height, message=", ".join(result.notes))

    def _result(self, variant: Variant, photo: Photo) -> Result:
        """Returns the painted photo, painted as soon as there is memory for it."""
        height, width = photo.picture.rgb.shape[:2]
        try:
            with self.room.of(BYTES_A_PIXEL * min(height * width, LARGEST_WHOLE)):
                return variant.prepared.painted(photo, self._go_on)
        except ResourceError as error:  # memory, for a photo of this size
            raise InputError(str(error), **error.parameters) from error

    def _go_on(self, *_: object) -> None:
        """Ends a long painting where its result isn't wanted any more."""
        if self.stopping.is_set():
            raise Interrupted("stopped")


def _half_of_memory() -> int | None:
    memory = hardware.memory_gib()
    return None if memory is None else int(memory * 2**29)
