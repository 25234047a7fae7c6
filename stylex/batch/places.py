"""Which photos are painted, and where each painting goes: decided by the photo's own path alone."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from stylex.batch.records import JOB_FOLDER, JOURNAL
from stylex.errors import InputError, UsageError
from stylex.files import check_no_input, check_place
from stylex.imaging.folders import SUFFIXES, is_developed, pictures_below
from stylex.imaging.formats import WRITABLE, default_output

logger = logging.getLogger("stylex")

RECORDS = (JOURNAL, JOB_FOLDER)
"""Names of what a run leaves beside its paintings."""


@dataclass(frozen=True)
class Task:
    """One photo.

    Attributes:
        photo: its path.
        place: the name of a painting below the folder of results, of a photo that was found in a folder; None for one
            that was named, which `default_output` decides on.
    """

    photo: Path
    place: Path | None = None


@dataclass(frozen=True)
class Places:
    """Photos and the paintings of them; can be gone through several times.

    A photo that is found in a folder keeps its path below it, `1.jpg` beside `1.png`; where several inputs are given,
    below the folder's name. A photo that is named gets the name of `default_output`, beside it or in the folder of
    results.

    Attributes:
        inputs: files and folders.
        output: folder for the paintings; None for beside the photos, which must be files then.
        technique: its name.
        recursive: whether folders of folders are looked into.
        style: name of the one style that all are painted in.
        developed: raw files of cameras beside their pictures, which are passed over; those that were seen so far.
        painted: folders of paintings of other runs, which are passed over; those that were seen so far.
    """

    inputs: tuple[Path, ...]
    output: Path | None
    technique: str
    recursive: bool = True
    style: str = ""
    developed: set[Path] = field(default_factory=set, init=False, compare=False)
    painted: set[Path] = field(default_factory=set, init=False, compare=False)

    def __iter__(self) -> Iterator[Task]:
        for given in self.inputs:
            if os.path.isdir(given):
                yield from self._below(given)
            else:
                yield Task(given)

    def _below(self, folder: Path) -> Iterator[Task]:
        top = Path(folder.resolve().name) if len(self.inputs) > 1 else Path()
        passed_over = functools.partial(holds_paintings, self.output, self.painted)
        for photo in pictures_below(folder, self.recursive, passed_over):
            if is_developed(photo):
                self.developed.add(photo)
                continue
            name = writable_name(photo.name, functools.partial(_is_beside, photo))
            yield Task(photo, top / photo.relative_to(folder).with_name(name))

    def painting(self, task: Task, style: str = "") -> Path:
        """Returns the path of a painting; `style` is its name where each photo is painted in several."""
        if task.place is not None:
            assert self.output is not None
            return self.output / style / task.place
        name = default_output(task.photo, self.technique, style or self.style).name
        return (task.photo.parent if self.output is None else self.output) / name

    def check(self, styles: Sequence[str] = ("",)) -> None:
        """Refuses what can't work, before any work is done.

        Args:
            styles: names, where each photo is painted in several.

        Raises:
            UsageError: a folder without a folder for the results, or two photos that would be painted into one file.
            InputError: an input isn't there, or the results would lie among the photos or overwrite one of them.
        """
        for given in self.inputs:
            if not os.path.lexists(given):
                raise InputError(f"{given} doesn't exist: check the name and the folder")
        folders = [given for given in self.inputs if os.path.isdir(given)]
        for folder in folders:
            self._check_folder(folder)
        if len({folder.resolve().name for folder in folders}) < len(folders):
            raise UsageError("two of the folders are called the same: paint one after the other, into folders apart")
        self._check_named([given for given in self.inputs if given not in folders], styles)

    def _check_folder(self, folder: Path) -> None:
        if self.output is None:
            raise UsageError(f"{folder} is a folder: give a folder for the paintings too", output="OUT/")
        place, here = Path(os.path.realpath(self.output)), Path(os.path.realpath(folder))
        if place == here or place in here.parents:
            raise InputError(
                f"the paintings would lie among the photos, as {self.output} is or holds {folder}: give a folder of "
                "their own",
                output=None,
            )

    def _check_named(self, photos: Sequence[Path], styles: Sequence[str]) -> None:
        inputs = {os.path.realpath(photo) for photo in photos}
        made: dict[str, Path] = {}
        for photo in photos:
            for style in styles:
                painting = self.painting(Task(photo), style)
                path = os.path.realpath(painting)
                if path in inputs:
                    raise InputError(f"{painting} is also an input and would be overwritten: leave it out")
                if path in made:
                    raise UsageError(f"{made[path]} and {photo} would both be painted into {painting}: rename one")
                made[path] = photo


def holds_paintings(output: Path | str | None, others: set[Path], folder: Path) -> bool:
    """Returns whether a folder among the photos is the one for the paintings, or has the records of another run.

    Args:
        output: the one for the paintings.
        others: those of other runs, to which it is added then.
    """
    if output is not None and os.path.realpath(output) == os.path.realpath(folder):
        return True
    if any(os.path.lexists(folder / name) for name in RECORDS):
        others.add(folder)
    return folder in others


def painted_folders(paths: Iterable[PurePath]) -> set[PurePath]:
    """Returns the folders that have the records of a run, of the paths of all that is in a store."""
    return {path.parents[up] for path in paths for up, name in enumerate(path.parts[::-1]) if name in RECORDS}


def warn_of_paintings(others: Iterable[PurePath]) -> None:
    """Tells which folders with the paintings of other runs are passed over, if there are any."""
    if named := ", ".join(sorted(map(str, others))):
        logger.warning("folders with the paintings of other runs are passed over: %s", named)


def check_report(report: Path | str, photos: Sequence[Path]) -> None:
    """Refuses a report that would take the place of a picture, before any work is done.

    A shell puts the names of many photos where one name was meant.

    Raises:
        UsageError: it is named like a picture.
        InputError: it is one of the photos, or no file can be written there.
    """
    check_place(report)
    if Path(report).suffix.lower() in SUFFIXES:
        raise UsageError(f"the report would be {report}, which is the name of a picture", report="report.jsonl")
    check_no_input(report, photos, "report")


def _is_beside(photo: Path, name: str) -> bool:
    return os.path.lexists(photo.with_name(name))


def writable_name(name: str, taken: Callable[[str], bool]) -> str:
    """Returns the name of a photo's painting: the same, with .png behind a suffix that isn't written.

    Args:
        name: of the photo.
        taken: tells whether a photo beside it has a name.
    """
    if Path(name).suffix.lower() in WRITABLE:
        return name
    name += ".png"
    while taken(name):
        name += ".png"
    return name
