"""Large files by URL: into a cache folder, resumed where an earlier try ended, and whole or not there."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from stylex.errors import Interrupted, ResourceError
from stylex.files import CACHE, settle

CHUNK = 1 << 20
TIMEOUT = 30.0
"""Seconds without an answer after which the server is given up."""
RANGE_NOT_SATISFIABLE = 416


def fetched(url: str, path: Path, sha256: str, console: Console | None = None) -> Path:
    """Returns the file of a URL: `path`, if it is there, or else downloaded to it.

    What was received before an interruption lies beside it in `.part`, and the next call goes on from there. The file
    gets its name only once its checksum is right.

    Args:
        url: of the file.
        path: of the copy; its folder is made.
        sha256: the checksum in hexadecimal, or as much of its beginning as is published.
        console: for the progress bar; standard error by default.

    Raises:
        ResourceError: there is no network, the server doesn't have the file, the connection broke, the checksum is
            wrong, or the disk is full.
        Interrupted: Ctrl-C.
    """
    if path.is_file():
        return path
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _bar(console) as bar, _explained_errors(url, path):
            found = _received(url, part, bar, bar.add_task(path.name, total=None))
        if not found.startswith(sha256):
            part.unlink()
            raise ResourceError(f"what {url} sent has the SHA-256 {found}, not {sha256}...: try again")
        settle(part, path)
    except OSError as error:
        raise ResourceError(
            f"{part} can't be written ({_reason(error)}): free some disk space, or name another folder in {CACHE}"
        ) from error
    except KeyboardInterrupt:
        raise Interrupted(f"stopped in the middle of {url}; the same command goes on from there") from None
    finally:
        with contextlib.suppress(OSError):
            if not part.stat().st_size:
                part.unlink()
    return path


def digest_of(file: BinaryIO) -> hashlib._Hash:
    """Returns the SHA-256 of what an opened file has from here to its end."""
    digest = hashlib.sha256()
    while block := file.read(CHUNK):
        digest.update(block)
    return digest


def _bar(console: Console | None) -> Progress:
    console = console or Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


@contextlib.contextmanager
def _explained_errors(url: str, path: Path) -> Iterator[None]:
    """Turns what urllib raises into one line."""
    hand = f"or put the file at {path} by hand"
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()  # it is the connection, too
        raise ResourceError(
            f"{url} can't be downloaded (HTTP {error.code} {error.reason}): try later, {hand}"
        ) from error
    except urllib.error.URLError as error:
        raise ResourceError(f"{url} can't be reached ({_reason(error.reason)}): check the network, {hand}") from error
    except (http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError) as error:
        raise ResourceError(
            f"the download of {url} broke off ({_reason(error)}): the same command goes on from there"
        ) from error


def _reason(error: object) -> str:
    strerror = error.strerror if isinstance(error, OSError) else None
    return " ".join((strerror or str(error)).split())[:100] or type(error).__name__


def _received(url: str, part: Path, bar: Progress, task: TaskID) -> str:
    """Appends to the part what it lacks; returns the SHA-256 of the whole."""
    with part.open("ab+") as file:
        file.seek(0)
        digest = digest_of(file)
        have = file.tell()
        with _asked(url, have) as answer:
            if answer is None:  # the part holds everything already, or more than that
                return digest.hexdigest()
            if have and answer.status != http.client.PARTIAL_CONTENT:  # a server that can't resume sends all of it
                file.truncate(0)
                have, digest = 0, hashlib.sha256()
            length = answer.headers.get("Content-Length")
            total = have + int(length) if length else None
            bar.update(task, total=total, completed=have)
            return _copied(answer, file, digest, have, total, bar, task)


def _copied(
    answer: http.client.HTTPResponse,
    file: BinaryIO,
    digest: hashlib._Hash,
    have: int,
    total: int | None,
    bar: Progress,
    task: TaskID,
) -> str:
    while block := answer.read(CHUNK):
        file.write(block)
        digest.update(block)
        have += len(block)
        bar.update(task, completed=have)
    if total is not None and have < total:
        raise ConnectionError(f"{have} of {total} bytes came")
    return digest.hexdigest()


@contextlib.contextmanager
def _asked(url: str, have: int) -> Iterator[http.client.HTTPResponse | None]:
    """Yields the server's answer to a request for what follows the first `have` bytes; None where nothing does."""
    request = urllib.request.Request(url, headers={"User-Agent": "stylex", "Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            yield answer
    except urllib.error.HTTPError as error:
        if error.code != RANGE_NOT_SATISFIABLE:
            raise
        error.close()
        yield None
