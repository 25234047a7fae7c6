"""The service as an ASGI application: its routes and what they answer."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

import anyio
from fastapi import FastAPI, File, Form, Query, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request

from stylex._version import __version__
from stylex.errors import StylexError, UsageError
from stylex.serve.gate import Gate
from stylex.serve.jobs import Jobs
from stylex.serve.metrics import Counted, Metrics
from stylex.serve.orders import Encoding, OneStyle, Order
from stylex.serve.pages import page_routes
from stylex.serve.problems import Problem, answered, of_bug, of_http, of_memory, of_stylex, of_validation, too_slow
from stylex.serve.settings import Settings
from stylex.serve.studio import Painting, Studio
from stylex.techniques import STRONGEST, technique_named

PAINT = "/v1/paint"
ROUTES = frozenset({PAINT, "/v1/styles", "/health", "/ready", "/metrics", "/openapi.json", "/"})
ABOUT = {
    400: "The body is no multipart form.",
    408: "The upload took too long.",
    413: "The body or a picture is too large.",
    422: "A field, the photo or a style can't be used.",
    429: "The queue is full; Retry-After says when to try again.",
    500: "The service failed.",
    503: "Memory, a package or a provider is missing.",
    504: "The painting took too long.",
}
IMAGES: dict[str, Any] = {
    f"image/{encoding}": {"schema": {"type": "string", "format": "binary"}} for encoding in ("jpeg", "png", "webp")
}


class StyleFacts(BaseModel):
    """One style of a technique."""

    name: str
    work: str


class Served(BaseModel):
    """One technique of the service."""

    technique: str
    people: bool
    pictures: bool
    longest: int
    styles: list[StyleFacts]


class State(BaseModel):
    """Whether the service lives, or is ready."""

    status: str


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Returns the errors of a route for its description."""
    return {code: {"model": Problem, "description": ABOUT[code]} for code in codes}


class Service:
    """The state that all routes share.

    Args:
        settings: limits and backend.
        studio: paints.
    """

    def __init__(self, settings: Settings, studio: Studio) -> None:
        self.settings, self.studio = settings, studio
        self.jobs: Jobs[Painting] | None = None
        self.gate: Gate | None = None
        self.metrics = Metrics(
            inside=lambda: 0 if self.gate is None else self.gate.inside,
            running=lambda: 0 if self.jobs is None else self.jobs.running,
            joined=lambda: 0 if self.jobs is None else self.jobs.joined,
        )

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: object) -> AsyncIterator[None]:
        """Keeps the jobs while the service lives."""
        async with anyio.create_task_group() as group:
            self.jobs = Jobs(group, self.settings.at_once)
            yield
            self.jobs = None

    async def painted(self, order: Order, time_limit: float | None) -> Painting:
        """Paints an order within its time. Raises as `Studio.paint` does, or Refused."""
        assert self.jobs is not None, "the service lives"
        limit = min(time_limit or self.settings.time_limit, self.settings.time_limit)
        try:
            with anyio.fail_after(limit):
                return await self.jobs.result(order.key, lambda stop: self.studio.paint(order, stop))
        except TimeoutError:
            raise too_slow(limit) from None


def service_app(settings: Settings, studio: Studio | None = None) -> FastAPI:
    """Returns the application.

    Args:
        settings: limits and backend.
        studio: paints; one of these settings by default.

    Raises:
        StylexError: the first technique can't be loaded.
    """
    service = Service(settings, studio or Studio(settings))
    service.studio.open()
    app = FastAPI(
        title="stylex",
        version=__version__,
        summary="Neural style transfer: a photo and a style in, a painted photo out.",
        lifespan=service.lifespan,
        docs_url=None,  # both load scripts from elsewhere
        redoc_url=None,
    )
    app.state.service = service
    _add_paint(app, service)
    _add_information(app, service)
    app.router.routes.extend(page_routes())
    for kind, answer in _ANSWERS.items():
        app.add_exception_handler(kind, _handler(answer))
    app.add_middleware(_gated(service))
    app.add_middleware(Counted, metrics=service.metrics, routes=ROUTES)
    return app


_ANSWERS: dict[type[Exception], Callable[[Any, str], Response]] = {
    HTTPException: of_http,
    RequestValidationError: of_validation,
    StylexError: of_stylex,
    MemoryError: of_memory,
    Exception: of_bug,
}


