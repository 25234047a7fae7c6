"""What follows from a measurement, for any measurement."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylex.triton.config import config_text
from stylex.triton.measurement import ENOUGH, QUEUE_SECONDS, Measurement, measured
from stylex.triton.photos import PhotoPainter

TIMES = st.lists(st.floats(1e-4, 100), min_size=1, max_size=7)


@given(TIMES)
def test_the_batch_is_the_smallest_that_is_fast_enough(times: list[float]) -> None:
    m = Measurement({1 << power: seconds for power, seconds in enumerate(times)}, 512, "adain int8 on cpu", 2)
    rates = {count: count / seconds for count, seconds in m.seconds.items()}
    assert rates[m.batch] >= ENOUGH * max(rates.values())
    assert all(rate < ENOUGH * max(rates.values()) for count, rate in rates.items() if count < m.batch)
    assert m.queue_size >= 1 and m.queue_size <= max(1, QUEUE_SECONDS * m.rate)
    assert 0 <= m.queue_delay <= m.seconds[1]
    assert (m.queue_delay == 0) or m.batch > 1
    text = config_text("name", m, {}, any_style=True)
    assert f"max_batch_size: {m.batch}\n" in text and "e-" not in text.split("\n\n", 1)[1]


@pytest.fixture(scope="module")
def photos() -> PhotoPainter:
    return PhotoPainter("cyclegan", "cartoon", precision="int8", provider="cpu")


def test_batches_are_painted(photos: PhotoPainter) -> None:
    m = measured(photos, rounds=1)
    assert list(m.seconds) == [1, 2] and m.seconds[2] > m.seconds[1] > 0
    assert (m.ran, m.size, m.workers) == ("cyclegan int8 on cpu", 512, 1)
