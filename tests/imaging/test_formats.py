"""The file formats of pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from stylex.errors import InputError, UsageError
from stylex.imaging.formats import FORMATS, WRITABLE, default_output, named, recognized


def test_suffixes_lead_to_one_format_each() -> None:
    suffixes = [s for known in FORMATS for s in known.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert set(WRITABLE) == {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
    assert named(Path("A.JPG")).name == "JPEG"
    with pytest.raises(UsageError, match=r"ends in \.gif"):
        named(Path("a.gif"))


@pytest.mark.parametrize("name", ["a.jfif", "a", "a.png", "a.jpg_large", "12.05.2024"])
def test_the_content_decides(name: str) -> None:
    assert recognized(b"\xff\xd8\xff\xe0", Path(name)).name == "JPEG"


@pytest.mark.parametrize(
    "head",
    [
        b"II*\0\x10\0\0\0CR\2\0",
        b"IIRO\x08\0\0\0",
        b"IIU\0\x18\0\0\0",
        b"FUJIFILMCCD-RAW 0201",
        b"\0\0\0\x18ftypcrx \0\0\0\1",
        b"FOVb\0\0\2\0",
    ],
)
def test_raw_files_of_cameras_are_named(head: bytes) -> None:
    with pytest.raises(InputError, match=r"a\.tif is a raw file of a camera: develop it to a JPEG or TIFF first"):
        recognized(head, Path("a.tif"))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS pointer.*`git lfs pull`"),
        (
            b"<!DOCTYPE html><html>",
            "web page that was saved instead of the file: download the file itself, by its direct link",
        ),
        (b'{"error": "not found"}', "JSON file"),
        (b"\x1f\x8b\x08" * 99, "gzip archive: unpack it and give the file inside"),
        (b"\0\0\0\x20ftypisom\0\0\2\0", "film: paint it with `stylex video`"),
    ],
)
def test_what_is_something_else_is_named(head: bytes, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        recognized(head, Path("a.jpg"))


@pytest.mark.parametrize(
    ("photo", "output"),
    [
        ("photo.jpg", "photo-adain.jpg"),
        ("folder/Photo.JPEG", "folder/Photo-adain.JPEG"),
        ("two.dots.webp", "two.dots-adain.webp"),
        ("photo.jfif", "photo-adain.png"),  # read, but not written
        ("photo", "photo-adain.png"),
        ("photo.gif", "photo-adain.png"),
        ("12.05.2024", "12.05.2024-adain.png"),  # no format's suffix
        ("photo.jpg_large", "photo.jpg_large-adain.png"),
        (".", "adain.png"),
    ],
)
def test_default_output(photo: str, output: str) -> None:
    assert default_output(Path(photo), "adain") == Path(output)


def test_default_output_has_a_name_for_each_style() -> None:
    assert default_output(Path("a.b.jpg"), "adain", "irises") == Path("a.b-adain-irises.jpg")
    assert default_output(Path("a"), "fast", 'x/y:"z"') == Path("a-fast-x_y__z_.png")
    for name in ("a.jpg", f"{'a' * 240}.jpg", f"{'ü' * 100}.jpg"):
        made = default_output(Path(name), "adain", "ж" * 200).name
        assert made.startswith(f"{name[:-4]}-adain")
        assert len(made.encode()) <= 255
