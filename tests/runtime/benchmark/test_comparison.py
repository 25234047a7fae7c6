"""Two benchmarks beside one another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylex.errors import InputError
from stylex.runtime.benchmark.comparison import ALL, compared, speedup
from stylex.runtime.benchmark.row import Row, percentiles


def row(median: float, precision: str = "int8", seed: int = 0) -> Row:
    times = median * np.random.default_rng(seed).lognormal(0, 0.1, 200)
    return Row("stylex adain", precision, "cpu", 512, 0, **percentiles(times))


def test_a_slower_one_is_named_as_such() -> None:
    (ratio,) = compared([row(10)], [row(12, seed=1)])
    assert ratio.name == "stylex adain int8 cpu 512 0"
    assert ratio.low < ratio.times < ratio.high
    assert ratio.times == pytest.approx(1.2, abs=0.05)
    assert ratio.verdict == "slower"
    (back,) = compared([row(12, seed=1)], [row(10)])
    assert back.verdict == "faster"
    (same,) = compared([row(10)], [row(10, seed=2)])
    assert same.verdict == "no difference"


def test_all_rows_together() -> None:
    before = [row(10), row(40, "fp32")]
    after = [row(20, seed=3), row(20, "fp32", seed=4)]
    first, second, every = compared(before, after)
    assert every.name == ALL
    assert every.times == pytest.approx(np.sqrt(first.times * second.times), rel=1e-3)
    assert every.verdict == "no difference"


def test_only_what_both_have_is_compared() -> None:
    assert len(compared([row(10), row(40, "fp32")], [row(10)])) == 1
    with pytest.raises(InputError, match="no row in common"):
        compared([row(10)], [row(10, "fp16")])
    with pytest.raises(InputError, match="no row in common"):
        compared([row(10)], [replace(row(10), size=256)])


@given(st.lists(st.floats(0.1, 1e4), min_size=2, max_size=60), st.floats(0.1, 10))
def test_a_scale_is_found_again(times: list[float], factor: float) -> None:
    ratio = speedup([factor * t for t in times], times)
    assert ratio.times == pytest.approx(factor, rel=1e-3)
    assert ratio.low <= ratio.times * 1.001 and ratio.high >= ratio.times * 0.999
