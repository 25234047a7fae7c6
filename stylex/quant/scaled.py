"""A convolution whose output is scaled and shifted by what was measured of the picture, as one operation on integers.

`relu(gain * conv(x) + shift)`, where the gain is one number of the picture and the shift one a channel. Quantized step
by step, the convolution's output would be rounded before it is scaled: in flat pictures, whose gain is several times
that of others, the rounding then shows as another colour. The gain is a factor of the input's step instead, and the
shift a bias: nothing is rounded before the sum is complete, and four passes over floats are gone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import numpy_helper

from stylex.quant.graph import Graph
from stylex.quant.rounding import Rounding


@dataclass(frozen=True)
class ScaledConvolution:
    """Nodes that become one.

    Attributes:
        convolution: without a bias, with constant weights.
        gain: tensor with one number.
        shift: tensor with a number for each channel.
        between: the nodes behind the convolution, up to the ReLU.
        output: of the ReLU.
    """

    convolution: onnx.NodeProto
    gain: str
    shift: str
    between: tuple[onnx.NodeProto, ...]
    output: str


def scaled_convolutions(graph: Graph) -> list[ScaledConvolution]:
    """Returns the convolutions of a graph's inputs that are scaled and shifted before a ReLU."""
    found = []
    for node in graph.nodes:
        if node.op_type != "Conv" or len(node.input) > 2 or node.input[0] not in graph.inputs:
            continue
        scale = _only_reader(graph, node, "Mul")
        shift = scale and _only_reader(graph, scale, "Add")
        relu = shift and _only_reader(graph, shift, "Relu")
        if not scale or not shift or not relu:
            continue
        gain = _other(scale, node.output[0])
        if gain not in graph.constants and _is_number(graph, gain):
            by = _other(shift, scale.output[0])
            found.append(ScaledConvolution(node, gain, by, (scale, shift, relu), relu.output[0]))
    return found


def _only_reader(graph: Graph, node: onnx.NodeProto, op: str) -> onnx.NodeProto | None:
    readers = graph.consumers(node.output[0])
    return (
        readers[0] if len(readers) == 1 and readers[0].op_type == op and not graph.is_shared(node.output[0]) else None
    )


def _other(node: onnx.NodeProto, known: str) -> str:
    return next(str(name) for name in node.input if name != known)


def _is_number(graph: Graph, tensor: str) -> bool:
    """Returns whether a tensor was reshaped to one number in each picture, (B, 1, 1, 1)."""
    node = graph.producer(tensor)
    if node is None or node.op_type != "Reshape" or node.input[1] not in graph.constants:
        return False
    return list(graph.array(node.input[1])[1:]) == [1, 1, 1]


def emit_scaled(
    graph: Graph,
    scaled: ScaledConvolution,
    content: tuple[np.float32, int],
    result: tuple[np.float32, int],
    activation: type[np.uint8] | type[np.int8],
    rounding: Rounding,
) -> None:
    """Replaces the nodes by a QLinearConv; the ReLU's output must be read by one QuantizeLinear alone.

    Args:
        content, result: scale and zero point of the convolution's input and of the ReLU's output.
        activation: integer type of both.
        rounding: of the weights.
    """
    name, output = scaled.convolution.output[0], scaled.output
    (quantizer,) = graph.consumers(output)
    assert quantizer.op_type == "QuantizeLinear", f"{output} is read in float"
    gone = [scaled.convolution, *scaled.between, quantizer]
    graph.nodes = [n for n in graph.nodes if all(n is not other for other in gone)]
    step, zero = (
        graph.constant(f"{name}_content_scale", np.asarray(content[0], np.float32)),
        graph.constant(f"{name}_content_zero", np.asarray(content[1], activation)),
    )
    quantized = graph.add("QuantizeLinear", (scaled.convolution.input[0], step, zero), f"{name}_content_q")
    weights = graph.array(scaled.convolution.input[1]).astype(np.float64)
    scales = np.maximum(np.abs(weights).max((1, 2, 3)), 1e-8) / 127
    whole = rounding(weights / scales[:, None, None, None])
    # What else is computed of the weights, such as the shift that centres a picture, must be of those that are used.
    used = (whole * scales[:, None, None, None]).astype(np.float32)
    graph.constants[scaled.convolution.input[1]].CopyFrom(numpy_helper.from_array(used, scaled.convolution.input[1]))
    one = graph.constant(f"{name}_one", np.array([1], np.int64))
    gain = graph.add("Reshape", (scaled.gain, one), f"{name}_gain")
    scale = graph.add("Mul", (gain, step), f"{name}_scale")
    per_channel = graph.constant(f"{name}_weight_scale", scales.astype(np.float32))
    channels = graph.constant(f"{name}_channels", np.array([-1], np.int64))
    shift = graph.add("Reshape", (scaled.shift, channels), f"{name}_shift")
    steps = graph.add("Mul", (scale, per_channel), f"{name}_steps")
    ratio = graph.add("Div", (shift, steps), f"{name}_ratio")
    rounded = graph.add("Round", (ratio,), f"{name}_rounded")
    bias = graph.add("Cast", (rounded,), f"{name}_bias", to=onnx.TensorProto.INT32)
    inputs = (
        *(quantized, scale, zero),
        graph.constant(f"{name}_weight_q", whole),
        per_channel,
        graph.constant(f"{name}_weight_zero", np.zeros(len(whole), np.int8)),
        graph.constant(f"{output}_scale", np.asarray(result[0], np.float32)),
        graph.constant(f"{output}_zero", np.asarray(result[1], activation)),
        bias,
    )
    graph.add("QLinearConv", inputs, quantizer.output[0])
    graph.nodes[-1].name = scaled.convolution.name
    graph.nodes[-1].attribute.extend(scaled.convolution.attribute)
