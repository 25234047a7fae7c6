"""What the service answers: pictures as the library paints them, facts, and errors of one line."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stylex
from stylex.artifacts.style_code import built_in

pytest.importorskip("fastapi", reason="needs the extra serve: pip install 'stylex[serve]'")

Problem = Callable[[Any, int], str]
Pixels = Callable[[bytes], np.ndarray]


@pytest.mark.parametrize(
    ("form", "own"),
    [
        ({"style": "starry-night"}, {"style": "starry-night"}),
        ({"style": ["irises", "deluge"], "weight": [3, 1]}, {"style": [("irises", 3), ("deluge", 1)]}),
        ({"style": "irises", "strength": 0.4, "keep_colors": True}, {"strength": 0.4, "keep_colors": True}),
        ({"style": "irises", "size": 64}, {"size": 64}),
        ({"technique": "fast", "style": "the-scream"}, {"technique": "fast", "style": "the-scream"}),
        ({"style": "irises", "people": 0}, {"regions": {"person": None, "background": "irises"}}),
        (
            {"style": "irises", "people": 0.5, "people_style": "deluge"},
            {"regions": {"person": ("deluge", 0.5), "background": "irises"}},
        ),
    ],
    ids=str,
)
def test_it_paints_as_the_library_does(
    form: dict[str, Any], own: dict[str, Any], service: Any, shot: bytes, as_array: Pixels
) -> None:
    response = service.paint(shot, **form)
    assert response.status_code == 200, response.text
    wanted = stylex.stylize(shot, **{"style": "irises", "threads": 1, **own})
    assert np.array_equal(as_array(response.content), np.asarray(wanted))
    assert response.headers["content-type"] == "image/png"
    assert f"{form.get('technique', 'adain')} int8 on cpu" in response.headers["x-stylex-ran"]
    assert response.headers["server-timing"].startswith("paint;dur=")


@pytest.mark.parametrize("technique", ["adain", "histogram"])
def test_a_style_picture_is_uploaded(
    technique: str, service: Any, shot: bytes, painting: np.ndarray, as_png: Callable[..., bytes], as_array: Pixels
) -> None:
    upload = as_png(painting)
    response = service.paint(shot, files=[("style_picture", ("any name", upload))], technique=technique)
    assert response.status_code == 200, response.text
    own = {} if technique == "histogram" else {"threads": 1}
    assert np.array_equal(as_array(response.content), np.asarray(stylex.stylize(shot, technique, upload, **own)))


@pytest.mark.parametrize(("encoding", "magic"), [("jpeg", b"\xff\xd8\xff"), ("png", b"\x89PNG"), ("webp", b"RIFF")])
def test_the_encoding_is_chosen(encoding: str, magic: bytes, service: Any, shot: bytes) -> None:
    response = service.paint(shot, style="irises", encoding=encoding, quality=50)
    assert response.content.startswith(magic) and response.headers["content-type"] == f"image/{encoding}"


def test_facts(service: Any) -> None:
    served = {one["technique"]: one for one in service.client.get("/v1/styles").json()}
    assert [*served] == ["adain", "fast", "histogram"]
    assert [one["name"] for one in served["adain"]["styles"]] == [*built_in("adain")]
    assert "the-scream" in [one["name"] for one in served["fast"]["styles"]]
    assert (served["adain"]["people"], served["fast"]["people"], served["histogram"]["styles"]) == (True, False, [])
    assert service.client.get("/v1/styles", params={"technique": "fast"}).json() == [served["fast"]]
    assert service.client.get("/health").json() == {"status": "ok"}
    assert service.client.get("/ready").json() == {"status": "ready"}
    assert "/v1/paint" in service.client.get("/openapi.json").json()["paths"]
    metrics = service.client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'stylex_requests_total{route="/health",status="200"}' in metrics.text


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({}, "adain needs a style: give a name or a picture (style)"),
        ({"style": "nobody"}, "'nobody' is no built-in style: choose "),
        ({"style": "irises", "technique": "gatys"}, "'gatys' isn't served here; choose adain, fast, histogram"),
        ({"style": "irises", "technique": "histogram"}, "histogram takes its style from pictures"),
        ({"style": "irises", "technique": "fast"}, "there is no fast network for 'irises'; choose "),
        ({"style": ["great-wave", "irises"], "technique": "fast"}, "a network of fast has one style"),
        ({"style": "the-scream", "technique": "fast", "people": 0}, "fast paints the whole photo alike"),
        ({"style": "irises", "strength": 2}, "strength: Input should be less than or equal to 1.5"),
        ({"style": "irises", "strength": "nan"}, "strength: Input should be"),
        ({"style": "irises", "size": 4000}, "size is 4000; this service paints at most 2048 (size)"),
        ({"style": "irises", "weight": [1, 2]}, "1 styles and 2 weights were given"),
        ({"style": "irises", "weight": -1}, "style weights are [-1.0]"),
        ({"style": "irises", "people_style": "nobody"}, "'nobody' is no built-in style"),
        ({"style": "irises", "encoding": "gif"}, "encoding: Input should be 'jpeg', 'png' or 'webp'"),
    ],
    ids=str,
)
def test_what_cannot_be_painted(
    form: dict[str, Any], expected: str, service: Any, shot: bytes, problem: Problem
) -> None:
    assert expected in problem(service.paint(shot, **form), 422)


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n cut", b"GIF89a......"])
def test_no_photo(data: bytes, service: Any, problem: Problem) -> None:
    assert problem(service.paint(data, style="irises"), 422)


def test_one_color_is_no_style(service: Any, shot: bytes, as_png: Callable[..., bytes], problem: Problem) -> None:
    plain = ("style_picture", ("plain.png", as_png(np.full((70, 70, 3), 9, np.uint8))))
    assert "all of one colour" in problem(service.paint(shot, files=[plain]), 422)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/v1/paint", 405),
        ("DELETE", "/health", 405),
        ("GET", "/../../etc/passwd", 404),
    ],
)
def test_no_such_call(method: str, path: str, status: int, service: Any, problem: Problem) -> None:
    assert "see /openapi.json" in problem(service.client.request(method, path), status)


@pytest.mark.parametrize("content", [b"", b"--x\r\nno form", b"{}"])
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "multipart/form-data", "application/json", ""])
def test_no_form(content: bytes, kind: str, service: Any, problem: Problem) -> None:
    response = service.client.post("/v1/paint", content=content, headers={"content-type": kind})
    assert problem(response, response.status_code) and response.status_code in (400, 422)


def test_no_http(service: Any) -> None:
    host, port = service.client.base_url.host, service.client.base_url.port
    with socket.create_connection((host, port), timeout=5) as connection:
        connection.sendall(b"paint me a picture\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ") and b"application/json" in head
    assert body.startswith(b'{"type":"BadRequest"') and body.count(b"\n") == 1


def test_no_file_and_no_address_of_a_client_is_opened(
    service: Any, shot: bytes, tmp_path: Path, painting: np.ndarray, as_png: Callable[..., bytes], problem: Problem
) -> None:
    """A name leads to a built-in style or to nothing, in every field that takes one."""
    file = tmp_path / "painting.png"
    file.write_bytes(as_png(painting))
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.2)
        url = f"http://127.0.0.1:{trap.getsockname()[1]}/x.png"
        for name in (str(file), f"file://{file}", url):
            for form in (
                {"style": name},
                {"style": "irises", "people_style": name},
                {"style": name, "technique": "fast"},
            ):
                assert problem(service.paint(shot, **form), 422)
            assert problem(service.paint(name.encode(), style="irises"), 422)
        with pytest.raises(TimeoutError):
            trap.accept()


def test_one_painter_a_technique_serves_all_threads(service: Any, shot: bytes) -> None:
    painters = {service.studio.painter("adain")}
    answers: list[int] = []
    threads = [
        threading.Thread(
            target=lambda i=i: answers.append(service.paint(shot, style="irises", strength=i / 8).status_code)
        )
        for i in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert answers == [200] * 6 and painters == {service.studio.painter("adain")}
