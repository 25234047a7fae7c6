"""Pictures on a sheet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stylex.errors import InputError, UsageError
from stylex.imaging.contact_sheet import MARGIN, contact_sheet


def flat(height: int, width: int, level: int) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def test_pictures_stand_in_rows_with_text_below() -> None:
    sheet = contact_sheet([(flat(40, 60, level), f"level {level}") for level in (10, 60, 110, 160)], 2, 60)
    height, width = sheet.shape[:2]
    assert width == 2 * 60 + 3 * MARGIN
    cell = (height - MARGIN) // 2
    for i, level in enumerate((10, 60, 110, 160)):
        top, left = MARGIN + i // 2 * cell, MARGIN + i % 2 * (60 + MARGIN)
        assert (sheet[top : top + 40, left : left + 60] == level).all()
        below = sheet[top + 41 : top + cell - MARGIN, left : left + 60]
        assert below.min() < 100, "there is text"
    white = [sheet[:MARGIN], sheet[:, :MARGIN], sheet[:, -MARGIN:]]
    assert all((edge == 255).all() for edge in white)


def test_a_long_caption_is_cut_to_its_picture() -> None:
    sheet = contact_sheet([(flat(40, 60, 0), "wide" * 100), (flat(40, 60, 0), "")], 2, 60)
    assert (sheet[:, 60 + MARGIN : 60 + 2 * MARGIN] == 255).all()
    assert (sheet[41 + MARGIN :, 60 + MARGIN :] == 255).all(), "no text below the second"


@example([(1, 33, "000000")], 0, 33)
@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.integers(1, 200), st.integers(1, 200), st.text(max_size=9)), min_size=1, max_size=7),
    st.integers(0, 9),
    st.integers(32, 90),
)
def test_any_pictures_fit(sizes: list[tuple[int, int, str]], columns: int, side: int) -> None:
    sheet = contact_sheet([(flat(h, w, 0), text) for h, w, text in sizes], columns, side)
    assert sheet.dtype == np.uint8 and sheet.shape[2] == 3
    assert (sheet[:MARGIN] == 255).all() and (sheet[:, :MARGIN] == 255).all()
    dark = int((sheet == 0).all(2).sum())
    assert dark >= sum(min(1.0, side / max(h, w)) ** 2 * h * w * 0.5 for h, w, _ in sizes) - len(sizes)


def test_what_makes_no_sheet() -> None:
    for pictures, columns, side in (([], 0, 60), ([(flat(1, 1, 0), "")], -1, 60), ([(flat(1, 1, 0), "")], 0, 31)):
        with pytest.raises(UsageError, match="a sheet needs pictures"):
            contact_sheet(pictures, columns, side)
    with pytest.raises(InputError, match="give a smaller side"):
        contact_sheet([(flat(2000, 2000, 0), "")] * 25, 5, 2000)
