"""Times of repeated calls, and processes of their own to measure in."""

from __future__ import annotations

import pickle
import sys
import time
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from stylex.errors import ResourceError
from stylex.processes import packed, started, unpacked

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

    Args:
        function: of a module, or of the caller's main script, which the process then runs as an import.
        arguments: are pickled, as is what is returned.

    Raises:
        UsageError: as `stylex.processes.packed` and `unpacked`.
        ResourceError: the process was killed, as the system does when memory runs out.
    """
    process = started(_answer, given=packed(function, arguments))
    assert process.stdout is not None
    try:
        with process.stdout as pipe:
            result, error = pickle.load(pipe)
    except (EOFError, pickle.UnpicklingError):
        raise ResourceError(
            "the measuring process was killed, perhaps out of memory: use a smaller size", size=None
        ) from None
    finally:
        process.kill()
        process.wait()
    if error is not None:
        raise error
    return result


def _answer(pipe: BinaryIO) -> None:
    answer: tuple[Any, Exception | None]
    try:
        function, arguments = unpacked(sys.stdin.buffer)
        answer = function(*arguments), None
    except Exception as error:
        answer = None, error
    pickle.dump(answer, pipe)
