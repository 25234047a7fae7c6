"""Files that are either complete or not there."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stylex.errors import InputError, ResourceError
from stylex.files import (
    cache_folder,
    check_place,
    config_folder,
    make_folder,
    sha256_of,
    write_bytes,
    write_json,
    written_aside,
)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_clean_exit_gives_the_final_name(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with written_aside(path) as aside:
        assert aside.parent == tmp_path
        assert aside.suffix == ".bin"
        aside.write_bytes(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, InputError])
def test_a_failure_in_the_middle_leaves_what_was_there(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(error), written_aside(path) as aside:
        aside.write_bytes(b"half")
        raise error("stop")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (errno.ENOSPC, "no space left to write .*a.bin: free some disk space"),
        (errno.EDQUOT, "no space left"),
        (errno.EACCES, "choose a folder that you may write to"),
        (errno.EROFS, "choose a folder that you may write to"),
        (errno.EIO, "choose another output path"),
    ],
)
@pytest.mark.parametrize("place", ["write", "sync", "rename"])
def test_a_failing_disk(code: int, expected: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def failing(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    owner, name = {"write": (Path, "write_bytes"), "sync": (os, "fsync"), "rename": (Path, "replace")}[place]
    monkeypatch.setattr(owner, name, failing)
    with pytest.raises(ResourceError, match=expected) as caught:
        write_bytes(path, b"new")
    monkeypatch.undo()
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="no space left"), written_aside(tmp_path / "a.bin"):
        Path("/dev/full").write_bytes(b"x" * 100_000)
    assert names(tmp_path) == []


def test_nothing_written_at_all(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="can't be written"), written_aside(tmp_path / "a.bin"):
        pass
    assert names(tmp_path) == []


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "real.json", tmp_path / "link.json"
    target.write_text("old")
    link.symlink_to(target)
    write_bytes(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert names(tmp_path / "there") == ["real.json"]


LEFT = ".stylex-0123abcd.png"


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    kept = [".stylex.jsonl", ".stylex-notes.txt", ".stylex-0123abcde", "x.stylex-0123abcd.png"]
    for name in (LEFT, ".stylex-89abcdef", *kept):
        (tmp_path / name).write_bytes(b"half")
    write_bytes(tmp_path / "a.png", b"new")
    assert names(tmp_path) == sorted(["a.png", *kept])


def test_what_another_process_is_writing_stays(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / LEFT).write_bytes(b"half")
    with (tmp_path / "a" / LEFT).open("rb") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        write_bytes(tmp_path / "a" / "new", b"new")
    write_bytes(tmp_path / "b" / "new", b"new")
    assert names(tmp_path / "a") == [LEFT, "new"]
    assert names(tmp_path / "b") == ["new"]


def test_files_being_written_are_locked(tmp_path: Path) -> None:
    with written_aside(tmp_path / "a.png") as aside:
        aside.write_bytes(b"half")
        with aside.open("rb") as opened, pytest.raises(BlockingIOError):
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_empty_files_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    write_bytes(tmp_path / "a", b"")
    assert (tmp_path / "a").read_bytes() == b""


def test_folders_are_synced_where_a_name_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda handle: (synced.append(str(Path(f"/proc/self/fd/{handle}").readlink())), real(handle))
    )
    make_folder(tmp_path / "a" / "b")
    assert sorted(synced) == [str(tmp_path), str(tmp_path / "a")]
    synced.clear()
    write_bytes(tmp_path / "a" / "x", b"")
    assert [Path(one).parent.name for one in synced] == ["a", tmp_path.name]


def test_file_systems_that_sync_no_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sync(code: int) -> None:
        real = os.fsync

        def failing(handle: int) -> None:
            if stat.S_ISDIR(os.fstat(handle).st_mode):
                raise OSError(code, os.strerror(code))
            real(handle)

        monkeypatch.setattr(os, "fsync", failing)

    sync(errno.EINVAL)
    write_bytes(tmp_path / "a", b"x")
    monkeypatch.undo()
    sync(errno.EIO)
    with pytest.raises(ResourceError, match="can't be written"):
        write_bytes(tmp_path / "a", b"y")
    assert names(tmp_path) == ["a"]


def test_a_dangling_link_makes_its_target(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "new")
    write_bytes(tmp_path / "link", b"x")
    assert (tmp_path / "new").read_bytes() == b"x"
    (tmp_path / "lost").symlink_to(tmp_path / "no" / "folder")
    with pytest.raises(ResourceError, match="can't be written"):
        write_bytes(tmp_path / "lost", b"x")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_permissions_are_kept(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_bytes(path, b"new")
    assert path.stat().st_mode & 0o777 == mode


def test_permissions_of_a_new_file_are_the_usual_ones(tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    write_bytes(tmp_path / "new", b"")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("name", ["a" * 255, "a." + "b" * 253, "ü" * 127, "a" * 251 + ".png", "with space.json", ".x"])
def test_names_up_to_the_longest(name: str, tmp_path: Path) -> None:
    write_bytes(tmp_path / name, b"x")
    assert names(tmp_path) == [name]


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="can't be written"):
        write_bytes(tmp_path / ("a" * 256), b"x")
    assert names(tmp_path) == []


def test_places_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "missing" / "a.bin", tmp_path / "file" / "a.bin"):
        for refuse in (check_place, lambda path: write_bytes(path, b"x")):
            with pytest.raises(InputError, match=r"the folder .* doesn't exist: create it first"):
                refuse(path)
    with pytest.raises(InputError, match="is a folder; the output must be a file name"):
        write_bytes(tmp_path, b"x")
    check_place(tmp_path / "new")
    check_place(str(tmp_path / "file"))
    assert names(tmp_path) == ["file"]


def test_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_bytes("a.bin", b"x")
    assert names(tmp_path) == ["a.bin"]


def test_json_and_digest(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"künstler": ["é", 1.5, None]})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert "künstler" in text
    assert text.endswith("}\n")
    assert json.loads(text) == {"künstler": ["é", 1.5, None]}
    assert sha256_of(tmp_path / "a.json") == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("through_a_link", [False, True])
def test_pipes_devices_and_sockets_are_never_replaced(through_a_link: bool, tmp_path: Path) -> None:
    pipe, listening = tmp_path / "pipe.png", socket.socket(socket.AF_UNIX)
    os.mkfifo(pipe)
    listening.bind(str(tmp_path / "s.png"))
    for path in (pipe, tmp_path / "s.png", Path(os.devnull)):
        named = path
        if through_a_link:
            named = tmp_path / f"link-{path.name}"
            named.symlink_to(path)
        for refused in (check_place, lambda one: write_bytes(one, b"x"), lambda one: write_json(one, {})):
            with pytest.raises(InputError, match="is a device or a pipe, which a file would replace"):
                refused(named)
        assert not path.is_file() and path.exists()
    listening.close()


@pytest.mark.parametrize(
    ("folder", "variable", "names"),
    [
        (config_folder, "STYLEX_CONFIG", ("/x/stylex", "Library/Application Support/stylex", "AppData/Roaming/stylex")),
        (cache_folder, "STYLEX_CACHE", ("/x/stylex", "Library/Caches/stylex", "AppData/Local/stylex")),
    ],
)
def test_folders_of_the_user(
    folder: Callable[[], Path],
    variable: str,
    names: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, str(tmp_path))
    assert folder() == tmp_path
    monkeypatch.delenv(variable)
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "/x")
    for name in ("APPDATA", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for platform, name in zip(("linux", "darwin", "win32"), names, strict=True):
        monkeypatch.setattr(sys, "platform", platform)
        assert folder().as_posix().endswith(name)
