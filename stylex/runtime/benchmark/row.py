"""One measured configuration: what was asked for and granted, how fast it is, and how much memory it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from stylex.artifacts.style_code import StyleCode
from stylex.errors import ModelError, UsageError
from stylex.imaging.arrays import Image
from stylex.runtime.benchmark.conditions import Conditions, between
from stylex.runtime.benchmark.profile import profiled
from stylex.runtime.benchmark.timing import Times, milliseconds, timed
from stylex.runtime.engine import hardware
from stylex.runtime.engine.options import SessionOptions
from stylex.runtime.engine.providers import provider_named
from stylex.runtime.loading import load
from stylex.runtime.painter import Painter
from stylex.techniques import Technique, technique_named

STYLE = "starry-night"


@dataclass(frozen=True)
class Row:
    """One configuration; all times are from uint8 photo to uint8 picture.

    Attributes:
        name: technique or network.
        precision, provider: what really ran.
        size: height and width in pixels.
        threads: that ONNX Runtime was given.
        p50_ms, p90_ms, p99_ms: percentiles of single calls in the steady state.
        runs: calls that were timed.
        images_per_second: of the median.
        asked: the provider that was asked for, such as "auto"; empty where nobody asked.
        load_ms, first_call_ms: of opening the graph, and of the first picture.
        engine_share: of the time that ONNX Runtime took; the rest is padding, palettes and copies.
        nodes: of the graph by the provider that ran them.
        fallen: operators that ran on the CPU although another provider was granted, with their count.
        peak_mib: largest resident memory of the process; None where the system doesn't tell.
        file_bytes, sha256: of the ONNX file.
        conditions: clock, temperature, power and load while it was measured.
        psnr, ssim: against the most precise graph there is, on the same photo; None for that graph itself.
        times_ms: of every single call.
    """

    name: str
    precision: str
    provider: str
    size: int
    threads: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    runs: int
    images_per_second: float
    asked: str = ""
    load_ms: float | None = None
    first_call_ms: float | None = None
    engine_share: float | None = None
    nodes: dict[str, int] = field(default_factory=dict)
    fallen: dict[str, int] = field(default_factory=dict)
    peak_mib: float | None = None
    file_bytes: int | None = None
    sha256: str | None = None
    conditions: dict[str, object] = field(default_factory=dict)
    psnr: float | None = None
    ssim: float | None = None
    times_ms: list[float] = field(default_factory=list)


def percentiles(times: Times | Sequence[float]) -> dict[str, Any]:
    """Returns what a row says of times in milliseconds."""
    median, p90, p99 = (round(float(np.percentile(times, p)), 3) for p in (50, 90, 99))
    shown = {"p50_ms": median, "p90_ms": p90, "p99_ms": p99, "runs": len(times)}
    return {**shown, "images_per_second": round(1e3 / median, 2), "times_ms": [round(float(t), 3) for t in times]}


@dataclass(frozen=True)
class Configuration:
    """Names what is to be measured.

    Attributes:
        technique: name or row of one that has graphs.
        precision, provider, threads: as for `stylex.load`.
        size: height and width in pixels.
        style: which network, where the weights hold one style.
        graphs: folder of ONNX files; None for the embedded ones.
    """

    technique: str | Technique
    precision: str
    provider: str = "auto"
    size: int = 512
    threads: int = 0
    style: str = ""
    graphs: Path | None = None

    def load(self, **options: Any) -> Painter:
        """Returns the painter; further options are those of its sessions."""
        settings = SessionOptions(self.threads, **options)
        where: dict[str, Any] = {"style": self.style, "graphs": self.graphs, "options": settings}
        return load(self.technique, self.precision, self.provider, **where)


def ready(painter: Painter, photo: Image, size: int) -> Callable[[], Image]:
    """Returns a function that paints a square of the photo in a style that is already encoded."""
    codes = (_fitting_code(painter).values[None], np.ones((1, 1, 1, 1), np.float32)) if painter.takes_styles else ()
    square = cv2.resize(photo, (size, size), interpolation=cv2.INTER_AREA).astype(np.uint8)
    return lambda: painter.paint(square, *codes).picture


def paint_row(asked: Configuration, photo: Image) -> tuple[Row, Image]:
    """Measures one configuration in this process; also returns the picture, for comparing."""
    start, loaded = Conditions.read(), []
    load_ms = timed(lambda: loaded.append(asked.load()))
    painter = loaded[0]
    paint = ready(painter, photo, asked.size)
    first_call_ms = timed(paint)
    times = milliseconds(paint)
    peak_mib = hardware.peak_memory_mib()
    profile = profiled(lambda prefix: _profiling(asked, prefix, photo), provider_named(painter.provider).ort_name)
    file = painter.transfer.path
    row = Row(
        name=" ".join(filter(None, ("stylex", technique_named(asked.technique).name, painter.metadata.style))),
        precision=painter.precision,
        provider=painter.provider,
        size=asked.size,
        threads=SessionOptions(asked.threads).thread_count,
        asked=asked.provider,
        load_ms=round(load_ms, 2),
        first_call_ms=round(first_call_ms, 2),
        engine_share=profile.engine_share,
        nodes=profile.nodes,
        fallen=profile.fallen,
        peak_mib=peak_mib,
        file_bytes=file.stat().st_size,
        sha256=painter.transfer.sha256,
        conditions=between(start, Conditions.read()),
        **percentiles(times),
    )
    return row, paint()


def _profiling(asked: Configuration, prefix: Path, photo: Image) -> tuple[Callable[[], object], Callable[[], Path]]:
    painter = asked.load(profile=prefix)
    return ready(painter, photo, asked.size), painter.transfer.end_profile


def _fitting_code(painter: Painter) -> StyleCode:
    """Returns a built-in style; where none fits the graph, the code of a seeded picture of noise."""
    try:
        return painter.code(STYLE)
    except (ModelError, UsageError):
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
        return painter.encode(cv2.resize(noise, (256, 256), interpolation=cv2.INTER_CUBIC).astype(np.uint8))
