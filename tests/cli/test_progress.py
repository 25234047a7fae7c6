"""Bars on a terminal, and nothing where there is none."""

from __future__ import annotations

import io
import time

from rich.console import Console

from stylex.cli.progress import Bars, RateBar


def console(terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=100)


def written(shown: Console) -> str:
    assert isinstance(shown.file, io.StringIO)
    return shown.file.getvalue()


def test_a_bar_tells_the_rate_and_the_time_left() -> None:
    shown = console(True)
    with RateBar("photos/s", shown) as bar:
        for done in range(1, 4):
            bar(done, 4)
            time.sleep(0.01)
        rate = float(bar.progress.tasks[0].fields["rate"])
    assert rate > 0 and f"{rate:.1f} photos/s" in written(shown)
    assert "3/4" in written(shown) and "left" in written(shown)


def test_a_bar_for_every_stage() -> None:
    shown = console(True)
    with Bars(console=shown) as bars:
        bars("256 px", 1, 2, "style 0.5000")
        bars("512 px", 2, 2)
    assert "256 px" in written(shown) and "style 0.5000" in written(shown) and "2/2" in written(shown)


def test_no_bar_where_there_is_no_terminal() -> None:
    shown = console(False)
    with RateBar("photos/s", shown) as bar, Bars(console=shown) as bars:
        bar(1, 2)
        bars("512 px", 1, 2)
    assert written(shown).strip() == ""
