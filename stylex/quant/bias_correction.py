"""Bias correction (Nagel et al. 2019, Data-Free Quantization, section 4.2), on calibration pictures.

Rounding shifts the mean of a convolution's output, the same way all over a flat area, and the shifts add up to another
colour. Convolution by convolution, from the first to the last, the mean over the calibration is brought back to that of
the float model.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from stylex.quant.calibration import Feed, session_with_outputs
from stylex.quant.graph import Graph

MOST_STEPS = 2**30
"""A corrected bias stays within these integers."""


def correct_biases(quantized: onnx.ModelProto, model: onnx.ModelProto, feeds: Sequence[Feed]) -> int:
    """Corrects the integer biases of a quantized model, in place.

    Args:
        quantized: made from `model` by `QuantizeConvolutions`, with pictures as floats.
        model: the float model.
        feeds: inputs by name.

    Returns:
        how many convolutions were corrected.
    """
    biases = _integer_biases(quantized)
    if not biases:
        return 0
    wanted = _channel_means(model, list(biases), feeds)
    for output, (integers, scale) in biases.items():
        have = _channel_means(quantized, [output], feeds)[output]
        graph = Graph(quantized)
        steps = np.rint((wanted[output] - have) / graph.array(scale).astype(np.float64))
        moved = graph.array(integers).astype(np.int64) + steps.astype(np.int64)
        value = np.clip(moved, -MOST_STEPS, MOST_STEPS).astype(np.int32)
        graph.constants[integers].CopyFrom(numpy_helper.from_array(value, integers))
    return len(biases)


def _integer_biases(model: onnx.ModelProto) -> dict[str, tuple[str, str]]:
    """Names of the integers and of the scales of the biases, by the convolution's output, in graph order."""
    graph, found = Graph(model), {}
    for node in graph.nodes:
        if node.op_type != "Conv" or len(node.input) < 3:
            continue
        producer = graph.producer(node.input[2])
        if producer is not None and producer.op_type == "DequantizeLinear":
            integers, scale = producer.input[:2]
            if graph.array(integers).dtype == np.int32:
                found[str(node.output[0])] = (str(integers), str(scale))
    return found


def _channel_means(
    model: onnx.ModelProto, names: list[str], feeds: Sequence[Feed]
) -> dict[str, npt.NDArray[np.float64]]:
    """Means (C,) of tensors (1, C, H, W) over all feeds."""
    session, sums = session_with_outputs(model, names), dict.fromkeys(names, np.zeros(1))
    for feed in feeds:
        for name, value in zip(names, session.run(names, feed), strict=True):
            sums[name] = sums[name] + value.mean((0, 2, 3), dtype=np.float64)
    return {name: total / len(feeds) for name, total in sums.items()}
