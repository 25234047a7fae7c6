"""Ranges of activations, measured on real pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from stylex.cores import cores
from stylex.installation import onnxruntime

BINS = 2048
SHRINKS = np.concatenate([np.geomspace(0.02, 0.2, 12, endpoint=False), np.linspace(0.2, 1.0, 41)])
"""Shares of the observed range that are tried on each side."""
TINY = 1e-12

Feed = dict[str, npt.NDArray[Any]]


@dataclass
class Observed:
    """Values of one tensor that calibration saw.

    Attributes:
        low, high: extremes of its values.
        counts: a histogram between them for every feed, (F, `BINS`).
        powers: the mean square of its values in every feed, (F,).
    """

    low: float
    high: float
    counts: npt.NDArray[np.float64]
    powers: npt.NDArray[np.float64]

    def best_range(self, levels: int = 256, symmetric: bool = False, balance: float = 1.0) -> tuple[float, float]:
        """Returns the range whose quantization has the least squared error: cut-off tails against coarser steps.

        Args:
            levels: of the integer type.
            symmetric: equally far on both sides of zero.
            balance: with 0 every feed counts by its squared error; with 1 one of more than the median power counts by
                the median over its own, so that it can't outweigh all others.
        """
        edges = np.linspace(self.low, self.high, BINS + 1)
        centres, mass = (edges[:-1] + edges[1:]) / 2, self.mass(balance)
        if symmetric:
            bound = max(-self.low, self.high)
            choices = [(-bound * s, bound * s) for s in SHRINKS]
        else:
            lows = [self.low * s for s in SHRINKS] if self.low < 0 else [0.0]
            choices = [(low, max(self.high, 1e-6) * s) for low in lows for s in SHRINKS]
        errors = [_squared_error(centres, mass, low, high, levels) for low, high in choices]
        return choices[int(np.argmin(errors))]

    def mass(self, balance: float = 1.0) -> npt.NDArray[np.float64]:
        """Returns the share of the values in every bin, (`BINS`,), over feeds balanced as in `best_range`."""
        weights = np.minimum(1, np.median(self.powers) / np.maximum(self.powers, TINY)) ** balance
        counts = weights @ self.counts
        return np.asarray(counts / max(TINY, counts.sum()))


def _squared_error(
    centres: npt.NDArray[np.float64], mass: npt.NDArray[np.float64], low: float, high: float, levels: int
) -> float:
    cut = centres - np.clip(centres, low, high)
    inside = cut == 0
    step = (high - low) / (levels - 1)
    return float((mass * cut**2).sum() + mass[inside].sum() * step**2 / 12)


def observe(
    model: onnx.ModelProto,
    tensors: Iterable[str],
    feeds: Sequence[Feed],
    effective: Mapping[str, tuple[str, str]] | None = None,
) -> dict[str, Observed]:
    """Observes tensors inside a model over calibration feeds; two runs a feed, extremes and then histograms.

    Args:
        model: the float32 model.
        tensors: names of the tensors to observe.
        feeds: inputs by name.
        effective: tensors of which only the difference of two others takes effect; see
            `stylex.quant.int8.ranges_before_relu`.
    """
    names, effective = sorted(set(tensors)), effective or {}
    pairs = {name: effective.get(name, (name,)) for name in names}
    observed = sorted({one for pair in pairs.values() for one in pair})
    session = session_with_outputs(model, observed)

    def seen(feed: Feed) -> list[npt.NDArray[np.float32]]:
        values = dict(zip(observed, session.run(observed, feed), strict=True))
        return [values[a] - values[b[0]] if b else values[a] for a, *b in pairs.values()]

    extremes = np.array([[np.inf, -np.inf]] * len(names))
    powers = np.zeros((len(feeds), len(names)))
    for k, feed in enumerate(feeds):
        for i, value in enumerate(seen(feed)):
            extremes[i] = min(extremes[i, 0], value.min()), max(extremes[i, 1], value.max())
            powers[k, i] = np.square(value).mean()
    counts = np.zeros((len(names), len(feeds), BINS))
    for k, feed in enumerate(feeds):
        for i, value in enumerate(seen(feed)):
            counts[i, k] = np.histogram(value, BINS, (extremes[i, 0], max(extremes[i, 1], extremes[i, 0] + 1e-6)))[0]
    found = zip(names, extremes, counts, powers.T, strict=True)
    return {name: Observed(float(low), float(high), count, power) for name, (low, high), count, power in found}


def session_with_outputs(model: onnx.ModelProto, names: list[str]) -> Any:
    """Returns a session whose outputs are the model's and the named tensors inside it."""
    observed = onnx.ModelProto()
    observed.CopyFrom(model)
    have = {o.name for o in observed.graph.output}
    observed.graph.output.extend(
        onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in names if n not in have
    )
    return cpu_session(observed)


def cpu_session(model: onnx.ModelProto) -> Any:
    """Returns ONNX Runtime's session of a model in memory, on the CPU."""
    ort = onnxruntime()
    options = ort.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, cores()
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
