"""A traced graph in INT8, with the convolutions that cost most left in float32."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

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
LAYER_FLATS = 16
"""Pictures with flat areas that each convolution is measured on: one of each kind."""
BALANCES = (1.0, 0.5, 0.0)
"""Balances of feeds that are tried, see `Observed.best_range`. Squared errors let a style that is far too strong decide
alone; errors relative to a feed's power cut off a photo at a low strength, whose features are many times larger."""


@dataclass(frozen=True)
class Variant:
    """One of the ways to quantize a graph that are tried, since no rule tells which is the best for a network.

    Attributes:
        keeps_sums: see `QuantizeConvolutions`; whether errors of rounding cancel out is chance.
        balances: see `QuantizeConvolutions`.
    """

    keeps_sums: bool
    balances: Mapping[str, float]


@dataclass(frozen=True)
class Calibrated:
    """A float graph with all that quantizing it needs.

    Attributes:
        model: in float32.
        observed: what calibration saw.
        fixed: ranges known beforehand.
        target: for which device.
        trials: inputs with what `model` makes of them, to choose by.
        check: with torch, on other inputs.
    """

    model: onnx.ModelProto
    observed: Mapping[str, Observed]
    fixed: Mapping[str, Range]
    target: Int8Target
    trials: Comparison
    check: Comparison

    def quantized(self, keep: frozenset[str], variant: Variant) -> onnx.ModelProto:
        """Returns a quantized copy; see `QuantizeConvolutions`."""
        trial = onnx.ModelProto()
        trial.CopyFrom(self.model)
        sums, balances = variant.keeps_sums, variant.balances
        run_passes(trial, [QuantizeConvolutions(self.observed, self.fixed, self.target, keep, sums, balances)])
        return trial

    def cost(self, keep: frozenset[str], variant: Variant) -> tuple[float, float | None]:
        """Returns decibels and levels of flat areas in the trials."""
        return self.trials.cost(self.quantized(keep, variant))

    def variant(self) -> Variant:
        """Returns the variant, with one balance for all, whose flat areas move least.

        Those count that are within `FAITHFUL` of the nearest to the float graph.
        """
        everywhere = [dict.fromkeys(self.observed, balance) for balance in BALANCES]
        tried = [Variant(sums, balances) for balances in everywhere for sums in (False, True)]
        costs = [self.cost(frozenset(), variant) for variant in tried]
        least = max(psnr for psnr, _ in costs) - FAITHFUL
        near = [(shift or 0.0, -psnr, i) for i, (psnr, shift) in enumerate(costs) if psnr >= least]
        return tried[min(near)[2]]

    def layers(self, variant: Variant) -> list[LayerCost]:
        """Returns what every convolution costs, the most harmful first, in some of the trials."""
        names = frozenset(node.name for node in convolutions(Graph(self.model)))
        trials = self.trials.with_fewer_flats(LAYER_FLATS)
        return sensitivities(names, lambda keep: trials.cost(self.quantized(keep, variant)))

    def widened(self, variant: Variant, layers: Sequence[LayerCost]) -> list[Variant]:
        """Returns the variants in which less is cut off the output of the most harmful convolution, `layers[0]`."""
        worst = {layer.convolution for layer in layers[:1]}
        outputs = [str(node.output[0]) for node in convolutions(Graph(self.model)) if node.name in worst]
        return [
            replace(variant, balances={**variant.balances, output: balance})
            for output in outputs
            for balance in BALANCES
            if balance < variant.balances.get(output, BALANCES[0])
        ]

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
        keep_float: how many; None for as few as the tolerance needs, none if it can. Before one is left, its output's
            range is widened.
        report: whether every convolution is measured, also where that isn't needed to choose.

    Raises:
        UsageError: more than half of the convolutions are to stay in float32.
    """
    if keep_float is not None and not 0 <= keep_float <= calibrated.most_kept:
        raise UsageError(
            f"{keep_float} convolutions are to stay in float32; this graph allows 0 to {calibrated.most_kept}",
            keep_float=calibrated.most_kept,
        )
    check = calibrated.check
    progress("choosing how to round")
    variant = calibrated.variant()
    layers: list[LayerCost] = []
    if report or keep_float:
        progress("measuring every convolution")
        layers = calibrated.layers(variant)

    def passes(model: onnx.ModelProto) -> bool:
        return check.passes(model, tolerance)

    keep = frozenset(layer.convolution for layer in layers[: keep_float or 0])
    result = calibrated.quantized(keep, variant)
    while keep_float is None and not passes(result):
        if not layers:
            progress("too far from torch: measuring every convolution")
            layers = calibrated.layers(variant)
        if not keep:
            wider = (calibrated.quantized(keep, one) for one in calibrated.widened(variant, layers))
            if (passing := next(filter(passes, wider), None)) is not None:
                progress(f"{layers[0].convolution} is given a wider range")
                return Quantized(passing, (), tuple(layers))
        if len(keep) >= calibrated.most_kept:
            break  # the check that follows says so
        keep = frozenset(layer.convolution for layer in layers[: len(keep) + 1])
        progress(f"leaving {len(keep)} convolutions in float32")
        result = calibrated.quantized(keep, variant)
    return Quantized(result, tuple(sorted(keep)), tuple(layers))
