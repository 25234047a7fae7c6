"""Folders of pictures."""

from __future__ import annotations

from pathlib import Path

from stylex.errors import InputError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
FEWEST_PICTURES = 8
SMALLEST_SIDE = 64


def picture_files(path: Path) -> list[Path]:
    """All picture files below a folder, sorted; a file's suffix decides.

    Raises:
        InputError: no such folder.
    """
    if not path.is_dir():
        raise InputError(f"{path} is not a folder: give a folder with at least {FEWEST_PICTURES} pictures")
    return sorted(f for f in path.rglob("*") if f.suffix.lower() in SUFFIXES)
