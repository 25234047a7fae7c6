"""Orders: equal ones have equal keys, all others have other ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("fastapi", reason="needs the extra serve: pip install 'stylex[serve]'")

from stylex.errors import UsageError
from stylex.serve.orders import Order
from stylex.serve.settings import SERVED, Settings

STYLES = st.lists(st.tuples(st.one_of(st.text(max_size=4), st.binary(max_size=4)), st.floats(0, 2)), max_size=3)
ORDERS = st.builds(
    Order,
    photo=st.binary(max_size=4),
    technique=st.sampled_from(["adain", "fast"]),
    styles=STYLES.map(tuple),
    strength=st.sampled_from([0.5, 1.0]),
    size=st.sampled_from([None, 1]),
    people=st.sampled_from([None, 0.0, 1.0]),
    encoding=st.sampled_from(["jpeg", "png"]),
)


@settings(max_examples=50)
@given(ORDERS, ORDERS)
def test_keys_are_equal_where_orders_are(one: Order, other: Order) -> None:
    assert (one.key == other.key) == (one == other)
    assert replace(one).key == one.key


def test_bytes_are_not_taken_for_names() -> None:
    name, picture = (Order(b"", "adain", ((style, 1.0),)) for style in ("ab", b"ab"))
    assert name.key != picture.key


@pytest.mark.parametrize(
    "wrong",
    [
        {"techniques": ()},
        {"techniques": ("gatys",)},
        {"techniques": ("nobody",)},
        {"workers": -1},
        {"queue": -1},
        {"max_bytes": 0},
        {"longest": 3},
        {"time_limit": 0.0},
        {"time_limit": float("nan")},
    ],
    ids=str,
)
def test_settings_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Settings(**wrong)


def test_cores_are_shared_by_the_workers() -> None:
    assert SERVED[0] == "adain" and "gatys" not in SERVED and "video" not in SERVED
    assert Settings(workers=3, queue=4).admitted == 7
    assert Settings(workers=1).threads_each == Settings().at_once
    assert Settings(workers=1000).threads_each == 1
    assert Settings(workers=2, threads=5).threads_each == 5
