"""Charts."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import pytest

from stylex.errors import InputError, MissingPackage
from stylex.runtime.benchmark.chart import check_chart, draw_chart
from stylex.runtime.benchmark.row import Row, percentiles

ROWS = [
    Row("stylex adain", "fp32", "cpu", 512, 0, **percentiles([60.0, 61.0])),
    Row("stylex adain", "int8", "cpu", 512, 0, psnr=38.0, **percentiles([20.0, 21.0])),
]


def test_png_and_svg(tmp_path: Path) -> None:
    draw_chart(tmp_path / "c.png", ROWS)
    picture = cv2.imread(str(tmp_path / "c.png"))
    assert picture is not None and picture.std() > 5
    draw_chart(tmp_path / "c.SVG", ROWS)
    text = (tmp_path / "c.SVG").read_text(encoding="utf-8")
    assert "</svg>" in text
    assert len(list(tmp_path.iterdir())) == 2


def test_what_cannot_be_drawn_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_chart(tmp_path / "c.png")
    with pytest.raises(InputError, match=r"c\.gif has no suffix of a chart: let it end in \.png or \.svg"):
        check_chart(tmp_path / "c.gif")
    with pytest.raises(InputError, match="doesn't exist"):
        check_chart(tmp_path / "no" / "c.png")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPackage, match=r"pip install 'stylex\[bench\]'"):
        check_chart(tmp_path / "c.png")
