"""The page of the service, as static files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from stylex.page import SERVICE, SHARED

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
"""Headers of every file: a page loads nothing from anywhere else, and browsers ask for what has changed."""


def page_routes() -> list[Route]:
    """Returns a route for each file of the page, and "/" for the page itself."""
    files = {f"/{file.name}": file for folder in (SHARED, SERVICE) for file in sorted(folder.iterdir())}
    return [Route(path, _answer(file)) for path, file in {"/": SHARED / "index.html", **files}.items()]


def _answer(file: Path) -> Callable[[Request], Response]:
    def answered(_request: Request) -> Response:
        return FileResponse(file, headers=HEADERS)

    return answered
