"""Uint8 I/O: a quantized graph that takes and gives uint8 (1, H, W, 3), as cameras and files have them.

A quantized graph begins by turning floats into bytes and ends by turning bytes into floats, and whoever runs it turns
the photo's bytes into floats before and back behind: at 512x512 that was a third of the whole time. Where the steps of
both ends are 1/255, the bytes can go straight in and out.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from stylex.quant.graph import Graph

COLOURS = 3
STEP = np.float32(1 / 255)


class Uint8Pictures:
    """Makes the pictures uint8; it changes nothing unless both the content and the picture are whole bytes already.

    Args:
        content: the picture input, float32 (1, 3, H, W).
        painted: the picture output, float32 (1, 3, H, W), that a DepthToSpace makes of the bytes of a convolution or
            of a sum of convolutions.
    """

    name = "uint8 I/O"

    def __init__(self, content: str = "content", painted: str = "painted") -> None:
        self.content, self.painted = content, painted

    def apply(self, model: onnx.ModelProto) -> bool:
        """See `stylex.quant.passes.Pass.apply`."""
        graph = Graph(model)
        enters, leaves = self._entering(graph), graph.producer(self.painted)
        if enters is None or leaves is None or not _whole_bytes(graph, leaves, "DequantizeLinear"):
            return False
        shuffle = graph.producer(leaves.input[0])
        fine = shuffle and _fineness(shuffle)
        heads = _convolutions(graph, shuffle.input[0], COLOURS * fine**2) if shuffle and fine else None
        if shuffle is None or not fine or not heads:
            return False
        self._enter(graph, enters)
        for head in heads:
            _colours_innermost(graph, head, fine)
        self._leave(graph, shuffle, leaves, fine)
        _retype(model, self.content, self.painted)
        graph.finish()
        return True

    def _entering(self, graph: Graph) -> onnx.NodeProto | None:
        """Returns the QuantizeLinear of the content, if all others that read it only take parts of it."""
        readers = graph.consumers(self.content)
        quantizers = [n for n in readers if _whole_bytes(graph, n, "QuantizeLinear")]
        parts = [n for n in readers if n.op_type == "Slice"]
        return quantizers[0] if len(quantizers) == 1 and len(quantizers) + len(parts) == len(readers) else None

    def _enter(self, graph: Graph, enters: onnx.NodeProto) -> None:
        """Replaces the quantized content by the content's bytes; what is sliced off becomes floats afterwards."""
        whole, parameters = enters.output[0], list(enters.input[1:])
        graph.nodes = [n for n in graph.nodes if n is not enters]
        slices = graph.consumers(self.content)
        graph.add("Transpose", [self.content], whole, perm=[0, 3, 1, 2])
        for node in slices:
            node.input[0] = whole
            self._floats_behind(graph, node, parameters)

    def _floats_behind(self, graph: Graph, node: onnx.NodeProto, parameters: list[str]) -> None:
        """Adds a DequantizeLinear behind the last of a chain of slices."""
        readers = graph.consumers(node.output[0])
        if len(readers) == 1 and readers[0].op_type == "Slice":
            self._floats_behind(graph, readers[0], parameters)
            return
        floats, node.output[0] = node.output[0], f"{node.output[0]}_bytes"
        graph.add("DequantizeLinear", [node.output[0], *parameters], floats)

    def _leave(self, graph: Graph, shuffle: onnx.NodeProto, leaves: onnx.NodeProto, fine: int) -> None:
        """Shuffles with colours innermost: the pixels of a row of a block are then moved as one."""
        source, painted = shuffle.input[0], self.painted
        graph.nodes = [n for n in graph.nodes if n is not shuffle and n is not leaves]
        last = graph.add("Transpose", [source], f"{painted}_last", perm=[0, 2, 3, 1])
        block = graph.constant(f"{painted}_block", np.array([0, 0, 0, fine, COLOURS * fine], np.int64))
        cut = graph.add("Reshape", [last, block], f"{painted}_cut")  # (1, H/F, W/F, F, 3 F)
        rows = graph.add("Transpose", [cut], f"{painted}_rows", perm=[0, 1, 3, 2, 4])
        sides = graph.add("Shape", [source], f"{painted}_coarse", start=2, end=4)
        factor = graph.constant(f"{painted}_fine", np.array([fine, fine], np.int64))
        sides = graph.add("Mul", [sides, factor], f"{painted}_sides")
        one, three = (graph.constant(f"{painted}_{n}", np.array([n], np.int64)) for n in (1, 3))
        shape = graph.add("Concat", [one, sides, three], f"{painted}_shape", axis=0)
        graph.add("Reshape", [rows, shape], painted)


def _whole_bytes(graph: Graph, node: onnx.NodeProto, op: str) -> bool:
    """Returns whether a node turns [0, 1] into bytes or back."""
    if node.op_type != op or not set(node.input[1:]) <= set(graph.constants):
        return False
    scale, zero = (graph.array(name) for name in node.input[1:3])
    return bool(np.isclose(scale, STEP, rtol=1e-6)) and zero.dtype == np.uint8 and not zero.any()


def _fineness(node: onnx.NodeProto) -> int:
    """Returns the block size of a DepthToSpace node in CRD order; 0 for any other node."""
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    ours = node.op_type == "DepthToSpace" and attributes.get("mode") == b"CRD"
    return int(attributes["blocksize"]) if ours else 0


def _convolutions(graph: Graph, tensor: str, channels: int) -> list[onnx.NodeProto] | None:
    """Returns the quantized convolutions to so many channels whose activated sum a tensor is; None if it isn't."""
    node = graph.producer(tensor)
    while node is not None and node.op_type in ("QuantizeLinear", "DequantizeLinear", "Clip", "Relu"):
        node = graph.producer(node.input[0])
    if node is not None and node.op_type == "Add":
        terms = [_convolutions(graph, name, channels) for name in node.input]
        return None if None in terms else [head for heads in terms for head in heads or []]
    if node is None or node.op_type != "Conv":
        return None
    weights = graph.producer(node.input[1])
    if weights is None or weights.op_type != "DequantizeLinear":
        return None
    return [node] if len(graph.array(weights.input[0])) == channels else None


def _colours_innermost(graph: Graph, head: onnx.NodeProto, fine: int) -> None:
    """Reorders the outputs of a convolution from (colour, row, column) to (row, column, colour)."""
    order = np.arange(COLOURS * fine**2).reshape(COLOURS, fine, fine).transpose(1, 2, 0).ravel()
    for name in head.input[1:]:
        producer = graph.producer(name)
        for constant in producer.input if producer is not None else [name]:
            value = graph.array(constant)
            if value.ndim:
                graph.constants[constant].CopyFrom(
                    numpy_helper.from_array(np.ascontiguousarray(value[order]), constant)
                )


def _retype(model: onnx.ModelProto, *pictures: str) -> None:
    """Declares pictures as uint8 with colours last."""
    for value in [*model.graph.input, *model.graph.output]:
        if value.name in pictures:
            kind = value.type.tensor_type
            kind.elem_type = TensorProto.UINT8
            batch, colours, height, width = (kind.shape.dim[i] for i in range(4))
            ordered = [onnx.TensorShapeProto.Dimension() for _ in range(4)]
            for copy, dim in zip(ordered, (batch, height, width, colours), strict=True):
                copy.CopyFrom(dim)
            del kind.shape.dim[:]
            kind.shape.dim.extend(ordered)
