"""Sensitivity of convolutions to INT8."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class LayerCost:
    """Tells how far a graph is from the exact one when a single convolution is quantized.

    Attributes:
        convolution: its name.
        psnr: decibels of the picture: higher is better.
        shift: levels of 255 that flat areas move by; None for a graph that paints nothing.
    """

    convolution: str
    psnr: float
    shift: float | None

    @property
    def score(self) -> float:
        """Returns decibels, less a decibel for each level that flat areas move by."""
        return self.psnr - (self.shift or 0.0)


Cost = Callable[[frozenset[str]], tuple[float, float | None]]
"""Returns the PSNR and the shift of a graph in which the named convolutions are left in float, see `LayerCost`."""


def sensitivities(names: frozenset[str], cost: Cost) -> list[LayerCost]:
    """Returns what each convolution costs when it alone is quantized, the most harmful first.

    Args:
        names: of all convolutions.
    """
    return sorted((LayerCost(name, *cost(names - {name})) for name in sorted(names)), key=lambda layer: layer.score)
