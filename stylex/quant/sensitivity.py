"""Sensitivity of convolutions to INT8."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import onnx

from stylex.quant.calibration import Observed
from stylex.quant.graph import Graph
from stylex.quant.int8 import Int8Target, QuantizeConvolutions, Range, convolutions
from stylex.quant.passes import run_passes

Score = Callable[[onnx.ModelProto], float]
"""Quality of a model, in decibels: higher is better."""


def sensitivities(
    model: onnx.ModelProto,
    observed: Mapping[str, Observed],
    fixed: Mapping[str, Range],
    target: Int8Target,
    score: Score,
) -> list[tuple[str, float]]:
    """Returns convolutions with the model's score when that one alone is quantized, the most sensitive first."""
    names = [n.name for n in convolutions(Graph(model))]
    found = []
    for name in names:
        trial = onnx.ModelProto()
        trial.CopyFrom(model)
        others = frozenset(names) - {name}
        run_passes(trial, [QuantizeConvolutions(observed, fixed, target, others)])
        found.append((name, score(trial)))
    return sorted(found, key=lambda pair: pair[1])
