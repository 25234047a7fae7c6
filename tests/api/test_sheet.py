"""One photo in many styles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import stylex
from stylex.api import sheet as sheet_module
from stylex.artifacts.style_code import built_in
from stylex.imaging.contact_sheet import MARGIN

CPU: dict[str, Any] = {"precision": "int8", "provider": "cpu", "threads": 1}


def test_all_built_in_styles_with_one_load(photo: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, progress = [], []
    load = sheet_module.load
    monkeypatch.setattr(sheet_module, "load", lambda *a, **k: loaded.append(a) or load(*a, **k))
    sheet = stylex.contact_sheet(photo, size=64, side=64, progress=lambda *step: progress.append(step), **CPU)
    count = len(built_in("adain"))
    assert (len(loaded), progress[-1]) == (1, (count, count))
    assert sheet.shape[1] == 5 * (64 + MARGIN) + MARGIN  # 19 pictures


def test_the_photo_comes_first_and_paintings_are_those_of_stylize(photo: np.ndarray, painting: np.ndarray) -> None:
    styles = ["irises", painting]
    sheet = stylex.contact_sheet(photo, "adain", styles, size=128, side=128, columns=3, strength=0.8, **CPU)
    wanted = [photo, *(stylex.stylize(photo, "adain", style, strength=0.8, **CPU) for style in styles)]
    for i, picture in enumerate(wanted):
        left = MARGIN + i * (128 + MARGIN)
        np.testing.assert_array_equal(sheet[MARGIN : MARGIN + 96, left : left + 128], picture)


def test_other_techniques(photo: np.ndarray, painting: np.ndarray) -> None:
    wide = stylex.contact_sheet(photo, "cyclegan", size=64, side=64, columns=3, **CPU)
    assert wide.shape[1] == 3 * (64 + MARGIN) + MARGIN  # the photo, cartoon and painting
    stylex.contact_sheet(photo, "histogram", [painting], size=64, side=64)
    with pytest.raises(stylex.UsageError, match="histogram has no built-in styles: give some"):
        stylex.contact_sheet(photo, "histogram")
    with pytest.raises(stylex.UsageError, match="semantic needs regions"):
        stylex.contact_sheet(photo, "semantic", ["irises"])
