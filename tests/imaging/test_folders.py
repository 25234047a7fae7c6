"""Which files of a folder are pictures."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from stylex.errors import InputError
from stylex.imaging.folders import picture_files, pictures_below
from stylex.imaging.writing import write_picture

PIXELS = np.zeros((4, 4, 3), np.uint8)


def filled(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"anything")
    return folder


def names(folder: Path, **options: object) -> list[str]:
    return [p.relative_to(folder).as_posix() for p in pictures_below(folder, **options)]  # type: ignore[arg-type]


def test_suffixes_decide_in_any_case(tmp_path: Path) -> None:
    filled(tmp_path, "a.jpg", "b.PNG", "c.jfif", "d.heic", "e.txt", "f.mp4", "g", "sub.png/notes.txt", "sub.png/h.webp")
    filled(tmp_path, "i.NEF", "j.dng", "k.cr3", "l.jxl")
    readable = ["a.jpg", "b.PNG", "c.jfif", "d.heic"]
    assert names(tmp_path) == [*readable, "i.NEF", "j.dng", "k.cr3", "l.jxl", "sub.png/h.webp"]
    assert picture_files(tmp_path) == sorted(pictures_below(tmp_path))


def test_under_other_names_the_content_decides(tmp_path: Path) -> None:
    for name, suffix in (("saved.jpg_large", ".jpg"), ("12.05.2024", ".png"), ("none", ".webp"), ("film.thm", ".jpg")):
        write_picture(tmp_path / f"made{suffix}", PIXELS)
        (tmp_path / f"made{suffix}").rename(tmp_path / name)
    filled(tmp_path, "BMW.txt")
    (tmp_path / "BMW.txt").write_text("BM is also how a bitmap begins", encoding="utf-8")
    assert names(tmp_path) == ["12.05.2024", "none", "saved.jpg_large"]


def test_what_is_not_the_users_own_is_passed_over(tmp_path: Path) -> None:
    filled(
        tmp_path, "a.jpg", "._a.jpg", ".hidden.png", ".thumbnails/a.jpg", "@eaDir/a.jpg", "x/@eaDir/b.jpg", "x/b.jpg"
    )
    filled(tmp_path, "__MACOSX/a.jpg", "#recycle/c.jpg", "$RECYCLE.BIN/d.jpg", "thumbnails/own.jpg")
    assert names(tmp_path) == ["a.jpg", "thumbnails/own.jpg", "x/b.jpg"]


def test_a_folder_that_is_named_may_be_hidden(tmp_path: Path) -> None:
    assert names(filled(tmp_path / ".private", "a.jpg")) == ["a.jpg"]


def test_not_recursive_and_without_a_folder(tmp_path: Path) -> None:
    filled(tmp_path, "a.jpg", "out/a.jpg", "x/out/b.jpg")
    assert names(tmp_path, recursive=False) == ["a.jpg"]
    assert names(tmp_path, without=lambda place: place == tmp_path / "out") == ["a.jpg", "x/out/b.jpg"]


def test_links(tmp_path: Path) -> None:
    filled(tmp_path, "a.jpg", "x/b.jpg")
    (tmp_path / "x" / "loop").symlink_to(tmp_path)
    (tmp_path / "x" / "c.jpg").symlink_to(tmp_path / "a.jpg")
    assert names(tmp_path) == ["a.jpg", "x/b.jpg", "x/c.jpg"]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder: give a folder of pictures"):
        picture_files(tmp_path / "none")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    closed = filled(tmp_path / "closed", "a.jpg")
    closed.chmod(0)
    try:
        with pytest.raises(InputError, match="closed can't be read"):
            names(tmp_path)
    finally:
        closed.chmod(0o700)
