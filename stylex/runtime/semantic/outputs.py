"""Outputs of segmenters: class numbers, probabilities or log-odds, all brought to one probability a class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from stylex.errors import ModelError

ROUNDING = 1e-3
"""Distance that probabilities may lie outside of 0..1, or their sum from 1."""
LARGEST = 1e4
"""Log-odds beyond which nothing changes any more; half precision can hold it, and differences of it."""


def class_probabilities(output: npt.NDArray[Any], classes: Sequence[str], source: str) -> npt.NDArray[np.float32]:
    """Returns the probability of each class, (C, h, w) from 0 to 1, from what a segmenter gives.

    Args:
        output: class numbers, integers of shape (1, h, w), (1, 1, h, w) or (1, h, w, 1); or floats of shape
            (1, C, h, w) or (1, h, w, C), probabilities or log-odds of each class; or, for one class, or for two with
            the background first, floats of one channel, (1, h, w), (1, 1, h, w) or (1, h, w, 1). Floats outside of
            0..1 are log-odds.
        classes: their names, in order.
        source: of the segmenter, for messages.

    Raises:
        ModelError: another shape, another number of classes, class numbers without a class, values that are no numbers.
    """
    count, shape = len(classes), "x".join(map(str, output.shape))
    if output.ndim not in (3, 4) or output.shape[0] != 1 or not output.size:
        raise ModelError(f"the output of {source} has shape {shape}; a segmenter gives (1, classes, h, w) or (1, h, w)")
    if output.dtype.kind not in "iufb":
        raise ModelError(f"the output of {source} is {output.dtype}; a segmenter gives numbers")
    if not np.isfinite(output).all():
        raise ModelError(
            f"the output of {source} has values that are no numbers: it is damaged, or wants another input"
        )
    planes = _planes(output[0], count)
    if planes is None:
        known = f"{count} ({', '.join(list(classes)[:6])}{', ...' if count > 6 else ''})"
        raise ModelError(
            f"the output of {source} has shape {shape}, its classes are {known}: name as many as it has", classes=None
        )
    if planes.dtype.kind in "iub" and len(planes) == 1:
        return _numbered(planes[0], count, source)
    planes = np.asarray(np.clip(planes, -LARGEST, LARGEST), np.float32)
    return _one_plane(planes[0], count) if len(planes) == 1 else _many(planes)


def _planes(output: npt.NDArray[Any], count: int) -> npt.NDArray[Any] | None:
    """Returns an output as (C, h, w), or (1, h, w); None where it has another number of classes."""
    output = output[None] if output.ndim == 2 else output
    whole, two = output.dtype.kind in "iub", count in (1, 2)
    if output.shape[0] == count or (output.shape[0] == 1 and (whole or two)):
        return output
    if output.shape[2] == count or (output.shape[2] == 1 and (whole or two)):
        return np.moveaxis(output, 2, 0)
    return None


def _numbered(numbers: npt.NDArray[Any], count: int, source: str) -> npt.NDArray[np.float32]:
    largest, least = int(numbers.max()), int(numbers.min())
    if least < 0 or largest >= max(2, count):
        wrong = least if least < 0 else largest
        raise ModelError(f"the output of {source} names class {wrong}; its {count} classes are 0 to {count - 1}")
    first = 1 if count == 1 else 0  # one class alone: 0 is what isn't it
    return np.stack([(numbers == i + first).astype(np.float32) for i in range(count)])


def _one_plane(plane: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.float32]:
    probability = np.clip(plane, 0, 1) if _within(plane) else _sigmoid(plane)
    return probability[None] if count == 1 else np.stack([1 - probability, probability])


def _many(planes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    if not _within(planes):
        planes = np.exp(planes - planes.max(0))
        return np.asarray(planes / planes.sum(0), np.float32)
    total = planes.sum(0)  # above 1 where classes were decided one by one
    return np.asarray(np.clip(planes, 0, 1) / np.maximum(total, 1), np.float32)


def _within(planes: npt.NDArray[np.float32]) -> bool:
    return bool(planes.min() >= -ROUNDING and planes.max() <= 1 + ROUNDING)


def _sigmoid(odds: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -60, 60))), np.float32)
