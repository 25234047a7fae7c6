"""A traced graph in INT8, with the convolutions that cost most left in float32."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import onnx

from stylex.errors import UsageError
from stylex.export.check import Comparison, Tolerance
from stylex.quant.calibration import Observed
from stylex.quant.graph import Graph
from stylex.quant.int8 import Int8Target, QuantizeConvolutions, Range, convolutions
from stylex.quant.passes import run_passes
from stylex.quant.sensitivity import LayerCost, sensitivities

FAITHFUL = 1.0
"""Decibels that steadier flat areas may cost."""


@dataclass(frozen=True)
class Calibrated:
    """A float graph with all that quantizing it needs.

    Attributes:
        model: in float32.
        observed: what calibration saw.
        fixed: ranges known beforehand.
        target: for which device.
        comparison: with torch.
    """

    model: onnx.ModelProto
    observed: Mapping[str, Observed]
    fixed: Mapping[str, Range]
    target: Int8Target
    comparison: Comparison

    def quantized(self, keep: frozenset[str], keeps_sums: bool) -> onnx.ModelProto:
        """Returns a quantized copy; see `QuantizeConvolutions`."""
        trial = onnx.ModelProto()
        trial.CopyFrom(self.model)
        run_passes(trial, [QuantizeConvolutions(self.observed, self.fixed, self.target, keep, keeps_sums)])
        return trial

    def layers(self) -> list[LayerCost]:
        """Returns what every convolution costs, the most harmful first."""
        return sensitivities(self.model, self.observed, self.fixed, self.target, self.comparison.cost)

    @property
    def most_kept(self) -> int:
        """Returns how many convolutions may stay in float32: with half of the network it is no INT8 file any more."""
        return len(convolutions(Graph(self.model))) // 2


@dataclass(frozen=True)
class Quantized:
    """A graph in INT8.

    Attributes:
        model: the graph.
        kept: names of the convolutions in float32.
        layers: what every convolution costs, the most harmful first; empty where it wasn't measured.
    """

    model: onnx.ModelProto
    kept: tuple[str, ...]
    layers: tuple[LayerCost, ...]


def quantize(
    calibrated: Calibrated,
    tolerance: Tolerance,
    keep_float: int | None,
    report: bool,
    progress: Callable[[str], None],
) -> Quantized:
    """Quantizes a graph, and leaves the most harmful convolutions in float32.

    Args:
        keep_float: how many; None for as few as the tolerance needs, none if it can.
        report: whether every convolution is measured, also where that isn't needed to choose.

    Raises:
        UsageError: more than half of the convolutions are to stay in float32.
    """
    if keep_float is not None and not 0 <= keep_float <= calibrated.most_kept:
        raise UsageError(
            f"{keep_float} convolutions are to stay in float32; this graph allows 0 to {calibrated.most_kept}",
            keep_float=calibrated.most_kept,
        )
    layers: list[LayerCost] = []
    if report or keep_float:
        progress("measuring every convolution")
        layers = calibrated.layers()
    comparison = calibrated.comparison
    keep = frozenset(layer.convolution for layer in layers[: keep_float or 0])
    result, keeps_sums = _steadier(comparison, [calibrated.quantized(keep, sums) for sums in (False, True)])
    while keep_float is None and not all(r.meets(tolerance) for r in comparison.reports(result)):
        if not layers:
            progress("too far from torch: measuring every convolution")
            layers = calibrated.layers()
        if len(keep) >= calibrated.most_kept:
            break  # the check that follows says so
        keep = frozenset(layer.convolution for layer in layers[: len(keep) + 1])
        progress(f"leaving {len(keep)} convolutions in float32")
        result = calibrated.quantized(keep, keeps_sums)
    return Quantized(result, tuple(sorted(keep)), tuple(layers))


def _steadier(comparison: Comparison, rounded: Sequence[onnx.ModelProto]) -> tuple[onnx.ModelProto, bool]:
    """Returns the model whose flat areas move less, and whether it is the second one.

    Args:
        rounded: weight by weight, and so that kernels keep their sums; which errors cancel out is chance.
    """
    plain, sums = rounded
    shifts = [comparison.shift(one) for one in rounded]
    if shifts[0] is None or shifts[1] is None or shifts[0] <= shifts[1]:
        return plain, False
    costs = comparison.psnr(plain) - comparison.psnr(sums) > FAITHFUL
    return (plain, False) if costs else (sums, True)
