"""Drawn pictures."""

from __future__ import annotations

import numpy as np
import pytest

from stylex.export import drawn


@pytest.mark.parametrize("size", [68, 260])
def test_calibration_and_check_see_different_pictures(size: int) -> None:
    one, other = drawn.calibrating(size, 0), drawn.flats(size, 0)
    for picture in (*one, *other):
        assert picture.shape == (size, size, 3) and picture.dtype == np.uint8
    np.testing.assert_array_equal(np.stack(one), np.stack(drawn.calibrating(size, 0)))
    pages = [p for p in other if p.std() > 0]
    assert len(pages) == len(drawn.CHECKED_LEVELS)
    assert not any((page == p).all() for page in pages for p in one)


def test_paper_is_flat_on_every_checked_page() -> None:
    rows, columns = drawn.paper_of(256)
    for picture in drawn.flats(256, 3):
        assert np.ptp(picture[rows, columns]) == 0
    assert {int(p[200, 128, 0]) for p in drawn.flats(256, 3)} == set(drawn.CHECKED_LEVELS)
