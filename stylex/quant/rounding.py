"""Rounds the weights of convolutions so that flat areas see little of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

MOST = 127

Rounding: TypeAlias = "Callable[[npt.NDArray[np.float64]], npt.NDArray[np.int8]]"
"""Rounds weights (O, I, H, W), in steps, to integers from -127 to 127."""


def rounded(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.int8]:
    """Rounds each weight by itself."""
    return np.clip(np.rint(weights), -MOST, MOST).astype(np.int8)


def rounded_kernels(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.int8]:
    """Rounds weights so that the sum of every kernel is the rounded sum, which is all that a flat area sees of it.

    The weights that rounding has moved furthest are rounded the other way instead.

    Args:
        weights: (O, I, H, W), in steps.

    Returns:
        integers from -127 to 127 of the same shape, each less than one step away.
    """
    kernels = weights.reshape(*weights.shape[:2], -1)
    whole = np.rint(kernels)
    surplus = np.rint(whole.sum(2) - kernels.sum(2))[..., None]
    rank = np.argsort(np.argsort(-np.sign(surplus) * (whole - kernels), axis=2), axis=2)
    moved = whole - np.sign(surplus) * (rank < np.abs(surplus))
    return np.asarray(np.clip(moved.reshape(weights.shape), -MOST, MOST), np.int8)
