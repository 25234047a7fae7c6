"""Channel equalization: one range for all channels in front of an instance normalization.

A normalization takes out each channel's offset and scale, so that the convolution in front of it may have any. All
channels of a tensor share 256 levels: in a trained network the range of some is a hundred times that of others, which
are then left with two or three levels. Cross-layer equalization (Nagel et al. 2019) is this idea between convolutions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx

from stylex.quant.calibration import Feed, session_with_outputs
from stylex.quant.graph import Graph
from stylex.quant.int8 import convolutions

FAINTEST = 1e3
"""A channel whose variance is not this many times the normalization's epsilon is left alone: there the scale shows."""


@dataclass(frozen=True)
class EqualizeChannels:
    """Scales every channel to the widest one's range.

    Attributes:
        feeds: real inputs, to measure the channels with.
    """

    feeds: Sequence[Feed]
    name: str = "equalize channels"

    def apply(self, model: onnx.ModelProto) -> bool:
        """See `stylex.quant.passes.Pass.apply`."""
        graph = Graph(model)
        pairs = _pairs(graph)
        outputs = [convolution.output[0] for convolution, _ in pairs]
        if not pairs:
            return False
        for (convolution, normalization), measured in zip(pairs, _measured(model, outputs, self.feeds), strict=True):
            _equalize(graph, convolution, _epsilon(normalization), measured)
        graph.finish()
        return True


def _pairs(graph: Graph) -> list[tuple[onnx.NodeProto, onnx.NodeProto]]:
    """Returns convolutions with constant weights and biases that only an instance normalization reads."""
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
    """Returns for every tensor its channels' lowest and highest values and least variance in one picture, each (C,)."""
    session = session_with_outputs(model, tensors)
    seen = []
    for feed in feeds:
        rows = (v[0].reshape(v.shape[1], -1) for v in session.run(tensors, feed))  # one picture, (C, H*W)
        seen.append([np.stack((r.min(1), -r.max(1), r.var(1))).astype(np.float64) for r in rows])
    least = [np.min(rows, axis=0) for rows in zip(*seen, strict=True)]
    return [(low, -high, variance) for low, high, variance in least]


def _equalize(
    graph: Graph, convolution: onnx.NodeProto, epsilon: float, measured: tuple[npt.NDArray[np.float64], ...]
) -> None:
    """Stretches every channel to the range of the widest one, around zero."""
    low, high, variance = measured
    half_range = (high - low) / 2
    stretch = np.where(variance > FAINTEST * epsilon, half_range.max() / np.maximum(half_range, 1e-12), 1.0)
    name = convolution.output[0]
    weights, bias = (graph.array(i).astype(np.float64) for i in convolution.input[1:3])
    equalized = {
        "weight": weights * stretch[:, None, None, None],
        "bias": (bias - (high + low) / 2) * stretch,
    }
    for at, (part, values) in enumerate(equalized.items(), 1):
        convolution.input[at] = graph.constant(f"{name}_levelled_{part}", values.astype(np.float32))
