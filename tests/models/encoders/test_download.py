"""The downloader against a real server on this machine."""

from __future__ import annotations

import hashlib
import http.server
import io
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from stylex.errors import Interrupted, ResourceError
from stylex.models.encoders import download
from stylex.models.encoders.download import fetched

DATA = np.random.default_rng(3).bytes(300_000)
SHA256 = hashlib.sha256(DATA).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves `DATA` at /file; what it does besides is switched by the tests."""

    resumes = True
    breaks_off_after: int | None = None
    asked: list[str | None]


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        given = self.headers.get("Range")
        self.server.asked.append(given)
        if self.path != "/file":
            self.send_error(404, "Not Found")
            return
        begin = int(re.findall(r"\d+", given)[0]) if given and self.server.resumes else 0
        if begin >= len(DATA):
            self.send_error(416)
            return
        self.send_response(206 if given and self.server.resumes else 200)
        self.send_header("Content-Length", str(len(DATA) - begin))
        self.end_headers()
        end = self.server.breaks_off_after
        self.wfile.write(DATA[begin : None if end is None else begin + end])

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "CHUNK", 1 << 14)
    with Server(("127.0.0.1", 0), Handler) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def url(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}/file"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "file.pth"


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir())


def test_a_file_is_downloaded_once(server: Server, url: str, path: Path) -> None:
    for _ in range(2):
        assert fetched(url, path, SHA256[:8]) == path
        assert path.read_bytes() == DATA
        assert names(path) == ["file.pth"]
    assert server.asked == [None]


def test_it_goes_on_where_the_connection_broke(server: Server, url: str, path: Path) -> None:
    server.breaks_off_after = 100_000
    for have in (100_000, 200_000):
        with pytest.raises(
            ResourceError, match=r"broke off .* of 300000 bytes came.*the same command goes on from there"
        ):
            fetched(url, path, SHA256)
        assert names(path) == ["file.pth.part"]
        assert path.with_name("file.pth.part").read_bytes() == DATA[:have]
    server.breaks_off_after = None
    assert fetched(url, path, SHA256).read_bytes() == DATA
    assert server.asked == [None, "bytes=100000-", "bytes=200000-"]
    assert names(path) == ["file.pth"]


def test_a_server_that_cannot_resume_sends_all_of_it(server: Server, url: str, path: Path) -> None:
    path.parent.mkdir()
    path.with_name("file.pth.part").write_bytes(b"of another file")
    server.resumes = False
    assert fetched(url, path, SHA256).read_bytes() == DATA


def test_a_part_that_is_whole_already(server: Server, url: str, path: Path) -> None:
    path.parent.mkdir()
    path.with_name("file.pth.part").write_bytes(DATA)
    assert fetched(url, path, SHA256).read_bytes() == DATA
    assert server.asked == ["bytes=300000-"]


@pytest.mark.parametrize("begun", [b"", b"of another file", DATA + b"and more"])
def test_a_wrong_checksum_leaves_nothing(begun: bytes, url: str, path: Path) -> None:
    path.parent.mkdir()
    path.with_name("file.pth.part").write_bytes(begun)
    with pytest.raises(
        ResourceError, match=r"has the SHA-256 [0-9a-f]{64}, not (00000000|[0-9a-f]{64})\.\.\.: try again"
    ):
        fetched(url, path, SHA256 if begun else "00000000")
    assert names(path) == []
    assert fetched(url, path, SHA256).read_bytes() == DATA


def test_ctrl_c_keeps_what_came(url: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 0

    def pressed(*_: object, **__: object) -> None:
        nonlocal count
        count += 1
        if count == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(download.Progress, "update", pressed)
    with pytest.raises(Interrupted, match="goes on from there") as caught:
        fetched(url, path, SHA256)
    assert caught.value.exit_code == 130
    part = path.with_name("file.pth.part").read_bytes()
    assert part == DATA[: len(part)] and part
    monkeypatch.undo()
    assert fetched(url, path, SHA256).read_bytes() == DATA


def test_no_server(url: str, path: Path) -> None:
    with pytest.raises(ResourceError, match=r"can't be reached \(Connection refused\): check the network, or put the"):
        fetched("http://127.0.0.1:1/file", path, SHA256)
    with pytest.raises(ResourceError, match=r"HTTP 404 Not Found\): try later, or put the file at .*file.pth by hand"):
        fetched(f"{url}-missing", path, SHA256)
    assert names(path) == []


def test_a_folder_that_cannot_be_written(url: str, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(ResourceError, match=r"can't be written .*STYLEX_CACHE"):
        fetched(url, tmp_path / "cache" / "file.pth", SHA256)


def test_the_bar_is_drawn_on_terminals_only(url: str, path: Path) -> None:
    for terminal in (True, False):
        text = io.StringIO()
        fetched(url, path, SHA256, Console(file=text, force_terminal=terminal, width=120))
        assert ("file.pth" in text.getvalue()) == terminal
        path.unlink()
