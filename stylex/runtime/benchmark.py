"""Measures the speed of a technique: median, 95th percentile, memory, each configuration in a process of its own."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from stylex._version import __version__
from stylex.artifacts.style_code import StyleCode
from stylex.errors import MissingPackage, ModelError, ResourceError
from stylex.files import write_json
from stylex.imaging.arrays import Image
from stylex.runtime.engine import hardware
from stylex.runtime.loading import load
from stylex.runtime.painter import Painter

WARM_UP = 3
LEAST_RUNS, MOST_RUNS = 8, 100
SECONDS = 3.0
STYLE = "starry-night"


@dataclass(frozen=True)
class Row:
    """One configuration.

    Attributes:
        name: technique or network.
        precision, provider: what really ran.
        size: height and width in pixels.
        threads: 0 for all cores.
        median_ms, p95_ms: from uint8 photo to uint8 picture.
        images_per_second: of the median.
        peak_mib: largest resident memory of the process; None where the system doesn't tell.
        file_bytes: of the ONNX file.
        psnr, ssim: against the most precise graph there is, on the same photo; None for that graph itself.
    """

    name: str
    precision: str
    provider: str
    size: int
    threads: int
    median_ms: float
    p95_ms: float
    images_per_second: float
    peak_mib: float | None = None
    file_bytes: int | None = None
    psnr: float | None = None
    ssim: float | None = None


def milliseconds(function: Callable[[], object], seconds: float = SECONDS) -> npt.NDArray[np.float64]:
    """Times of repeated calls after a warm-up: at least 8, at most 100, for about `seconds` seconds."""
    for _ in range(WARM_UP):
        function()
    times: list[float] = []
    while len(times) < LEAST_RUNS or (sum(times) < seconds * 1e3 and len(times) < MOST_RUNS):
        start = time.perf_counter()
        function()
        times.append((time.perf_counter() - start) * 1e3)
    return np.array(times)


def isolated(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a fresh process, so that its peak memory is its own. Its errors are raised here.

    Raises:
        ResourceError: the process was killed, as the system does when memory runs out.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(function, *arguments).result()
        except BrokenProcessPool as error:
            raise ResourceError(
                "the measuring process was killed, perhaps out of memory: use a smaller size", size=None
            ) from error


def paint_row(
    technique: str,
    precision: str,
    provider: str,
    size: int,
    threads: int,
    photo: Image,
    style: str,
    graphs: Path | None,
) -> tuple[Row, Image]:
    """Measure one configuration in this process; also returns the picture, for comparing.

    Args:
        style: which network, where the weights hold one style.
    """
    painter = load(technique, precision, provider, style=style, graphs=graphs, threads=threads)
    codes = (_fitting_code(painter).values[None], np.ones((1, 1, 1, 1), np.float32)) if painter.takes_styles else ()
    photo = cv2.resize(photo, (size, size), interpolation=cv2.INTER_AREA).astype(np.uint8)
    times = milliseconds(lambda: painter.paint(photo, *codes))
    median = float(np.median(times))
    row = Row(
        name=" ".join(filter(None, ("stylex", technique, painter.transfer.metadata.style))),
        precision=painter.precision,
        provider=painter.provider,
        size=size,
        threads=threads,
        median_ms=round(median, 2),
        p95_ms=round(float(np.percentile(times, 95)), 2),
        images_per_second=round(1e3 / median, 2),
        peak_mib=hardware.peak_memory_mib(),
        file_bytes=painter.transfer.path.stat().st_size,
    )
    return row, painter.paint(photo, *codes).picture


def _fitting_code(painter: Painter) -> StyleCode:
    """A built-in style; for graphs of other weights, which it doesn't fit, the code of a seeded picture of noise."""
    try:
        return painter.code(STYLE)
    except ModelError:
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
        return painter.encode(cv2.resize(noise, (256, 256), interpolation=cv2.INTER_CUBIC).astype(np.uint8))


def default_photo() -> Image:
    """A real photo, from scikit-image.

    Raises:
        MissingPackage: scikit-image isn't installed.
    """
    try:
        from skimage import data
    except ImportError:
        raise MissingPackage("scikit-image", "export") from None
    return np.asarray(data.astronaut(), np.uint8)  # type: ignore[no-untyped-call]


def similarity(picture: Image, reference: Image) -> tuple[float, float | None]:
    """PSNR in decibels and SSIM of two 8-bit pictures; SSIM is None without scikit-image."""
    psnr = min(100.0, float(cv2.PSNR(picture, reference)))
    try:
        from skimage.metrics import structural_similarity
    except ImportError:
        return psnr, None
    ssim = structural_similarity(picture, reference, channel_axis=2, data_range=255)  # type: ignore[no-untyped-call]
    return psnr, float(ssim)


def machine() -> dict[str, object]:
    """Hardware and versions, for the head of a benchmark."""
    versions = {"stylex": __version__, "onnxruntime": ort.__version__}
    return {**hardware.describe(), **versions, "providers": ort.get_available_providers()}


def write_report(path: Path, rows: Sequence[Row | Mapping[str, Any]], **more: Any) -> None:
    """Write `{"machine": ..., "rows": [...]}`. Raises as `stylex.files.written_aside` does."""
    plain = [asdict(r) if isinstance(r, Row) else dict(r) for r in rows]
    write_json(path, {"machine": machine(), "rows": plain, **more})
