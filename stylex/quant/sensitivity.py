"""Sensitivity of convolutions to INT8."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import onnx

from stylex.quant.calibration import Observed
from stylex.quant.graph import Graph
from stylex.quant.int8 import Int8Target, QuantizeConvolutions, Range, convolutions
from stylex.quant.passes import run_passes


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


Cost = Callable[[onnx.ModelProto], tuple[float, float | None]]
"""Returns the PSNR and the shift of a model, see `LayerCost`."""


def sensitivities(
    model: onnx.ModelProto,
    observed: Mapping[str, Observed],
    fixed: Mapping[str, Range],
    target: Int8Target,
    cost: Cost,
) -> list[LayerCost]:
    """Returns what each convolution costs when it alone is quantized, the most harmful first."""
    names = [n.name for n in convolutions(Graph(model))]
    found = []
    for name in names:
        trial = onnx.ModelProto()
        trial.CopyFrom(model)
        others = frozenset(names) - {name}
        run_passes(trial, [QuantizeConvolutions(observed, fixed, target, others)])
        found.append(LayerCost(name, *cost(trial)))
    return sorted(found, key=lambda layer: layer.score)
