"""Places, sizes and time: refused quickly, in one line, and nothing is painted for nobody."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

httpx = pytest.importorskip("httpx", reason="needs httpx: pip install 'stylex[test]'")
pytest.importorskip("fastapi", reason="needs the extra serve: pip install 'stylex[serve]'")

Open = Callable[..., contextlib.AbstractContextManager[Any]]
Problem = Callable[[Any, int], str]


def in_background(call: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()
    return thread, answers


def test_a_full_queue_is_told_within_50_ms(held: Open, shot: bytes, problem: Problem) -> None:
    with held(queue=1) as service:
        first = in_background(lambda: service.paint(shot, style="irises"))
        assert service.studio.begun.acquire(timeout=5)
        second = in_background(lambda: service.paint(shot, style="deluge"))
        while "stylex_inside 2.0" not in service.client.get("/metrics").text:
            time.sleep(0.01)
        took = []
        for _ in range(5):
            start = time.perf_counter()
            refused = service.paint(shot, style="great-wave")
            took.append(time.perf_counter() - start)
            assert "the queue is full: try again in" in problem(refused, 429)
            assert int(refused.headers["retry-after"]) >= 1
        assert min(took) < 0.05
        assert "queue is full" in problem(service.client.get("/ready"), 503)
        assert service.client.get("/health").status_code == 200
        service.studio.go.set()
        for thread, answers in (first, second):
            thread.join(10)
            assert answers[0].status_code == 200
        assert service.paint(shot, style="great-wave").status_code == 200


def test_equal_requests_in_flight_are_painted_once(held: Open, shot: bytes) -> None:
    with held(workers=2) as service:
        equal = [in_background(lambda: service.paint(shot, style="irises")) for _ in range(5)]
        other = in_background(lambda: service.paint(shot, style="irises", strength=0.5))
        while "stylex_joined 4.0" not in service.client.get("/metrics").text:
            time.sleep(0.01)
        service.studio.go.set()
        for thread, _ in (*equal, other):
            thread.join(10)
        pictures = {answers[0].content for _, answers in equal}
        assert service.studio.count == 2 and len(pictures) == 1 and other[1][0].content not in pictures
        service.paint(shot, style="irises")
        assert service.studio.count == 3  # in flight only: nothing is kept


def test_a_client_that_leaves_takes_its_work_along(held: Open, shot: bytes) -> None:
    with held(queue=2) as service:
        running = in_background(lambda: left(service.url, 0.6, shot, "irises"))
        assert service.studio.begun.acquire(timeout=5)
        assert left(service.url, 0.2, shot, "deluge") == "left"  # while it waits
        running[0].join(5)
        assert running[1] == ["left"] and service.studio.stopped.acquire(timeout=5)  # what runs was told to stop
        while "stylex_inside 0.0" not in (text := service.client.get("/metrics").text):
            time.sleep(0.01)
        assert "stylex_left_total 2.0" in text
        assert service.studio.count == 1  # what waited was never begun
        service.studio.go.set()
        assert service.paint(shot, style="irises").status_code == 200


def left(url: str, after: float, shot: bytes, style: str) -> str:
    """Ask for a painting and leave after so many seconds."""
    try:
        httpx.post(f"{url}v1/paint", data={"style": style}, files={"photo": shot}, timeout=httpx.Timeout(5, read=after))
    except httpx.ReadTimeout:
        return "left"
    return "answered"


def test_an_equal_request_outlives_the_client_that_began(held: Open, shot: bytes) -> None:
    with held() as service:
        first = in_background(lambda: left(service.url, 0.3, shot, "irises"))
        staying = in_background(
            lambda: service.client.post("/v1/paint", data={"style": "irises"}, files={"photo": shot})
        )
        first[0].join(5)
        service.studio.go.set()
        staying[0].join(10)
        assert (first[1], staying[1][0].status_code, service.studio.count) == (["left"], 200, 1)


@pytest.mark.parametrize(("limits", "form"), [({"time_limit": 0.2}, {}), ({}, {"time_limit": 0.2})])
def test_a_request_has_a_time_limit(
    limits: dict[str, Any], form: dict[str, Any], held: Open, shot: bytes, problem: Problem
) -> None:
    with held(**limits) as service:
        assert "wasn't done after 0.2 s" in problem(service.paint(shot, style="irises", **form), 504)
        assert service.studio.stopped.acquire(timeout=5)


BOUNDARY = b"--x\r\ncontent-disposition: form-data; name=photo; filename=p\r\n\r\n"


def asked(url: str, head: str, *parts: bytes, wait: float = 5) -> tuple[int, dict[str, str]]:
    """Status and body of the answer to a request that is sent as it stands."""
    address = httpx.URL(url)
    with socket.create_connection((address.host, address.port), timeout=wait) as connection:
        fixed = "POST /v1/paint HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=x\r\n"
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the answer may come before the end
            for part in (f"{fixed}{head}\r\n\r\n".encode(), *parts):
                connection.sendall(part)
        answer = io.BytesIO()
        with contextlib.suppress(ConnectionResetError):
            while b"}\n" not in answer.getvalue() and (data := connection.recv(65536)):
                answer.write(data)
    head_of_it, _, rest = answer.getvalue().partition(b"\r\n\r\n")
    body, line, _ = rest.partition(b"\n")
    assert line and f"content-length: {len(body) + 1}\r".encode() in head_of_it, answer.getvalue()
    return int(head_of_it.split()[1]), json.loads(body)


def chunks(data: bytes, count: int) -> list[bytes]:
    return [f"{len(data):x}\r\n".encode() + data + b"\r\n"] * count


@pytest.mark.parametrize(
    ("head", "parts", "status"),
    [
        ("content-length: 99999999", [], 413),  # declared: refused before a byte of it is read
        (f"content-length: {'9' * 18}", [], 413),
        ("transfer-encoding: chunked", [*chunks(BOUNDARY, 1), *chunks(b"p" * 9000, 9), b"0\r\n\r\n"], 413),
        ("content-length: 50", [BOUNDARY + b"p" * 500_000], 422),  # lies: more than was declared, which is cut
        ("content-length: 5000", [BOUNDARY], 408),  # lies: less, and keeps the connection open
        ("transfer-encoding: chunked", [b"zz\r\n"], 400),
        ("content-length: -1", [b"x"], 400),
        ("content-length: 1\r\ncontent-length: 2", [b"xx"], 400),
    ],
)
def test_bodies_that_are_too_large_or_lie(head: str, parts: list[bytes], status: int, held: Open) -> None:
    with held(max_bytes=65536, time_limit=0.3) as service:
        found, body = asked(service.url, head, *parts)
        assert (found, [*body]) == (status, ["type", "message"])
        assert service.studio.count == 0
        assert service.client.get("/health").status_code == 200


def bomb(width: int, height: int) -> bytes:
    """A PNG that promises so many pixels in a few bytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(9000, 9000), (60000, 60000), (1, 70_000_000)])
def test_pixel_bombs_are_refused(size: tuple[int, int], service: Any, shot: bytes, problem: Problem) -> None:
    assert "megapixels" in problem(service.paint(bomb(*size), style="irises"), 413)
    assert "megapixels" in problem(service.paint(shot, files=[("style_picture", ("s", bomb(*size)))]), 413)


def test_a_large_photo_is_reduced(
    held: Open, as_png: Callable[..., bytes], as_array: Callable[..., np.ndarray]
) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (60, 200, 3), np.uint8)
    with held(longest=100) as service:
        service.studio.go.set()
        assert as_array(service.paint(as_png(photo), style="irises").content).shape == (30, 100, 3)
