"""Raw files of cameras: recognized, so that their small preview isn't taken for the photo."""

from __future__ import annotations

from pathlib import Path

from stylex.errors import InputError
from stylex.imaging.tiff import PHOTOMETRIC, tags_of

DNG_VERSION, NEW_SUBFILE_TYPE, SUB_IFDS = 50706, 254, 330
"""Numbers of TIFF tags."""
REDUCED = 1
"""Bit of NewSubfileType that says that a picture is a small version of another."""
SENSOR_DATA = (32803, 34892)
"""Photometric interpretations of a colour filter array and of its demosaiced values."""
ADVICE = "is a raw file of a camera: develop it to a JPEG or TIFF first, with the camera's own program or darktable"


def require_developed(data: bytes, path: Path) -> None:
    """Raises InputError where a TIFF is the raw file of a camera; most of them begin with their preview."""
    tags = tags_of(data)
    kind = tags.get(NEW_SUBFILE_TYPE, 0)
    preview_first = isinstance(kind, int) and bool(kind & REDUCED) and SUB_IFDS in tags
    if DNG_VERSION in tags or preview_first or tags.get(PHOTOMETRIC) in SENSOR_DATA:
        raise InputError(f"{path} {ADVICE}")
