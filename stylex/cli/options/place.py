"""Where a photo comes from and where its painting goes: files, folders, and - for standard input and output."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from stylex.errors import UsageError

if TYPE_CHECKING:
    from stylex.api.result import Result

STANDARD = "-"


def given_content(photo: Path) -> tuple[Path | bytes, Path]:
    """Returns what is painted, and its path; that of standard input is its name, with the suffix of its format."""
    from stylex.cli.standard import picture_from_standard_input
    from stylex.imaging.formats import recognized

    if str(photo) != STANDARD:
        return photo, photo
    data = picture_from_standard_input()
    return data, Path("stdin").with_suffix(recognized(data[:32], Path("standard input")).suffixes[0])


def is_folder(output: str) -> bool:
    """Returns whether --output names a folder: one that is there, or with a separator at its end."""
    return os.path.isdir(output) or output.endswith(tuple(filter(None, (os.sep, os.altsep))))


def folder_named(output: str) -> Path:
    """Returns the folder of the paintings of several photos.

    Raises:
        UsageError: the output is called like a picture.
    """
    from stylex.imaging.formats import WRITABLE

    if not is_folder(output) and Path(output).suffix.lower() in WRITABLE:
        raise UsageError(f"{output} is one picture; several paintings need a folder", output="OUT/")
    return Path(output)


def place_of(output: str | None, photo: Path, technique: str, style: str, piped: bool) -> Path | None:
    """Returns where one painting goes; None for standard output. A folder is made.

    Args:
        output: as --output has it; None for beside the photo, or where that comes through a pipe, into one.
        technique, style: names that become part of the painting's, where none is given.
    """
    from stylex.cli.standard import require_standard_output
    from stylex.files import make_folder
    from stylex.imaging.formats import default_output

    if output == STANDARD or (output is None and piped):
        require_standard_output()
        return None
    place = default_output(photo, technique, style)
    if output is not None:
        place = make_folder(Path(output)) / place.name if is_folder(output) else Path(output)
    return place


def write_painting(place: Path | None, photo: Path, result: Result) -> None:
    """Writes a painting; on standard output in the photo's format, or in PNG where that isn't written."""
    from stylex.cli.standard import picture_to_standard_output
    from stylex.imaging.formats import default_output
    from stylex.imaging.writing import encoded, write_picture

    if place is not None:
        write_picture(place, result.rgb, result.alpha)
    else:
        picture_to_standard_output(encoded(result.rgb, result.alpha, default_output(photo, "")))
