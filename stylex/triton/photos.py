"""Paints the photos of a batch, each from the bytes of a file to the bytes of a file."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from stylex.api.loading import load
from stylex.api.stylize import stylize
from stylex.artifacts.style_code import require_built_in
from stylex.errors import UsageError
from stylex.imaging.writing import encoded
from stylex.runtime.engine.options import SessionOptions
from stylex.runtime.painter import Painter

ENCODINGS = ("jpeg", "png", "webp")
Answer: TypeAlias = "bytes | BaseException"
"""The painted photo's file, or why there is none."""


@dataclass(frozen=True)
class PhotoRequest:
    """One photo to paint.

    Attributes:
        photo: bytes of its file.
        style: name of a built-in style; empty where a picture is given, or where the network has one style.
        style_picture: bytes of a picture's file.
        strength, keep_colors: as for `stylex.stylize`.
        size: pixels of the longer side that the photo is reduced to; 0 for none.
        encoding: of the painted photo, one of `ENCODINGS`.
    """

    photo: bytes
    style: str = ""
    style_picture: bytes = b""
    strength: float = 1.0
    keep_colors: bool = False
    size: int = 0
    encoding: str = "jpeg"


class PhotoPainter:
    """Paints batches of photos, each in a thread of its own, with one network for all of them.

    Args:
        technique: one that has graphs.
        network: whose weights hold one style; empty for any style.
        graphs: folder of exported graphs; the embedded ones by default.
        precision, provider: as for `stylex.load`.
        device_id: number of the graphics card.
        workers: photos that are painted at the same time.

    Raises:
        StylexError: as `stylex.load` does.
    """

    def __init__(
        self,
        technique: str,
        network: str = "",
        graphs: Path | None = None,
        precision: Any = "auto",
        provider: Any = "auto",
        device_id: int = 0,
        workers: int = 1,
    ) -> None:
        options = SessionOptions(1, spinning=False, device_id=device_id)
        self.painter: Painter = load(technique, precision, provider, style=network, graphs=graphs, options=options)
        self.technique, self.workers = technique, workers
        self._pool = ThreadPoolExecutor(workers, "stylex-triton")

    def paint_all(self, requests: Sequence[PhotoRequest]) -> list[Answer]:
        """Returns an answer to each request, in their order; one that can't be painted doesn't hinder the others."""
        running = [self._pool.submit(self.paint, one) for one in requests]
        return [one.exception() or one.result() for one in running]

    def paint(self, request: PhotoRequest) -> bytes:
        """Returns the painted photo's file.

        Raises:
            StylexError: as `stylex.stylize` does.
        """
        if request.encoding not in ENCODINGS:
            raise UsageError(f"the encoding is {request.encoding!r}; give one of {', '.join(ENCODINGS)}", encoding=None)
        painted = stylize(
            request.photo,
            self.painter,
            self._style(request),
            strength=request.strength,
            keep_colors=request.keep_colors,
            size=request.size or None,
            report=True,
        )
        return encoded(painted.rgb, painted.alpha, Path(f"painted.{request.encoding}"))

    def _style(self, request: PhotoRequest) -> str | bytes | None:
        if not self.painter.takes_styles:
            if request.style or request.style_picture:
                raise UsageError(f"this network of {self.technique} has one style: leave it out", style=None)
            return None
        if bool(request.style) == bool(request.style_picture):
            raise UsageError(f"{self.technique} needs a style: give a name or a picture, not both", style=None)
        if request.style:
            require_built_in(request.style, self.technique)
        return request.style or request.style_picture

    def close(self) -> None:
        """Ends the threads and frees the network."""
        self._pool.shutdown()
        self.painter.close()
