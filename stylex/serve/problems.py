"""Errors as a service answers them: one line of JSON with a type and a message."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from stylex.errors import INTERNAL, InputError, ResourceError, StylexError, UsageError, with_parameters

STATUS: Mapping[type[StylexError], int] = {UsageError: 422, InputError: 422, ResourceError: 503}
"""Status codes of stylex's own errors; any other is 500."""
TYPES: Mapping[int, str] = {
    400: "BadRequest",
    404: "NotFound",
    405: "MethodNotAllowed",
    408: "Timeout",
    413: "TooLarge",
    422: "UsageError",
    429: "QueueFull",
    503: "Unavailable",
    504: "Timeout",
}
"""Types of errors that have no class."""


class Problem(BaseModel):
    """The body of every answer that isn't a success.

    Attributes:
        type: for programs, such as "InputError"; a section of `docs/errors.md`.
        message: one line: what was given, what is needed, what to do.
    """

    type: str
    message: str


class Refused(HTTPException):
    """A request that isn't painted, for a reason that lies outside of the photo and the style."""


def too_large(what: str, limit: str) -> Refused:
    """Returns the refusal of something that is over a limit."""
    return Refused(413, f"{what} is too large; the limit is {limit}: send less", {"Connection": "close"})


def queue_full(seconds: float) -> Refused:
    """Returns the refusal of a request for which there is no place, until about so many seconds have passed."""
    after = max(1, math.ceil(seconds))
    return Refused(429, f"the queue is full: try again in {after} s", {"Retry-After": str(after)})


def too_slow(seconds: float, status: int = 504) -> Refused:
    """Returns the refusal of a request that took longer than it may; 408 where it was its upload."""
    what = "the upload" if status == 408 else "the painting"
    return Refused(status, f"{what} wasn't done after {seconds:g} s: send a smaller photo, or ask for a smaller size")


def ending() -> Refused:
    """Returns the refusal of a request that the service ends before it is done."""
    return Refused(503, "the service is ending: send the photo again once it is back", {"Connection": "close"})


def answered(status: int, kind: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Returns an error as an answer of one line."""
    problem = Problem(type=kind, message=" ".join(message.split()))
    return Response(problem.model_dump_json() + "\n", status, headers, "application/json")


def of_http(error: HTTPException, call: str = "") -> Response:
    """Returns the answer to an error of HTTP; `call` is the method and the path."""
    status, headers = error.status_code, error.headers or {}
    titles = {
        404: f"there is no {call}",
        405: f"{call} isn't possible here, only {headers.get('allow', 'other methods')}",
    }
    message = (
        str(error.detail)
        if isinstance(error, Refused) or status not in titles
        else f"{titles[status]}: see /openapi.json"
    )
    return answered(status, TYPES.get(status, "Error"), message, headers)


def of_stylex(error: StylexError, _call: str = "") -> Response:
    """Returns the answer to an error of stylex, with the fields that its advice is about."""
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
    return answered(status, error.kind, with_parameters(error))


def of_validation(error: RequestValidationError, _call: str = "") -> Response:
    """Returns the answer to fields that are missing, or of the wrong kind or range."""
    return answered(422, "UsageError", "; ".join(_described(one) for one in error.errors()[:3]))


def of_memory(_error: MemoryError, _call: str = "") -> Response:
    """Returns the answer where the machine has no memory left for a request."""
    return of_stylex(ResourceError("there isn't enough memory for this: send a smaller photo", size=None))


def of_bug(_error: Exception, _call: str = "") -> Response:
    """Returns the answer to an error of our own, which goes to the log and not to the client."""
    return answered(500, INTERNAL, "something went wrong in the service: its log says what")


def _described(error: Mapping[str, Any]) -> str:
    """Returns one finding of the validation as a text."""
    place = ".".join(str(part) for part in error["loc"] if part not in ("body", "query"))
    return f"{place or 'the body'}: {error['msg']}"
