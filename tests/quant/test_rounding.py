"""Rounding of weights."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from stylex.quant.rounding import MOST, rounded, rounded_kernels

WEIGHTS = hnp.arrays(np.float64, (3, 4, 3, 3), elements=st.floats(-MOST, MOST))


@given(WEIGHTS)
def test_kernels_keep_their_sums(weights: np.ndarray) -> None:
    whole = rounded_kernels(weights)
    assert whole.dtype == np.int8 and whole.min() >= -MOST
    assert np.abs(whole - weights).max() <= 1
    inside = np.abs(weights).max((2, 3)) < MOST - 1  # a clipped weight can't be moved
    assert np.abs(whole.sum((2, 3), dtype=int) - weights.sum((2, 3)))[inside].max(initial=0) <= 0.5 + 1e-6


@given(WEIGHTS)
def test_each_weight_by_itself(weights: np.ndarray) -> None:
    assert np.abs(rounded(weights) - weights).max() <= 0.5
