"""Distances between two pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

IDENTICAL = 100.0
"""Decibels that stand for identical pictures, so that averages stay finite."""
TINY = 1e-8
"""The least peak of an output that isn't a picture."""


@dataclass(frozen=True)
class Difference:
    """Differences of one output.

    Attributes:
        largest: largest absolute difference, in the output's own units.
        psnr: decibels; for pictures against a peak of 1, for other outputs against their own largest value.
        ssim: structural similarity of pictures (Wang et al. 2004); None for other outputs.
    """

    largest: float
    psnr: float
    ssim: float | None = None


def psnr(a: npt.NDArray[Any], b: npt.NDArray[Any], peak: float = 1.0) -> float:
    """Returns the peak signal-to-noise ratio in dB, at most `IDENTICAL`; -inf for values that aren't finite."""
    with np.errstate(invalid="ignore"):  # infinity less infinity; seen below
        error = float(np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2))
    if not np.isfinite(error):
        return -np.inf  # a graph that makes NaN must not pass for identical
    return IDENTICAL if error == 0 else min(IDENTICAL, 10 * float(np.log10(peak**2 / error)))


def ssim(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    """Returns the structural similarity of two pictures (3, H, W) in [0, 1], at least 7x7."""
    from skimage.metrics import structural_similarity

    # scikit-image ships no types
    return float(structural_similarity(a, b, channel_axis=0, data_range=1.0))  # type: ignore[no-untyped-call]


def compare(have: npt.NDArray[Any], want: npt.NDArray[Any], picture: bool) -> Difference:
    """Returns the difference of one output, (1, 3, H, W) where it is a picture."""
    largest = float(np.abs(have - want).max())
    if picture:
        return Difference(largest, psnr(have, want), ssim(have[0], want[0]))
    return Difference(largest, psnr(have, want, max(float(np.abs(want).max()), TINY)))
