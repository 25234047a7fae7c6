"""The server of the application: uvicorn, with errors of the protocol as lines of JSON too."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Iterator

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from stylex.errors import ResourceError, UsageError
from stylex.serve.problems import TYPES, answered

BACKLOG = 512
"""Connections that wait to be accepted."""


class Protocol(H11Protocol):
    """HTTP/1.1 that answers what isn't HTTP as every other error."""

    def send_400_response(self, msg: str) -> None:
        """Answers what can't be understood, and closes the connection."""
        response = answered(400, TYPES[400], f"{msg.rstrip('.')}: send a request of HTTP/1.1")
        headers = [*response.raw_headers, (b"connection", b"close")]
        with contextlib.suppress(h11.LocalProtocolError):  # an answer has begun already
            for event in (
                h11.Response(status_code=400, headers=headers, reason=STATUS_PHRASES[400]),
                h11.Data(data=bytes(response.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def bound(host: str, port: int) -> socket.socket:
    """Returns a socket that listens on an address; port 0 takes a free one.

    Raises:
        UsageError: there is no such address here, or no such port.
        ResourceError: the port is taken, or may not be used.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (socket.gaierror, OverflowError) as error:
        raise UsageError(f"{host!r} is no address of this machine: give 127.0.0.1 or another", host=None) from error
    except OSError as error:
        why = error.strerror or str(error)
        raise ResourceError(f"{host}:{port} can't be listened on ({why}): choose another port", port=0) from error


def url_of(listening: socket.socket) -> str:
    """Returns the address at which a browser finds the service."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def serve(listening: socket.socket, app: FastAPI, drain: float = 30.0) -> int:
    """Serves until SIGTERM or SIGINT; then takes no more requests, and answers those that there are.

    Args:
        listening: from `bound`.
        app: the service.
        drain: seconds after which requests that still run are given up.

    Returns:
        The number of requests that were given up.

    Raises:
        KeyboardInterrupt: after SIGINT.
    """
    config = configured(app, drain)
    with _ending_by_itself():
        uvicorn.Server(config).run([listening])
    gate = app.state.service.gate
    return 0 if gate is None else int(gate.given_up)


def configured(app: FastAPI, drain: float) -> uvicorn.Config:
    """Returns how uvicorn serves an application; `drain` as for `serve`."""
    return uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="on",
        loop="asyncio",
        log_level="warning",
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=max(1, round(drain)),
    )


@contextlib.contextmanager
def _ending_by_itself() -> Iterator[None]:
    """Keeps SIGTERM, which uvicorn raises once more behind its own work, from killing what is done."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
