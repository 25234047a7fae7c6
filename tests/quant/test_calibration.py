from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stylex.quant.calibration import BINS, Observed, _squared_error, observe
from stylex.quant.int8 import ranges_before_relu


def observed(values):
    low, high = float(values.min()), float(values.max())
    counts = np.histogram(values, BINS, (low, max(high, low + 1e-6)))[0]
    return Observed(low, high, counts[None].astype(float), np.ones(1))


def error(seen, low, high):
    edges = np.linspace(seen.low, seen.high, BINS + 1)
    return _squared_error((edges[:-1] + edges[1:]) / 2, seen.mass(), low, high, 256)


def test_a_far_outlier_is_cut_off():
    seen = observed(np.append(np.random.default_rng(0).normal(0, 1, 200_000), 30.0))
    seen.counts[:, :-1] *= 1000  # once in 200 million
    low, high = seen.best_range()
    assert 3 < high < 12
    assert -6 < low <= -2


def test_an_even_distribution_is_kept():
    low, high = observed(np.random.default_rng(0).uniform(-2, 3, 100_000)).best_range()
    assert low == pytest.approx(-2, abs=0.1) and high == pytest.approx(3, abs=0.1)


def test_symmetric_reaches_equally_far():
    low, high = observed(np.random.default_rng(0).uniform(-1, 4, 100_000)).best_range(symmetric=True)
    assert low == -high and high == pytest.approx(4, abs=0.2)


@pytest.mark.parametrize("value", [0.0, 3.0, -3.0])
@pytest.mark.parametrize("symmetric", [False, True])
def test_a_constant_tensor_has_a_finite_range_that_holds_it(value, symmetric):
    low, high = observed(np.full(50, value)).best_range(symmetric=symmetric)
    assert low <= min(value, 0) + 0.1 and high >= max(value, 0) - 0.1


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    centre=st.floats(-3, 3),
    spread=st.floats(0.01, 5),
    outlier=st.floats(-50, 50),
    symmetric=st.booleans(),
)
def test_the_range_lies_within_the_observed_one_and_is_no_worse(seed, centre, spread, outlier, symmetric):
    values = np.append(np.random.default_rng(seed).normal(centre, spread, 2000), outlier)
    seen = observed(values)
    low, high = seen.best_range(symmetric=symmetric)
    widest = (min(seen.low, 0.0), max(seen.high, 1e-6))  # zero must always have its integer
    if symmetric:
        widest = (-max(-widest[0], widest[1]), max(-widest[0], widest[1]))
    assert widest[0] <= low <= 0 <= high <= widest[1]
    assert error(seen, low, high) <= error(seen, *widest) * (1 + 1e-9)


def test_observe_sees_every_feed(tiny, feeds, run):
    found = observe(tiny, ["sum", "r1", "y"], feeds)
    sums = np.concatenate([run_inside(tiny, f, run) for f in feeds])
    assert found["sum"].low == pytest.approx(sums.min(), abs=1e-5)
    assert found["sum"].high == pytest.approx(sums.max(), abs=1e-5)
    assert found["sum"].counts.sum() == sums.size
    assert found["r1"].low == 0 and found["y"].high <= 1
    assert {o.name for o in tiny.graph.output} == {"y", "mean"}, "the model itself stays as it was"


def test_one_feed_of_unusual_power_counts_no_more_than_a_usual_one(tiny, feeds):
    usual = observe(tiny, ["sum"], feeds)["sum"]
    loud = observe(tiny, ["sum"], [*feeds, {"x": 40 * feeds[0]["x"]}])["sum"]
    assert loud.high > 20 * usual.high
    edges = np.linspace(loud.low, loud.high, BINS + 1)
    beyond = edges[:-1] > usual.high
    squares = ((edges[:-1] + edges[1:]) / 2) ** 2
    powers, unbalanced = squares * loud.mass(), squares * loud.mass(0)
    assert 0 < powers[beyond].sum() < 1.2 * powers[~beyond].sum()
    assert unbalanced[beyond].sum() > 20 * unbalanced[~beyond].sum()
    reaches = [loud.best_range(balance=balance)[1] for balance in (0, 0.5, 1)]
    assert reaches == sorted(reaches, reverse=True) and reaches[0] > 1.5 * reaches[-1]


def run_inside(model, feed, run):
    watched = type(model)()
    watched.CopyFrom(model)
    watched.graph.output.add().name = "sum"
    return run(watched, feed, ["sum"])[0].ravel()


def residual_block(n):
    """r = relu(b + y), where y is a convolution of b."""
    n.conv("x", 3, 8, "a")
    n.relu("a", "b")
    n.conv("b", 8, 8, "y", size=1)
    n.node("Add", ["b", "y"], "s")
    n.relu("s", "r")
    return n


def test_of_what_a_rectifier_cuts_off_only_the_rest_counts(net, feeds, run):
    """A residual block that closes a channel for good: the range ends where values stop to have an effect."""
    n = residual_block(net())
    n.constants["y_b"] = np.array([-50.0] + [0.0] * 7, np.float32)
    model = n.model({"r": 4})
    effective = ranges_before_relu(model)
    assert effective == {"y": ("r", "b")}
    plain = observe(model, ["y", "b"], feeds)
    cut = observe(model, ["y", "b"], feeds, effective)
    assert plain["y"].low < -40 < cut["y"].low
    assert cut["y"].low >= -cut["b"].high - 1e-4 and cut["b"].high == plain["b"].high
    assert cut["y"].high == pytest.approx(plain["y"].high, abs=1e-4)


def test_what_others_read_too_is_not_cut(net):
    n = residual_block(net())
    n.node("Add", ["r", "y"], "t")
    assert not ranges_before_relu(n.model({"t": 4}))
