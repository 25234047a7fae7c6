"""The painters of a service: one a technique or network, loaded once and shared by all threads."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stylex.api.loading import load
from stylex.api.stylize import stylize
from stylex.artifacts.catalog import GRAPHS, styles_in
from stylex.artifacts.style_code import built_in
from stylex.errors import Interrupted, UsageError
from stylex.imaging.writing import encoded, loses_transparency
from stylex.runtime.engine.options import SessionOptions
from stylex.runtime.semantic.segmenters import SegmenterProtocol, embedded_segmenter
from stylex.runtime.style_painter import StylePainter
from stylex.serve.orders import Order
from stylex.serve.settings import Settings
from stylex.techniques import ARBITRARY, SINGLE


@dataclass(frozen=True)
class Painting:
    """A painted photo.

    Attributes:
        data: the bytes of its file.
        media_type: such as "image/jpeg".
        title: what ran, such as "adain int8 on cpu".
        seconds: that it took, without waiting.
    """

    data: bytes
    media_type: str
    title: str
    seconds: float


@dataclass(eq=False)
class Studio:
    """Paints orders; safe to call from several threads.

    Attributes:
        settings: of the service.
    """

    settings: Settings
    _painters: dict[tuple[str, str], StylePainter] = field(default_factory=dict)
    _segmenter: SegmenterProtocol | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self) -> StylePainter:
        """Loads and warms up the first technique, so that what is wrong with it is known before the service starts.

        Raises:
            StylexError: as `stylex.load` does.
        """
        first = self.settings.techniques[0]
        painter = self.painter(first, self.styles(first)[0]["name"] if first in SINGLE else "")
        painter.warm_up()
        return painter

    def painter(self, technique: str, network: str = "") -> StylePainter:
        """Returns the painter of a technique; `network` where its weights hold one style. Raises as `stylex.load`."""
        with self._lock:
            if (technique, network) not in self._painters:
                self._painters[technique, network] = self._loaded(technique, network)
            return self._painters[technique, network]

    def _loaded(self, technique: str, network: str) -> StylePainter:
        settings = self.settings
        if technique not in (*ARBITRARY, *SINGLE):
            return load(technique)
        # Painters wait beside each other for the same cores: none may spin.
        options = SessionOptions(settings.threads_each, spinning=False)
        backend: dict[str, Any] = {"precision": settings.precision, "provider": settings.provider}
        return load(technique, style=network, graphs=settings.graphs, options=options, **backend)

    def _people(self) -> SegmenterProtocol:
        """Returns what finds people."""
        with self._lock:
            self._segmenter = self._segmenter or embedded_segmenter(self.settings.graphs, self.settings.threads_each)
            return self._segmenter

    def styles(self, technique: str) -> list[dict[str, str]]:
        """Returns the names of the styles of a technique, and the works that they were made of, where known."""
        if technique in ARBITRARY:
            return [{"name": code.name, "work": code.work} for code in built_in(technique).values()]
        if technique in SINGLE:
            folder = self.settings.graphs or GRAPHS
            return [{"name": name, "work": ""} for name in styles_in(folder, technique)]
        return []

    def paint(self, order: Order, stop: threading.Event) -> Painting:
        """Paints an order.

        Args:
            order: was checked by `Order.require`.
            stop: ends the work between two tiles, once nobody waits for it.

        Raises:
            StylexError: as `stylex.stylize` does.
            Interrupted: it was stopped.
        """

        def watched(*_progress: object) -> None:
            if stop.is_set():
                raise Interrupted("nobody waits for this painting any more")

        watched()
        technique, network, style = order.technique, "", list(order.styles)
        if technique in SINGLE:
            network = str(order.styles[0][0])
            if network not in [one["name"] for one in self.styles(technique)]:
                known = ", ".join(one["name"] for one in self.styles(technique))
                raise UsageError(f"there is no {technique} network for {network!r}; choose {known}", style=None)
        result = stylize(
            order.photo,
            self.painter(technique, network),
            None if network else style,
            strength=order.strength,
            keep_colors=order.keep_colors,
            size=order.size or self.settings.longest,
            progress=watched,
            report=True,
            **self._regions(order),
        )
        place = Path(f"painted.{order.encoding}")
        data = encoded(result.rgb, result.alpha, place, order.quality)
        laid = ("transparency laid on white",) if loses_transparency(result.alpha, place) else ()
        summary = ", ".join((str(result.ran), *result.notes, *laid))
        return Painting(data, f"image/{order.encoding}", summary, result.ran.seconds)

    def _regions(self, order: Order) -> dict[str, Any]:
        """Returns the options of `stylize` that treat people differently."""
        if order.people is None and not order.people_style:
            return {}
        styles, share = list(order.styles), 1.0 if order.people is None else order.people
        own: Any = order.people_style or styles
        regions = {"person": None if share == 0 else (own, share), "background": (styles, 1.0)}
        return {"regions": regions, "segmenter": self._people()}
