"""The gate before the paintings: places, sizes, time and clients that leave, before anything is parsed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stylex.serve.problems import Refused, ending, of_http, queue_full, too_large, too_slow
from stylex.serve.settings import MIB, Settings

SMOOTHING = 0.2
"""Weight of the newest request in the average of how long requests take."""


@dataclass(eq=False)
class Gate:
    """An ASGI middleware: requests to `path` pass where there is a place for them, and within their limits.

    Attributes:
        app: what is behind it.
        settings: the limits.
        path: of the paintings; all else passes.
        left: is called for a request whose client left.
        given_up: requests that were cut off, since the service ended before they were done.
        inside: requests that have a place.
        seconds: that a request takes, averaged.
    """

    app: ASGIApp
    settings: Settings
    path: str
    left: Callable[[], object]
    given_up: int = 0
    inside: int = 0
    seconds: float = field(default=0.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request pass, or answers it."""
        if scope["type"] != "http" or scope["path"] != self.path or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        try:
            self._require_place(scope)
        except Refused as refusal:
            await of_http(refusal)(scope, receive, send)
            return
        self.inside += 1
        start = time.perf_counter()
        passage = Passage(self.app, self.settings, self.left, scope, receive, send)
        try:
            await passage.pass_through()
        except asyncio.CancelledError:  # nobody else cancels a request from outside: the time to drain is over
            self.given_up += 1
            if not passage.answered:
                await of_http(ending())(scope, receive, send)
        finally:
            self.inside -= 1
            took = time.perf_counter() - start
            self.seconds = took if not self.seconds else (1 - SMOOTHING) * self.seconds + SMOOTHING * took

    def _require_place(self, scope: Scope) -> None:
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self.settings.max_bytes:
            raise too_large("the body", f"{self.settings.max_bytes / MIB:g} MiB")
        if self.inside >= self.settings.admitted:
            raise queue_full(self.seconds)


@dataclass(eq=False)
class Passage:
    """One request on its way through the gate.

    Attributes:
        received: bytes of its body so far.
        complete: all of its body is there.
        answered: its answer has begun.
        The others are those of the gate and of ASGI.
    """

    app: ASGIApp
    settings: Settings
    left: Callable[[], object]
    scope: Scope
    receive: Receive
    send: Send
    received: int = 0
    complete: anyio.Event = field(default_factory=anyio.Event)
    answered: bool = False

    async def pass_through(self) -> None:
        """Runs the request until it is answered, its time is over, or its client left."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._until_left, group.cancel_scope)
            with anyio.move_on_after(self.settings.time_limit) as time_limit:
                await self.app(self.scope, self._counted, self._noted)
            if time_limit.cancelled_caught and not self.answered:
                refusal = too_slow(self.settings.time_limit, 504 if self.complete.is_set() else 408)
                await of_http(refusal)(self.scope, self.receive, self.send)
            group.cancel_scope.cancel()

    async def _counted(self) -> Message:
        """Receives a part of the body; what is longer than it may be is refused, whatever it declared."""
        message = await self.receive()
        if message["type"] == "http.disconnect":
            self.left()
            return message
        self.received += len(message.get("body", b""))
        if self.received > self.settings.max_bytes:
            raise too_large("the body", f"{self.settings.max_bytes / MIB:g} MiB")
        if not message.get("more_body", False):
            self.complete.set()
        return message

    async def _noted(self, message: Message) -> None:
        self.answered = True
        await self.send(message)

    async def _until_left(self, scope: anyio.CancelScope) -> None:
        """Cancels the request once its client has left."""
        await self.complete.wait()
        while (await self.receive())["type"] != "http.disconnect":
            pass
        if not self.answered:
            self.left()
            scope.cancel()
