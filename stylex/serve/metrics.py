"""Metrics of a service, as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BUCKETS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Upper limits of the histogram's buckets, in seconds."""


class Metrics:
    """The metrics of one service, in a registry of their own.

    Args:
        inside: returns how many requests are worked on or wait.
        running: returns how many photos are painted right now.
        joined: returns how many requests have shared the painting of an equal one.
    """

    def __init__(self, inside: Callable[[], float], running: Callable[[], float], joined: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        own = self.registry
        self.requests = Counter("stylex_requests", "Answers by route and status.", ["route", "status"], registry=own)
        self.left = Counter("stylex_left", "Clients that left before their answer.", registry=own)
        self.seconds = Histogram(
            "stylex_paint_seconds", "Painting, without waiting.", ["technique"], buckets=BUCKETS, registry=own
        )
        for name, help_text, read in (
            ("stylex_inside", "Requests that are worked on or wait.", inside),
            ("stylex_painting", "Photos that are painted right now.", running),
            ("stylex_joined", "Requests that shared the painting of an equal one.", joined),
        ):
            Gauge(name, help_text, registry=own).set_function(read)

    def text(self) -> bytes:
        """Returns all of them in Prometheus's text format."""
        return generate_latest(self.registry)


@dataclass(eq=False)
class Counted:
    """An ASGI middleware that counts answers.

    Attributes:
        app: what is behind it.
        metrics: that count.
        routes: paths that are counted by their name; all others are one.
    """

    app: ASGIApp
    metrics: Metrics
    routes: frozenset[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note its status."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        route = scope["path"] if scope["path"] in self.routes else "other"

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.metrics.requests.labels(route, message["status"]).inc()
            await send(message)

        await self.app(scope, receive, noted)
