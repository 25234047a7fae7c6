"""The file formats of pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from stylex.errors import InputError, UsageError
from stylex.imaging.formats import FORMATS, WRITABLE, default_output, named, recognized


def test_suffixes_lead_to_one_format_each() -> None:
    suffixes = [s for known in FORMATS for s in known.suffixes + known.only_read]
    assert len(suffixes) == len(set(suffixes))
    assert set(WRITABLE) == {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
    assert named(Path("A.JPG")).name == "JPEG"
    with pytest.raises(UsageError, match=r"ends in \.gif"):
        named(Path("a.gif"))


def test_content_and_suffix_must_agree() -> None:
    assert recognized(b"\xff\xd8\xff\xe0", Path("a.jfif")).name == "JPEG"
    assert recognized(b"\xff\xd8\xff\xe0", Path("a")).name == "JPEG"
    with pytest.raises(InputError, match=r"really a JPEG file: rename it to a\.jpg"):
        recognized(b"\xff\xd8\xff\xe0", Path("a.png"))


@pytest.mark.parametrize(
    ("photo", "output"),
    [
        ("photo.jpg", "photo-adain.jpg"),
        ("folder/Photo.JPEG", "folder/Photo-adain.JPEG"),
        ("two.dots.webp", "two.dots-adain.webp"),
        ("photo.jfif", "photo-adain.png"),  # read, but not written
        ("photo", "photo-adain.png"),
        ("photo.gif", "photo-adain.png"),
        (".", "-adain.png"),
    ],
)
def test_default_output(photo: str, output: str) -> None:
    assert default_output(Path(photo), "adain") == Path(output)
