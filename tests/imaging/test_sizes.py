from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylex.imaging.sizes import at_most

SIDES = st.tuples(st.integers(1, 5000), st.integers(1, 5000))


@pytest.mark.parametrize(
    ("sides", "longest", "expected"),
    [
        ((300, 400), 200, (150, 200)),
        ((400, 300), 200, (200, 150)),
        ((300, 400), 400, (300, 400)),
        ((300, 400), None, (300, 400)),
        ((1, 1000), 100, (1, 100)),
    ],
)
def test_sizes(sides: tuple[int, int], longest: int | None, expected: tuple[int, int]) -> None:
    assert at_most(sides, longest) == expected


@given(SIDES, st.integers(1, 5000))
def test_the_longer_side_is_the_limit_or_as_it_was(sides: tuple[int, int], longest: int) -> None:
    reduced = at_most(sides, longest)
    assert max(reduced) == min(longest, max(sides))
    for side, before in zip(reduced, sides, strict=True):
        assert side == 1 or abs(side - before * max(reduced) / max(sides)) <= 0.5


def test_no_side_below_the_smallest() -> None:
    assert at_most((4, 4000), 200, smallest=16) == (16, 200)
    assert at_most((4, 7), 200, smallest=16) == (16, 16)
