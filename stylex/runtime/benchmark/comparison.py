"""Compares two benchmarks row by row: the ratio of their medians, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stylex.errors import InputError
from stylex.runtime.benchmark.row import Row

RESAMPLES = 2000
CONFIDENCE = 95.0
"""Per cent."""
SEED = 0
ALL = "all rows"


@dataclass(frozen=True)
class Ratio:
    """Says how many times as long the second one takes.

    Attributes:
        name: of the row, or `ALL` for the geometric mean over all rows.
        times: ratio of the medians, second over first.
        low, high: bounds of the confidence interval.
    """

    name: str
    times: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """Returns "slower", "faster", or "no difference" where the interval holds 1."""
        if self.low > 1:
            return "slower"
        return "faster" if self.high < 1 else "no difference"


def speedup(slow: Sequence[float], fast: Sequence[float], name: str = "") -> Ratio:
    """Returns how many times as long `slow` takes as `fast`, each milliseconds of single calls."""
    return _ratio(name, _medians(fast), _medians(slow))


def compared(first: Sequence[Row], second: Sequence[Row]) -> list[Ratio]:
    """Compares the rows that both have: the same network, precision, provider, size and threads.

    Bootstrapped (Efron 1979): the calls of each row are drawn again and again with replacement. Rows stay in pairs, so
    that the mean over all of them is one of ratios.

    Raises:
        InputError: no row stands in both.
    """
    ours, theirs = ({_key(row): row for row in rows} for rows in (first, second))
    common = [key for key in ours if key in theirs]
    if not common:
        raise InputError("the two files have no row in common: measure the same technique, provider and size")
    medians = [(_medians(ours[key].times_ms), _medians(theirs[key].times_ms)) for key in common]
    ratios = [_ratio(" ".join(map(str, key)), *pair) for key, pair in zip(common, medians, strict=True)]
    if len(common) > 1:
        before, after = (np.exp(np.mean([np.log(pair[i]) for pair in medians], 0)) for i in (0, 1))
        ratios.append(_ratio(ALL, before, after))
    return ratios


def _key(row: Row) -> tuple[object, ...]:
    return row.name, row.precision, row.provider, row.size, row.threads


def _medians(times: Sequence[float]) -> npt.NDArray[np.float64]:
    """Returns the median as measured, then those of `RESAMPLES` draws."""
    values = np.asarray(times, np.float64)
    drawn = np.random.default_rng(SEED).choice(values, (RESAMPLES, len(values)))
    return np.concatenate([[np.median(values)], np.median(drawn, 1)])


def _ratio(name: str, before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> Ratio:
    ratios = after / before[np.r_[0, np.random.default_rng(SEED + 1).permutation(RESAMPLES) + 1]]
    low, high = np.percentile(ratios[1:], [(100 - CONFIDENCE) / 2, (100 + CONFIDENCE) / 2])
    return Ratio(name, round(float(ratios[0]), 4), round(float(low), 4), round(float(high), 4))
