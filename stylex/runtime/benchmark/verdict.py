"""Says in words which precision to take on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stylex.runtime.benchmark.comparison import Ratio, speedup
from stylex.runtime.benchmark.row import Row

FAITHFUL = 30.0
"""Decibels to the most precise picture that a precision must have to be taken."""
WORTH = 1.05
"""Times as fast that a coarser precision must be at the least to be taken."""


@dataclass(frozen=True)
class Verdict:
    """Names the precision to take.

    Attributes:
        technique, provider: what it holds for.
        precision: the one to take.
        why: in words, a sentence for every precision.
    """

    technique: str
    provider: str
    precision: str
    why: tuple[str, ...]


def verdict(technique: str, rows: Sequence[Row]) -> Verdict:
    """Chooses between the precisions of one technique on one provider, which must all have been measured at one size.

    A coarser precision is taken where it is surely faster than the finest one, by 5 per cent at the least, its picture
    is like the exact one, and no other is faster still.
    """
    finest, *others = rows
    gains = {row.precision: speedup(finest.times_ms, row.times_ms) for row in others}
    taken, best = finest, 1.0
    for row in others:
        gain = gains[row.precision]
        if gain.low > WORTH and gain.times > best and (row.psnr is None or row.psnr >= FAITHFUL):
            taken, best = row, gain.times
    said = [_beside(row, finest, gains[row.precision]) for row in others]
    head = f"take {taken.precision} for {technique} on {taken.provider}, {taken.p50_ms:.1f} ms at {taken.size} px"
    return Verdict(technique, taken.provider, taken.precision, (head, *said))


def _beside(row: Row, finest: Row, gain: Ratio) -> str:
    sure = f"{gain.low:.2f} to {gain.high:.2f}"
    speed = f"{row.precision} is {gain.times:.2f} times as fast as {finest.precision} ({sure})"
    if gain.low <= 1 <= gain.high:
        speed = f"{row.precision} is as fast as {finest.precision}"
    if gain.high < 1:
        speed = f"{row.precision} is slower than {finest.precision}: {gain.times:.2f} times as fast"
    size = f"{(row.file_bytes or 0) / 1e6:.1f} instead of {(finest.file_bytes or 0) / 1e6:.1f} MB"
    memory = "" if row.peak_mib is None else f", {row.peak_mib:.0f} instead of {finest.peak_mib or 0:.0f} MiB of memory"
    like = "" if row.psnr is None else f", {row.psnr:.1f} dB to its picture"
    poor = "" if row.psnr is None or row.psnr >= FAITHFUL else f", fewer than the {FAITHFUL:.0f} that are needed"
    return f"{speed}, {size}{memory}{like}{poor}"
