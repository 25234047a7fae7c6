"""Times of repeated calls, and processes of their own to measure in."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import numpy as np
import numpy.typing as npt

from stylex.errors import ResourceError

WARM_UP = 3
LEAST_RUNS, MOST_RUNS = 8, 300
SECONDS = 3.0

Times = npt.NDArray[np.float64]
"""Milliseconds of single calls, (N,)."""


def timed(function: Callable[[], object]) -> float:
    """Calls once, and returns the milliseconds that it took."""
    start = time.perf_counter()
    function()
    return (time.perf_counter() - start) * 1e3


def milliseconds(function: Callable[[], object], seconds: float = SECONDS) -> Times:
    """Times repeated calls after a warm-up: at least 8, at most 300, for about `seconds` seconds."""
    for _ in range(WARM_UP):
        function()
    times: list[float] = []
    while len(times) < LEAST_RUNS or (sum(times) < seconds * 1e3 and len(times) < MOST_RUNS):
        times.append(timed(function))
    return np.array(times)


def isolated(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a function in a fresh process, so that its peak memory is its own. Its errors are raised here.

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
