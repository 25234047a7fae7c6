"""The first convolution of a picture's bytes, with neighbouring pixels of a row as its channels.

A convolution with stride S on three channels is one with stride 1 along the row on 3 S channels, whose kernels are S
times narrower: bytes (1, H, W, 3) and (1, H, W/S, 3 S) are the same bytes in the same order, so that nothing is moved.
The sums are of the same integers. ONNX Runtime has a faster kernel for channels that are a multiple of four, where the
biases are constants.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper, numpy_helper

from stylex.quant.graph import Graph

COLOURS = 3
FACTORS = re.compile(r"(\d+)\*\w+(?: \+ (\d+))?")
"""A dynamic side as torch writes it, such as "8*columns + 4"."""


@dataclass(frozen=True)
class WideStem:
    """Lets the first convolution take several pixels of a row at once.

    It changes nothing unless a strided convolution without pads is the only reader of a picture of bytes, its kernels
    are a multiple of the stride wide, and so is the picture.

    Attributes:
        content: the picture input, uint8 (1, H, W, 3), see `stylex.quant.uint8_io`.
    """

    content: str = "content"
    name: str = "wide stem"

    def apply(self, model: onnx.ModelProto) -> bool:
        """See `stylex.quant.passes.Pass.apply`."""
        graph = Graph(model)
        stem = self._stem(graph)
        if stem is None:
            return False
        planes, convolution = stem
        down, along = _numbers(convolution, "strides")
        weights = graph.producer(convolution.input[1])
        if weights is None or not self._fits(model, graph, weights.input[0], along):
            return False
        _widen(graph, weights.input[0], along)
        _set(convolution, "strides", [down, 1])
        _set(convolution, "kernel_shape", list(graph.array(weights.input[0]).shape[2:]))
        shape = graph.constant(f"{self.content}_wide_shape", np.array([0, 0, -1, along * COLOURS], np.int64))
        planes.input[0] = graph.add("Reshape", [self.content, shape], f"{self.content}_wide")
        graph.finish()
        return True

    def _stem(self, graph: Graph) -> tuple[onnx.NodeProto, onnx.NodeProto] | None:
        """Returns the Transpose to planes and the quantized convolution, where nothing else reads the picture."""
        readers = graph.consumers(self.content)
        if len(readers) != 1 or readers[0].op_type != "Transpose" or graph.is_shared(readers[0].output[0]):
            return None
        floats = graph.consumers(readers[0].output[0])
        if len(floats) != 1 or floats[0].op_type != "DequantizeLinear" or graph.is_shared(floats[0].output[0]):
            return None
        found = graph.consumers(floats[0].output[0])
        return (readers[0], found[0]) if len(found) == 1 and _is_plain(found[0]) else None

    def _fits(self, model: onnx.ModelProto, graph: Graph, weights: str, along: int) -> bool:
        """Returns whether the kernels and the picture consist of whole groups of `along` pixels."""
        if weights not in graph.constants or along == 1 or graph.is_shared(weights):
            return False
        width = next(i for i in model.graph.input if i.name == self.content).type.tensor_type.shape.dim[2]
        return graph.array(weights).shape[3] % along == 0 and all(f % along == 0 for f in _factors(width))


def _is_plain(node: onnx.NodeProto) -> bool:
    """Returns whether a node is a strided convolution without pads, groups and dilations."""
    if node.op_type != "Conv" or not _numbers(node, "strides"):
        return False
    groups = [a.i for a in node.attribute if a.name == "group"]
    automatic = [a.s for a in node.attribute if a.name == "auto_pad" and a.s not in (b"NOTSET", b"VALID")]
    return not any(_numbers(node, "pads")) and {*_numbers(node, "dilations"), *groups} <= {1} and not automatic


def _widen(graph: Graph, weights: str, along: int) -> None:
    """Reorders kernels (O, 3, H, W) to (O, 3 S, H, W/S): pixels outside, colours inside, as bytes lie in a row."""
    kernels = graph.array(weights)
    outputs, colours, high, wide = kernels.shape
    grouped = kernels.reshape(outputs, colours, high, wide // along, along).transpose(0, 4, 1, 2, 3)
    wider = np.ascontiguousarray(grouped.reshape(outputs, along * colours, high, wide // along))
    graph.constants[weights].CopyFrom(numpy_helper.from_array(wider, weights))


def _factors(side: onnx.TensorShapeProto.Dimension) -> list[int]:
    """Returns numbers whose common divisors divide a side; of an unknown side 1."""
    if side.dim_value:
        return [side.dim_value]
    factors = FACTORS.fullmatch(side.dim_param)
    return [int(number) for number in factors.groups() if number] if factors else [1]


def _numbers(node: onnx.NodeProto, name: str) -> list[int]:
    return next((list(a.ints) for a in node.attribute if a.name == name), [])


def _set(node: onnx.NodeProto, name: str, value: list[int]) -> None:
    kept = [a for a in node.attribute if a.name != name]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute(name, value)])
