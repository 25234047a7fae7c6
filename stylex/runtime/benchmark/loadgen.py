"""Runs two scenarios of MLPerf Inference (Reddi et al. 2020) with the load generator of its authors.

SingleStream sends one photo after the other and reports the 90th percentile of the latency; Offline sends all at once
and reports photos a second. The photos are copies of one, so that this is the protocol of MLPerf and no result of it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stylex.errors import ModelError
from stylex.imaging.arrays import Image
from stylex.installation import optional
from stylex.runtime.benchmark.row import Configuration, ready
from stylex.runtime.benchmark.timing import milliseconds

SCENARIOS = ("SingleStream", "Offline")
SAMPLES = 64
"""Photos that the load generator chooses from."""
SUMMARY = "mlperf_log_summary.txt"
FIGURES = {
    "SingleStream": r"90(?:\.0*)?th percentile latency \(ns\)\s*:\s*(\d+)",
    "Offline": r"Samples per second\s*:\s*([\d.]+)",
}


@dataclass(frozen=True)
class LoadgenResult:
    """Holds what the load generator found.

    Attributes:
        scenario: one of `SCENARIOS`.
        valid: whether the run was long enough by MLPerf's rules for the given duration.
        p90_ms: 90th percentile of the latency; None for Offline.
        samples_per_second: None for SingleStream.
        summary: of the load generator, whole.
    """

    scenario: str
    valid: bool
    p90_ms: float | None
    samples_per_second: float | None
    summary: str


def require_loadgen() -> Any:
    """Returns the load generator's module.

    Raises:
        MissingPackage: it isn't installed.
    """
    return optional("mlperf_loadgen", "mlcommons-loadgen")


def run_scenario(asked: Configuration, photo: Image, scenario: str, seconds: float) -> LoadgenResult:
    """Runs one scenario for at least so many seconds, in this process.

    Raises:
        MissingPackage: the load generator isn't installed.
        ModelError: it wrote no summary.
    """
    lg = require_loadgen()
    paint = ready(asked.load(), photo, asked.size)
    settings = lg.TestSettings()
    settings.scenario = getattr(lg.TestScenario, scenario)
    settings.mode = lg.TestMode.PerformanceOnly
    settings.min_duration_ms, settings.min_query_count = int(1e3 * seconds), 1
    rate = _rate(paint)  # by which the load generator chooses how many photos to prepare
    settings.offline_expected_qps, settings.single_stream_expected_latency_ns = rate, int(1e9 / rate / 2)
    with tempfile.TemporaryDirectory() as folder:
        _start(lg, _answering(lg, paint), settings, folder)
        try:
            summary = (Path(folder) / SUMMARY).read_text(encoding="utf-8")
        except OSError as error:
            raise ModelError(f"the load generator wrote no summary of {scenario}") from error
    found = re.search(FIGURES[scenario], summary)
    figure = float(found[1]) if found else float("nan")
    offline = scenario == "Offline"
    valid = re.search(r"Result is\s*:\s*VALID", summary) is not None
    return LoadgenResult(scenario, valid, None if offline else figure / 1e6, figure if offline else None, summary)


def _rate(paint: Callable[[], Image]) -> float:
    """Photos a second, roughly."""
    return 1e3 / float(np.median(milliseconds(paint, 0.3)))


def _answering(lg: Any, paint: Callable[[], Image]) -> Callable[[Any], None]:
    def answer(samples: Any) -> None:
        for sample in samples:
            painted = paint()
            lg.QuerySamplesComplete([lg.QuerySampleResponse(sample.id, painted.ctypes.data, painted.nbytes)])

    return answer


def _start(lg: Any, answer: Callable[[Any], None], settings: Any, folder: str) -> None:
    system = lg.ConstructSUT(answer, lambda: None)
    library = lg.ConstructQSL(SAMPLES, SAMPLES, lambda _: None, lambda _: None)
    logs = lg.LogSettings()
    logs.log_output.outdir, logs.log_output.copy_summary_to_stdout, logs.enable_trace = folder, False, False
    try:
        lg.StartTestWithLogSettings(system, library, settings, logs)
    finally:
        lg.DestroyQSL(library)
        lg.DestroySUT(system)
