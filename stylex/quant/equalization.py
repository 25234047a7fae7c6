"""Channels of one range in front of an instance normalization.

A normalization takes out each channel's offset and scale, so that the convolution in front of it may have any. All
channels of a tensor share 256 levels: in a trained network some of them reach a hundred times as far as others, which
are then left with two or three levels. Cross-layer equalization (Nagel et al. 2019) is this idea between convolutions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx

from stylex.quant.calibration import Feed, watching
from stylex.quant.graph import Graph
from stylex.quant.int8 import convolutions

FAINTEST = 1e3
"""A channel whose variance is not this many times the normalization's epsilon is left alone: there the scale shows."""


@dataclass(frozen=True)
class LevelChannels:
    """The pass.

    Attributes:
        feeds: real inputs, to measure the channels with.
    """

    feeds: Sequence[Feed]
    name: str = "level channels"

    def apply(self, model: onnx.ModelProto) -> bool:
        """See `stylex.quant.passes.Pass.apply`."""
        graph = Graph(model)
        pairs = _pairs(graph)
        outputs = [convolution.output[0] for convolution, _ in pairs]
        if not pairs:
            return False
        for (convolution, normalization), measured in zip(pairs, _measured(model, outputs, self.feeds), strict=True):
            _level(graph, convolution, _epsilon(normalization), measured)
        graph.finish()
        return True


def _pairs(graph: Graph) -> list[tuple[onnx.NodeProto, onnx.NodeProto]]:
    """Convolutions with constant weights and biases that only an instance normalization reads."""
    found = []
    for convolution in convolutions(graph):
        readers = graph.consumers(convolution.output[0])
        constant = len(convolution.input) > 2 and convolution.input[2] in graph.constants
        if constant and [r.op_type for r in readers] == ["InstanceNormalization"]:
            found.append((convolution, readers[0]))
    return found


def _epsilon(normalization: onnx.NodeProto) -> float:
    return next((float(a.f) for a in normalization.attribute if a.name == "epsilon"), 1e-5)


def _measured(
    model: onnx.ModelProto, tensors: list[str], feeds: Sequence[Feed]
) -> list[tuple[npt.NDArray[np.float64], ...]]:
    """Of every tensor its channels' lowest and highest values, and their least variance in one picture, each (C,)."""
    session = watching(model, tensors)
    seen = []
    for feed in feeds:
        rows = (v[0].reshape(v.shape[1], -1) for v in session.run(tensors, feed))  # one picture, (C, H*W)
        seen.append([np.stack((r.min(1), -r.max(1), r.var(1))).astype(np.float64) for r in rows])
    least = [np.min(rows, axis=0) for rows in zip(*seen, strict=True)]
    return [(low, -high, variance) for low, high, variance in least]


def _level(
    graph: Graph, convolution: onnx.NodeProto, epsilon: float, measured: tuple[npt.NDArray[np.float64], ...]
) -> None:
    """Stretch every channel to the range of the widest one, around zero."""
    low, high, variance = measured
    reach = (high - low) / 2
    stretch = np.where(variance > FAINTEST * epsilon, reach.max() / np.maximum(reach, 1e-12), 1.0)
    name = convolution.output[0]
    weights, bias = (graph.array(i).astype(np.float64) for i in convolution.input[1:3])
    levelled = {
        "weight": weights * stretch[:, None, None, None],
        "bias": (bias - (high + low) / 2) * stretch,
    }
    for at, (part, values) in enumerate(levelled.items(), 1):
        convolution.input[at] = graph.constant(f"{name}_levelled_{part}", values.astype(np.float32))
