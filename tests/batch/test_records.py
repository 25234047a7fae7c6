"""The report and the journal."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from stylex.batch.records import JOURNAL, Journal, JsonLines, Outcome
from stylex.errors import ResourceError


def lines(path: Path) -> list[object]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_report_grows_by_lines(tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    path.write_text("of last time")
    report = JsonLines(path)
    assert path.read_text() == ""
    report.add(Outcome("a.jpg", "out/a.jpg", "", "painted", 3, 2))
    report.add({"photo": os.fsdecode(b"\xff.jpg")})  # a name that isn't UTF-8
    first, second = lines(path)
    assert first == {
        "photo": "a.jpg",
        "output": "out/a.jpg",
        "style": "",
        "status": "painted",
        "width": 3,
        "height": 2,
        "seconds": 0.0,
        "message": "",
        "error": "",
    }
    assert second == {"photo": "\udcff.jpg"}


def test_a_report_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=r"r.jsonl can't be written \(No such file or directory\): choose"):
        JsonLines(tmp_path / "none" / "r.jsonl")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"photo")
    return path


@pytest.fixture
def painting(tmp_path: Path) -> Path:
    path = tmp_path / "out" / "a" / "photo.jpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"painting")
    return path


def test_what_is_written_down_is_done(tmp_path: Path, photo: Path, painting: Path) -> None:
    journal = Journal(tmp_path / "out")
    assert not journal.has(painting, photo, "one")
    journal.add(painting, photo, "one")
    again = Journal(tmp_path / "out")
    assert again.has(painting, photo, "one")
    assert not again.has(painting, photo, "two"), "made with something else"
    assert not again.has(painting.with_name("other.jpg"), photo, "one")


@pytest.mark.parametrize("change", ["photo", "photo_time", "painting", "no painting", "no photo"])
def test_what_has_changed_is_not_done(change: str, tmp_path: Path, photo: Path, painting: Path) -> None:
    Journal(tmp_path / "out").add(painting, photo, "one")
    if change == "photo":
        photo.write_bytes(b"another photo")
    elif change == "photo_time":
        os.utime(photo, ns=(1, 1))
    elif change == "painting":
        painting.write_bytes(b"cut")
    else:
        (painting if change == "no painting" else photo).unlink()
    assert not Journal(tmp_path / "out").has(painting, photo, "one")


def test_the_last_line_of_a_painting_counts(tmp_path: Path, photo: Path, painting: Path) -> None:
    journal = Journal(tmp_path / "out")
    journal.add(painting, photo, "one")
    journal.add(painting, photo, "two")
    again = Journal(tmp_path / "out")
    assert again.has(painting, photo, "two") and not again.has(painting, photo, "one")


@pytest.mark.parametrize(
    "end", [b'{"output": "a/pho', b"\xff\xfe\x00", b"[1, 2]\n", b"null\n", b"\n\n", b'{"output": [1]}\n']
)
def test_lines_that_are_cut_or_foreign_are_passed_over(end: bytes, tmp_path: Path, photo: Path, painting: Path) -> None:
    Journal(tmp_path / "out").add(painting, photo, "one")
    with (tmp_path / "out" / JOURNAL).open("ab") as file:
        file.write(end)
    journal = Journal(tmp_path / "out")
    assert journal.has(painting, photo, "one")
    journal.add(painting, photo, "two")
    assert Journal(tmp_path / "out").has(painting, photo, "two")


def test_a_disk_that_takes_a_part_of_a_line_leaves_none_of_it(tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    report = JsonLines(path)
    report.add({"photo": "a"})
    whole = path.read_bytes()
    with _files_of_at_most(len(whole) + 5), pytest.raises(ResourceError, match="can't be written"):
        report.add({"photo": "b"})
    assert path.read_bytes() == whole
    report.add({"photo": "c"})
    assert lines(path) == [{"photo": "a"}, {"photo": "c"}]


@contextlib.contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """The kernel takes a part of what is written, then refuses the rest, as a full disk does."""
    before, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
