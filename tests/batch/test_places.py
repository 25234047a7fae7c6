"""Where paintings go."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylex.batch.places import Places, Task, writable_name
from stylex.errors import InputError, UsageError
from stylex.imaging.formats import WRITABLE


def filled(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def made(places: Places, style: str = "") -> list[str]:
    return [str(places.painting(task, style)) for task in places]


def test_a_folder_keeps_its_structure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    filled(Path("photos"), "1.jpg", "1.png", "2.JPEG", "3.jfif", "4.jfif", "4.jfif.png", "a/1.jpg", "out/old.jpg")
    places = Places((Path("photos"),), Path("photos/out"), "adain")
    places.check()
    below = ["1.jpg", "1.png", "2.JPEG", "3.jfif.png", "4.jfif.png.png", "4.jfif.png", "a/1.jpg"]
    assert made(places) == [f"photos/out/{name}" for name in below]
    assert made(places) == made(places), "goes through again"
    assert made(places, "irises") == [f"photos/out/irises/{name}" for name in below]
    assert made(Places((Path("photos"),), Path("o"), "adain", recursive=False))[-1] == "o/4.jfif.png"


def test_several_inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    filled(Path(), "x/1.jpg", "y/1.jpg", "y/z/1.jpg", "1.webp", "2.jfif")
    places = Places((Path("x"), Path("y"), Path("1.webp"), Path("2.jfif")), Path("out"), "fast")
    places.check(["s", "t"])
    assert made(places) == ["out/x/1.jpg", "out/y/1.jpg", "out/y/z/1.jpg", "out/1-fast.webp", "out/2-fast.png"]
    assert made(places, "s")[-1] == "out/2-fast-s.png"
    assert made(Places((Path("y/1.jpg"),), None, "fast")) == ["y/1-fast.jpg"]


def test_raw_files_beside_their_pictures_are_passed_over(tmp_path: Path) -> None:
    filled(
        tmp_path, "1.NEF", "1.JPG", "2.cr3", "2.heic", "a/3.dng", "3.jpg", "4.xmp", "4.arw", "4.txt", "5.jxl", "5.jpg"
    )
    places = Places((tmp_path,), tmp_path / "out", "adain")
    photos = ["1.JPG", "2.heic", "3.jpg", "4.arw", "5.jpg", "5.jxl", "a/3.dng"]
    assert [task.photo.relative_to(tmp_path).as_posix() for task in places] == photos
    assert {photo.name for photo in places.developed} == {"1.NEF", "2.cr3"}


@pytest.mark.parametrize(
    ("inputs", "output", "styles", "error", "expected"),
    [
        (["x", "none.jpg"], "out", [""], InputError, "none.jpg doesn't exist"),
        (["x"], None, [""], UsageError, "x is a folder: give a folder for the paintings"),
        (["x"], "x", [""], InputError, "would lie among the photos"),
        (["x"], ".", [""], InputError, "would lie among the photos"),
        (["x/y"], "x/y/../../x", [""], InputError, "would lie among the photos"),
        (["x", "z/x"], "out", [""], UsageError, "two of the folders are called the same"),
        (["a.jpg", "z/a.jpg"], "out", [""], UsageError, "a.jpg and z/a.jpg would both be painted into out/a-adain.jpg"),
        (["a.jpg", "a-adain.jpg"], None, [""], InputError, "a-adain.jpg is also an input"),
        (["a.jpg", "a-adain-s.jpg"], ".", ["r", "s"], InputError, "a-adain-s.jpg is also an input"),
    ],
)
def test_what_cannot_work_is_refused(
    inputs: list[str],
    output: str | None,
    styles: list[str],
    error: type[Exception],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    filled(Path(), "x/1.jpg", "x/y/1.jpg", "z/x/1.jpg", "a.jpg", "z/a.jpg", "a-adain.jpg", "a-adain-s.jpg")
    with pytest.raises(error, match=expected):
        Places(tuple(map(Path, inputs)), output and Path(output), "adain").check(styles)


NAMES = st.text(string.ascii_letters + "._- ", min_size=1, max_size=8).filter(lambda name: name.strip("."))
SUFFIXES = st.sampled_from([*WRITABLE, ".jfif", ".heic", ".jpg_large", ""])


@given(st.lists(st.builds(str.__add__, NAMES, SUFFIXES), min_size=1, max_size=30, unique=True))
def test_names_stay_apart_and_can_be_written(given_names: list[str]) -> None:
    made = [writable_name(name, set(given_names).__contains__) for name in given_names]
    assert all(Path(name).suffix.lower() in WRITABLE for name in made)
    assert len(set(made)) == len(made)


def test_a_place_needs_a_folder() -> None:
    assert Places((), Path("o"), "adain").painting(Task(Path("p/a.jpg"), Path("a.jpg"))) == Path("o/a.jpg")
