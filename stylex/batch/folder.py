"""`stylex.stylize_folder`: many photos in one process, each technique loaded once."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from stylex.api.names import style_name
from stylex.api.prepared import prepare
from stylex.batch.places import Places, check_report, warn_of_paintings
from stylex.batch.records import Journal, JsonLines
from stylex.batch.run import FolderProgress, FolderReport, FolderRun, Variant
from stylex.cores import cores
from stylex.errors import InputError, StylexError, UsageError
from stylex.files import make_folder, written_aside
from stylex.techniques import DEFAULT, Technique, technique_named

logger = logging.getLogger("stylex")


def stylize_folder(
    photos: Path | str | Sequence[Path | str],
    output: Path | str | None,
    technique: str | Technique = DEFAULT,
    style: Any = None,
    *,
    each: bool = False,
    recursive: bool = True,
    resume: bool = False,
    workers: int = 0,
    threads: int = 0,
    report: Path | str | None = None,
    progress: FolderProgress = lambda _done, _of, _outcome: None,
    **options: Any,
) -> FolderReport:
    """Paints many photos: folders keep their structure, and each photo its name and format.

    Several photos are in work at once, so that one is decoded while another one is painted and a third is encoded; how
    many depends on the number of cores and not on that of the photos. A photo that can't be used is reported and
    doesn't stop the others. In a folder, files of other kinds, hidden ones and folders of thumbnails are passed over,
    so are raw files of cameras that have a picture of the same name beside them, and the folder of the paintings.

    Args:
        photos: a folder, a file, or several of them.
        output: the folder of the paintings, which is made; None for beside the photos, which must be files then.
        technique: any that paints photos: its name, or the row of one's own.
        style: as for `stylex.stylize`; with `each` a list of styles.
        each: paint every photo in each of the styles; in a folder of their names, where the photos came from a folder.
        recursive: whether folders in folders are painted as well.
        resume: skip what is done, with the same technique, style and options, of photos that haven't changed. The
            file `.stylex.jsonl` among the paintings says what is.
        workers: photos in work at once; 0 for as many as there are cores, one for gatys.
        threads: of the CPU for each of them; 0 for sharing the cores.
        report: file for a line of JSON about each photo, with the fields of `Outcome`; written when the work ends.
        progress: is called with the number of paintings so far, their number in the end, and the last `Outcome`.
        options: `strength` and the others of `stylex.stylize`.

    Returns:
        A report, with the photos that failed.

    Raises:
        UsageError: a name or a value out of range, or two photos that would get the same name.
        InputError: no such folder, no photos in it, or paintings that would overwrite photos.
        ModelError: a graph that can't be used.
        ResourceError: the disk is full, or a package or provider is missing.
        Interrupted: Ctrl-C; what is done is kept, and `resume` goes on from there.
    """
    row = technique_named(technique)
    given = [photos] if isinstance(photos, (str, Path)) else list(photos)
    inputs = tuple(dict.fromkeys(Path(one) for one in given))
    folder = None if output is None else Path(output)
    styles = styles_of(style, each)
    if resume and folder is None:
        raise UsageError("what is done is written down among the paintings: give a folder for them", output="OUT/")
    mixture = "" if each else style_name(style, options.get("regions"))
    places = Places(inputs, folder, row.name, recursive, mixture)
    places.check([name for name, _ in styles])
    workers, threads = shared_cores(row, workers, threads)
    count = sum(1 for _ in places)
    if not count:
        raise InputError(f"there are no pictures in {', '.join(map(str, inputs))}: give another folder")
    if places.developed:
        message = "%d raw files of cameras are passed over, since pictures of the same names stand beside them"
        logger.warning(message, len(places.developed))
    warn_of_paintings(places.painted)
    if report is not None:
        check_report(report, [*inputs, *map(Path, _files(style))])
    variants = [Variant(name, prepare(row, one, threads=threads, **options)) for name, one in styles]
    journal = None if folder is None else Journal(make_folder(folder))
    with _reported(report) as lines:
        run = FolderRun(places, variants, journal, resume, _files(style), lines)
        return run.finished(count, workers, progress)


@contextlib.contextmanager
def _reported(report: Path | str | None) -> Iterator[JsonLines | None]:
    """Yields the lines of a report, if there is one; it gets its name at the end, whatever ends the work but a kill."""
    if report is None:
        yield None
        return
    ended: StylexError | None = None
    with written_aside(report) as aside:
        try:
            yield JsonLines(aside, named=Path(report))
        except StylexError as error:
            ended = error
    if ended is not None:
        raise ended


def styles_of(style: Any, each: bool) -> list[tuple[str, Any]]:
    """Returns the styles that each photo is painted in, with their names, empty where it is the only one.

    Raises:
        UsageError: a list is needed, or two are called the same.
    """
    if not each:
        return [("", style)]
    if not isinstance(style, (list, tuple)) or not style:
        raise UsageError("each needs a list of styles: give several", style=None)
    names = [style_name(one) for one in style]
    if len(set(names)) < len(names):
        raise UsageError(f"two of the styles are called the same ({', '.join(names)}): rename one of the files")
    return list(zip(names, style, strict=True))


def _files(style: Any) -> frozenset[str]:
    """Returns the real paths of the files among styles."""
    if isinstance(style, (list, tuple)):
        return frozenset().union(*map(_files, style))
    return frozenset({os.path.realpath(style)} if isinstance(style, (str, Path)) and os.path.isfile(style) else ())


def shared_cores(row: Technique, workers: int, threads: int) -> tuple[int, int]:
    """Returns how many photos are in work at once, and the threads of each, where 0 leaves it to stylex."""
    if workers < 0:
        raise UsageError(f"workers is {workers}; it must be 0 (as many as there are cores) or more", workers=0)
    have = cores()
    if row.kind == "optimization":  # in torch, whose threads are those of the process
        return workers or 1, threads
    workers = workers or max(1, have // max(1, threads))
    return workers, threads or max(1, have // workers)
