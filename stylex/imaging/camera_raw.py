"""Raw files of cameras: recognized, so that their small preview isn't taken for the photo."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from stylex.errors import InputError

DNG_VERSION, NEW_SUBFILE_TYPE, PHOTOMETRIC, SUB_IFDS = 50706, 254, 262, 330
"""Numbers of TIFF tags."""
REDUCED = 1
"""Bit of NewSubfileType that says that a picture is a small version of another."""
SENSOR_DATA = (32803, 34892)
"""Photometric interpretations of a colour filter array and of its demosaiced values."""
ADVICE = "is a raw file of a camera: develop it to a JPEG or TIFF first, with the camera's own program or darktable"


def require_developed(image: Image.Image, path: Path) -> None:
    """Raises InputError where an opened TIFF is the raw file of a camera, which begins with its preview."""
    tags: Mapping[int, object] = getattr(image, "tag_v2", {})
    if not tags or image.format != "TIFF":
        return
    kind = tags.get(NEW_SUBFILE_TYPE, 0)
    preview_first = isinstance(kind, int) and bool(kind & REDUCED) and SUB_IFDS in tags
    if DNG_VERSION in tags or preview_first or tags.get(PHOTOMETRIC) in SENSOR_DATA:
        raise InputError(f"{path} {ADVICE}")
