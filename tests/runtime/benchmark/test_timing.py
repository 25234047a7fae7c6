"""Times of repeated calls, and processes of their own."""

from __future__ import annotations

import os
import time

import pytest

from stylex.errors import ResourceError, UsageError
from stylex.runtime.benchmark import timing
from stylex.runtime.benchmark.timing import isolated, milliseconds, timed
from stylex.techniques import technique_named


def test_milliseconds_warms_up_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "MOST_RUNS", 20)
    calls: list[int] = []
    times = milliseconds(lambda: calls.append(1), seconds=0)
    assert len(times) == timing.LEAST_RUNS
    assert len(calls) == timing.LEAST_RUNS + timing.WARM_UP
    assert len(milliseconds(lambda: None, seconds=99)) == 20
    assert (times >= 0).all()


def test_one_call_in_milliseconds() -> None:
    assert 10 <= timed(lambda: time.sleep(0.01)) < 1000


def test_processes_of_their_own() -> None:
    assert isolated(os.getpid) != os.getpid()
    with pytest.raises(UsageError, match="no technique 'picasso'"):
        isolated(technique_named, "picasso")
    with pytest.raises(ResourceError, match="was killed, perhaps out of memory"):
        isolated(os._exit, 1)
