"""A service of its own for a test: a real server on a free port, whose painting can be held up."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

if TYPE_CHECKING:
    from httpx import Response

Open = Callable[..., contextlib.AbstractContextManager[Any]]


def _held(settings: Any) -> Any:
    """A studio that paints once it is let go; counts the paintings that were begun, and those that were stopped."""
    from stylex.serve.studio import Studio

    class Held(Studio):
        def __init__(self) -> None:
            super().__init__(settings)
            self.go, self.begun, self.stopped = threading.Event(), threading.Semaphore(0), threading.Semaphore(0)
            self.count = 0

        def paint(self, order: Any, stop: threading.Event) -> Any:
            self.count += 1
            self.begun.release()
            while not self.go.wait(0.005):
                if stop.is_set():
                    self.stopped.release()
                    break
            return super().paint(order, stop)

    return Held()


class Running:
    """A running service."""

    def __init__(self, url: str, studio: Any) -> None:
        import httpx

        self.url, self.studio = url, studio
        self.client = httpx.Client(base_url=url, timeout=20)

    def paint(self, photo: bytes, *, files: list[Any] | None = None, **form: Any) -> Response:
        given = [("photo", ("photo.png", photo)), *(files or [])]
        return self.client.post("/v1/paint", data={"encoding": "png", **form}, files=given)


@contextlib.contextmanager
def running(hold: bool, **limits: Any) -> Iterator[Running]:
    for package in ("fastapi", "httpx"):
        pytest.importorskip(package, reason=f"needs {package}: pip install 'stylex[serve,test]'")
    server, settings, app, studio = (
        importlib.import_module(f"stylex.serve.{name}") for name in ("server", "settings", "app", "studio")
    )
    chosen = settings.Settings(**{"techniques": ("adain", "fast", "histogram"), "threads": 1, **limits})
    made = _held(chosen) if hold else studio.Studio(chosen)
    uvicorn = importlib.import_module("uvicorn")
    serving = uvicorn.Server(server.configured(app.service_app(chosen, made), drain=5))
    with server.bound("127.0.0.1", 0) as listening:
        service = Running(server.url_of(listening), made)
        thread = threading.Thread(target=serving.run, args=([listening],))
        thread.start()
        try:
            with service.client:
                yield service
        finally:
            if hold:
                made.go.set()
            serving.should_exit = True
            thread.join(10)
            assert not thread.is_alive()


@pytest.fixture(scope="session")
def service() -> Iterator[Running]:
    """One service for every test that only asks it something."""
    with running(hold=False) as one:
        yield one


@pytest.fixture
def held() -> Open:
    """Opens a service whose paintings wait for `studio.go`, one at a time unless told otherwise."""
    return lambda **limits: running(hold=True, **{"workers": 1, **limits})


@pytest.fixture(scope="session")
def as_png() -> Callable[[np.ndarray], bytes]:
    """The bytes of a picture as a PNG file."""

    def made(picture: np.ndarray) -> bytes:
        buffer = io.BytesIO()
        PIL.Image.fromarray(picture).save(buffer, "PNG")
        return buffer.getvalue()

    return made


@pytest.fixture(scope="session")
def as_array() -> Callable[[bytes], np.ndarray]:
    """The pixels of a picture's file."""
    return lambda data: np.asarray(PIL.Image.open(io.BytesIO(data)))


@pytest.fixture(scope="session")
def shot(photo: np.ndarray, as_png: Callable[[np.ndarray], bytes]) -> bytes:
    """The bytes of a photo of 128x96."""
    return as_png(photo)


@pytest.fixture(scope="session")
def problem() -> Callable[[Any, int], str]:
    """Returns the message of an error, which is one line of JSON without a traceback."""

    def message(response: Any, status: int) -> str:
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/json"
        assert response.text.endswith("\n") and response.text.count("\n") == 1
        body = json.loads(response.text)
        assert body.keys() == {"type", "message"} and body["type"] and "Traceback" not in body["message"]
        return str(body["message"])

    return message
