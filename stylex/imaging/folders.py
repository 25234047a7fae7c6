"""Folders of pictures: which files are pictures, and which aren't the user's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from stylex.errors import InputError
from stylex.imaging.formats import FORMATS, READABLE

CAMERA_RAW = frozenset(
    f".{name}"
    for name in (
        *("3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "fff", "gpr", "iiq", "k25", "kdc", "mef", "mos"),
        *("mrw", "nef", "nrw", "orf", "pef", "raf", "rw2", "rwl", "sr2", "srf", "srw", "x3f"),
    )
)
OTHERS = frozenset({".jp2", ".jxl"}) | CAMERA_RAW
"""Suffixes of photos that aren't passed over without a word, though they can't be read."""
SUFFIXES = OTHERS | READABLE
TELLING = tuple(known.magic for known in FORMATS if known.name not in ("BMP", "TIFF"))
"""First bytes that are those of a picture under any name. Texts may begin with BMP's, and raw photos do with TIFF's."""
OF_CAMERAS = frozenset({".thm"})
"""Suffixes of JPEG files that are thumbnails of films."""
NOT_THEIR_OWN = frozenset({"@eadir", "#recycle", "$recycle.bin", "__macosx"})
"""Folders, in lower case, in which file servers and systems keep thumbnails, deleted files and attributes."""
FEWEST_PICTURES = 8
SMALLEST_SIDE = 64


def picture_files(path: Path) -> list[Path]:
    """Returns all picture files below a folder, sorted. Raises as `pictures_below` does."""
    return sorted(pictures_below(path))


def pictures_below(
    folder: Path | str, recursive: bool = True, without: Callable[[Path], bool] = lambda place: False
) -> Iterator[Path]:
    """Yields the picture files below a folder, those of a folder in the order of their names, then its folders.

    A file is a picture by its suffix, or, under a suffix that belongs to no format, by its first bytes; damaged ones
    are among them. Hidden files and folders, such as the ._ files of macOS, and the folders of `NOT_THEIR_OWN` are
    passed over. Links to folders aren't followed, those to files are.

    Args:
        folder: is looked through.
        recursive: whether its folders are as well.
        without: tells which folders below it aren't looked into, such as the one for the results.

    Raises:
        InputError: no such folder, or one that can't be read.
    """
    if not os.path.isdir(folder):  # unlike Path.is_dir, never raises
        raise InputError(f"{folder} is not a folder: give a folder of pictures")
    for place, folders, files in os.walk(folder, onerror=_unreadable):
        here = Path(place)
        folders[:] = sorted(f for f in folders if recursive and users_own(f) and not without(here / f))
        yield from (here / name for name in sorted(files) if is_picture(here / name))


def users_own(name: str) -> bool:
    """Returns whether a file or folder of this name is the user's own, not one of the system's."""
    return not name.startswith(".") and name.lower() not in NOT_THEIR_OWN


def is_picture(path: Path) -> bool:
    """Returns whether a file looks like a picture, damaged or not."""
    suffix = path.suffix.lower()
    if not users_own(path.name) or suffix in OF_CAMERAS:
        return False
    return suffix in SUFFIXES or _begins_as_picture(path)


def is_developed(photo: Path, exists: Callable[[Path], bool] = os.path.isfile) -> bool:
    """Returns whether a file is a camera's raw file with a picture of the same name beside it."""
    if photo.suffix.lower() not in CAMERA_RAW:
        return False
    return any(exists(photo.with_suffix(s)) for suffix in sorted(READABLE) for s in (suffix, suffix.upper()))


def _begins_as_picture(path: Path) -> bool:
    if not os.path.isfile(path):  # opening a pipe would wait for its other end
        return False
    try:
        with path.open("rb") as file:
            head = file.read(32)
    except OSError:
        return False
    return any(magic.match(head) for magic in TELLING)


def _unreadable(error: OSError) -> None:
    raise InputError(f"the folder {error.filename} can't be read ({error.strerror}): check its permissions") from error
