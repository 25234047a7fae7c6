"""Ranges of activations, measured on real pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort

BINS = 2048
SHRINKS = np.linspace(0.2, 1.0, 41)
"""How far a range may be cut on each side, as a share of the observed one."""

Feed = dict[str, npt.NDArray[Any]]


@dataclass
class Observed:
    """What was seen of one tensor: extremes and a histogram between them."""

    low: float
    high: float
    counts: npt.NDArray[np.int64]

    def best_range(self, levels: int = 256, symmetric: bool = False) -> tuple[float, float]:
        """The range whose quantization has the least squared error: cut-off tails against coarser steps.

        Args:
            levels: of the integer type.
            symmetric: equally far on both sides of zero.
        """
        edges = np.linspace(self.low, self.high, BINS + 1)
        centres, mass = (edges[:-1] + edges[1:]) / 2, self.counts / max(1, self.counts.sum())
        if symmetric:
            reach = max(-self.low, self.high)
            choices = [(-reach * s, reach * s) for s in SHRINKS]
        else:
            lows = [self.low * s for s in SHRINKS] if self.low < 0 else [0.0]
            choices = [(low, max(self.high, 1e-6) * s) for low in lows for s in SHRINKS]
        errors = [_squared_error(centres, mass, low, high, levels) for low, high in choices]
        return choices[int(np.argmin(errors))]


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
    heard: Mapping[str, tuple[str, str]] | None = None,
) -> dict[str, Observed]:
    """Run a model over calibration feeds and watch tensors inside it; two runs a feed, extremes and then histograms.

    Args:
        model: the float32 model.
        tensors: names of what to watch.
        feeds: inputs by name.
        heard: tensors of which only a part counts, the difference of two others; see
            `stylex.quant.int8.heard_through_rectifiers`.
    """
    names, heard = sorted(set(tensors)), heard or {}
    pairs = {name: heard.get(name, (name,)) for name in names}
    watched = sorted({one for pair in pairs.values() for one in pair})
    session = watching(model, watched)

    def seen(feed: Feed) -> list[npt.NDArray[np.float32]]:
        values = dict(zip(watched, session.run(watched, feed), strict=True))
        return [values[a] - values[b[0]] if b else values[a] for a, *b in pairs.values()]

    extremes = np.array([[np.inf, -np.inf]] * len(names))
    for feed in feeds:
        for i, value in enumerate(seen(feed)):
            extremes[i] = min(extremes[i, 0], value.min()), max(extremes[i, 1], value.max())
    counts = np.zeros((len(names), BINS), np.int64)
    for feed in feeds:
        for i, value in enumerate(seen(feed)):
            counts[i] += np.histogram(value, BINS, (extremes[i, 0], max(extremes[i, 1], extremes[i, 0] + 1e-6)))[0]
    return {n: Observed(float(e[0]), float(e[1]), c) for n, e, c in zip(names, extremes, counts, strict=True)}


def watching(model: onnx.ModelProto, names: list[str]) -> ort.InferenceSession:
    """A session that can be asked for tensors inside the model."""
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    have = {o.name for o in watched.graph.output}
    watched.graph.output.extend(
        onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in names if n not in have
    )
    options = ort.SessionOptions()
    options.log_severity_level = 4
    return ort.InferenceSession(watched.SerializeToString(), options, providers=["CPUExecutionProvider"])