def _handler(answer: Callable[[Any, str], Response]) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handled(request: Request, error: Exception) -> Response:
        return answer(error, f"{request.method} {request.url.path}")

    return handled


def _gated(service: Service) -> Any:
    def made(app: Any) -> Gate:
        service.gate = Gate(app, service.settings, PAINT, service.metrics.left.inc)
        return service.gate

    return made


def _add_paint(app: FastAPI, service: Service) -> None:
    first = service.settings.techniques[0]

    @app.post(
        PAINT,
        response_class=Response,
        responses={200: {"description": "The painted photo.", "content": IMAGES}, **problems(*ABOUT)},
        summary="Paint a photo",
    )
    async def paint(
        photo: Annotated[UploadFile, File(description="JPEG, PNG, WebP, BMP or TIFF.")],
        style: Annotated[list[str], Form(description="Built-in styles; for fast and cyclegan a network.")] = [],  # noqa: B006
        style_picture: Annotated[list[UploadFile], File(description="Pictures as styles, behind the names.")] = [],  # noqa: B006
        weight: Annotated[list[float], Form(description="One for each style; equal shares by default.")] = [],  # noqa: B006
        technique: Annotated[str, Form(description="See /v1/styles.")] = first,
        strength: Annotated[float, Form(ge=0, le=STRONGEST, description="0 keeps the photo.")] = 1.0,
        size: Annotated[int | None, Form(ge=1, description="Longer side in pixels; larger photos are reduced.")] = None,
        keep_colors: Annotated[bool, Form(description="Take the strokes, keep the photo's colours.")] = False,
        people: Annotated[float | None, Form(ge=0, le=1, description="Share of the strength on people.")] = None,
        people_style: Annotated[str, Form(description="A built-in style for people alone.")] = "",
        encoding: Annotated[Encoding, Form(description="Of the answer.")] = "jpeg",
        quality: Annotated[int, Form(ge=1, le=100, description="Of JPEG and WebP.")] = 95,
        time_limit: Annotated[float | None, Form(gt=0, description="Seconds that the painting may take.")] = None,
    ) -> Response:
        styles: list[OneStyle] = [*style, *[await one.read() for one in style_picture]]
        pairs = tuple(zip(styles, _weights(weight, len(styles)), strict=True))
        rest = (strength, keep_colors, size, people, people_style, encoding, quality)
        order = Order(await photo.read(), technique, pairs, *rest)
        await anyio.to_thread.run_sync(order.require, service.settings)
        painting = await service.painted(order, time_limit)
        service.metrics.seconds.labels(technique).observe(painting.seconds)
        headers = {"X-Stylex-Ran": painting.title, "Server-Timing": f"paint;dur={painting.seconds * 1e3:.1f}"}
        return Response(painting.data, headers=headers, media_type=painting.media_type)


def _weights(given: list[float], styles: int) -> list[float]:
    if given and len(given) != styles:
        raise UsageError(
            f"{styles} styles and {len(given)} weights were given: give one for each, or none", weight=None
        )
    return given or [1.0] * styles


def _add_information(app: FastAPI, service: Service) -> None:
    @app.get("/v1/styles", summary="Techniques and their styles", responses=problems(422))
    async def styles(
        technique: Annotated[str | None, Query(description="Only this one.")] = None,
    ) -> list[Served]:
        names = service.settings.techniques
        if technique is not None and technique not in names:
            raise UsageError(f"{technique!r} isn't served here; choose {', '.join(names)}", technique=None)
        chosen = names if technique is None else (technique,)
        return await anyio.to_thread.run_sync(lambda: [_served(service.studio, name) for name in chosen])

    @app.get("/health", summary="Whether the process lives")
    async def health() -> State:
        return State(status="ok")

    @app.get("/ready", summary="Whether it takes paintings", responses=problems(503))
    async def ready() -> Any:
        gate = service.gate
        if service.jobs is None or gate is None or gate.inside >= service.settings.admitted:
            return answered(503, "Unavailable", "the queue is full: ask again in a second", {"Retry-After": "1"})
        return State(status="ready")

    @app.get(
        "/metrics",
        summary="Metrics for Prometheus",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}},
    )
    async def metrics() -> Response:
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4")


def _served(studio: Studio, technique: str) -> Served:
    known = technique_named(technique)
    styles = [StyleFacts(**one) for one in studio.styles(technique)]
    return Served(
        technique=technique,
        people=known.takes_masks,
        pictures=not known.single_style,
        longest=studio.settings.longest,
        styles=styles,
    )
