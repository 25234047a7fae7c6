"""Requests over HTTP: bodies of forms, as the service's application gets them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
from collections.abc import Iterator
from typing import Any

from reliability.mutated import originals
from stylex.serve.app import service_app
from stylex.serve.settings import Settings

BOUNDARY = b"fuzz"
ANSWERS = frozenset({200, 400, 404, 405, 408, 411, 413, 415, 422, 429, 503, 504})


def seeds() -> Iterator[bytes]:
    """Yields whole forms."""
    picture = min((data for _, data in originals.pictures()), key=len)
    fields = {"technique": b"histogram", "strength": b"0.5", "size": b"32", "encoding": b"png", "quality": b"80"}
    parts = [b'name="%s"\r\n\r\n%s' % (name.encode(), value) for name, value in fields.items()]
    for name in (b"photo", b"style_picture"):
        parts.append(b'name="%s"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n%s' % (name, picture))
    head = b"--" + BOUNDARY + b"\r\nContent-Disposition: form-data; "
    yield head + (b"\r\n" + head).join(parts) + b"\r\n--" + BOUNDARY + b"--\r\n"


@functools.cache
def _service() -> tuple[asyncio.AbstractEventLoop, Any, Any]:
    """Returns a loop, the application in it, and the context that keeps it alive."""
    loop = asyncio.new_event_loop()
    app = service_app(Settings(("histogram",), threads=1))
    living = contextlib.AsyncExitStack()
    loop.run_until_complete(living.enter_async_context(app.router.lifespan_context(app)))
    return loop, app, living


async def _answer(app: Any, body: bytes) -> tuple[int, bytes]:
    """Returns status and body of the application's answer."""
    status, answered, asked = 0, b"", False
    kind = b"multipart/form-data; boundary=" + BOUNDARY
    headers = [(b"host", b"127.0.0.1"), (b"content-type", kind), (b"content-length", str(len(body)).encode())]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
    }
    scope |= {"path": "/v1/paint", "raw_path": b"/v1/paint", "root_path": "", "query_string": b"", "headers": headers}
    scope |= {"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {}}

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await asyncio.sleep(60)
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, answered
        status, answered = message.get("status", status), answered + message.get("body", b"")

    await app(scope, receive, send)
    return status, answered


def target(data: bytes) -> None:
    """Sends one. Whatever is raised is a fault, and so is an answer without a reason in one line."""
    loop, app, _ = _service()
    status, body = loop.run_until_complete(_answer(app, data))
    assert status in ANSWERS, f"status {status}: {body[:300]!r}"
    assert status == 200 or isinstance(json.loads(body), dict), "the answer is JSON"
