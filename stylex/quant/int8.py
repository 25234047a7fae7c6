"""INT8 in the QDQ format: convolutions and what only moves their values run on bytes, everything else stays in float32.

Why not ONNX Runtime's own quantizer: it puts a reflecting Pad between a DequantizeLinear and a QuantizeLinear, where it runs
in float32 and keeps the convolutions around it from staying in the channels-last layout. Here Pad and DepthToSpace take the
bytes themselves, and residual sums stay in float32, where the modulation needs them anyway (docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx

from stylex.quant.calibration import Observed
from stylex.quant.graph import Graph

Range = tuple[float, float]
ACTIVATIONS = ("Relu", "Clip")
BYTE_MOVERS = ("Pad", "DepthToSpace")


@dataclass(frozen=True)
class Int8Target:
    """What a kind of device wants of an INT8 graph.

    Attributes:
        name: the target.
        activation: integer type of the activations.
        symmetric: zero points are all 0.
        moves_bytes: Pad and DepthToSpace take integers.
        integer_bias: biases are int32 instead of float32.
    """

    name: str
    activation: type[np.uint8] | type[np.int8]
    symmetric: bool = False
    moves_bytes: bool = True
    integer_bias: bool = True

    @property
    def limits(self) -> tuple[int, int]:
        """Least and greatest integer."""
        info = np.iinfo(self.activation)
        return (-127, 127) if self.symmetric else (int(info.min), int(info.max))


INT8_TARGETS = {
    "cpu-x86": Int8Target("cpu-x86", np.uint8),
    "cpu-arm": Int8Target("cpu-arm", np.int8),
    "tensorrt": Int8Target("tensorrt", np.int8, symmetric=True, moves_bytes=False, integer_bias=False),
}


@dataclass(frozen=True)
class QuantizeConvolutions:
    """The pass; a convolution whose name is in `keep_float` is left as it is.

    Attributes:
        observed: what calibration saw of the tensors that `tensors_to_observe` names.
        fixed: ranges known beforehand, such as [0, 1] of the picture input.
        target: for which device.
        keep_float: names of convolutions that stay in float32.
    """

    observed: Mapping[str, Observed]
    fixed: Mapping[str, Range]
    target: Int8Target
    keep_float: frozenset[str] = frozenset()
    name: str = "quantize convolutions"

    def apply(self, model: onnx.ModelProto) -> bool:
        """See `stylex.quant.passes.Pass.apply`."""
        graph = Graph(model)
        chosen = [n for n in convolutions(graph) if n.name not in self.keep_float]
        plan = _Plan(graph, chosen, self.target.moves_bytes)
        parameters = {t: self._parameters(graph, t) for t in plan.tensors}
        _Emitter(graph, plan, parameters, self.target).emit()
        graph.finish()
        return bool(chosen)

    def _parameters(self, graph: Graph, tensor: str) -> tuple[np.float32, int]:
        """Scale and zero point."""
        target = self.target
        producer = graph.producer(tensor)
        if tensor in self.fixed:
            low, high = self.fixed[tensor]
        elif producer is not None and producer.op_type == "Clip":
            low, high = (float(graph.array(name)) for name in producer.input[1:3])
        else:
            low, high = self.observed[tensor].best_range(256, target.symmetric)
        low, high = min(low, 0.0), max(high, 0.0)
        least, most = target.limits
        if target.symmetric:
            return np.float32(max(-low, high, 1e-8) / most), 0
        scale = max(high - low, 1e-8) / (most - least)
        return np.float32(scale), int(np.clip(round(least - low / scale), least, most))


def convolutions(graph: Graph) -> list[onnx.NodeProto]:
    """Convolutions with constant weights, in graph order."""
    return [n for n in graph.nodes if n.op_type == "Conv" and n.input[1] in graph.constants]


def tensors_to_observe(model: onnx.ModelProto) -> set[str]:
    """Tensors whose ranges `QuantizeConvolutions` needs; the pads' own outputs share their inputs'."""
    graph = Graph(model)
    both = _Plan(graph, convolutions(graph), True).tensors | _Plan(graph, convolutions(graph), False).tensors
    return both - graph.inputs


class _Plan:
    """Which tensors become integers.

    Attributes:
        convolutions: that are quantized.
        tensors: that get a QuantizeLinear.
        made: those of them that a quantized convolution makes; their other readers see the quantized values.
        movers: Pad and DepthToSpace nodes that run on integers.
    """

    def __init__(self, graph: Graph, chosen: list[onnx.NodeProto], moves_bytes: bool) -> None:
        self.convolutions = chosen
        self.made = {_activated(graph, n) for n in chosen}
        self.movers: list[onnx.NodeProto] = []
        wanted = {n.input[0] for n in chosen}
        if moves_bytes:
            wanted = {self._behind_pads(graph, t) for t in wanted}
            for tensor in self.made:
                self.movers += [n for n in graph.consumers(tensor) if n.op_type == "DepthToSpace"]
        self.tensors = wanted | self.made

    def _behind_pads(self, graph: Graph, tensor: str) -> str:
        node = graph.producer(tensor)
        if node is None or node.op_type != "Pad":
            return tensor
        if all(node is not mover for mover in self.movers):
            self.movers.append(node)
        return node.input[0]


def _activated(graph: Graph, convolution: onnx.NodeProto) -> str:
    """The convolution's output, behind the activation where only that reads it."""
    output = convolution.output[0]
    readers = graph.consumers(output)
    return readers[0].output[0] if len(readers) == 1 and readers[0].op_type in ACTIVATIONS else output


class _Emitter:
    """Writes QuantizeLinear and DequantizeLinear nodes into a graph."""

    def __init__(
        self, graph: Graph, plan: _Plan, parameters: dict[str, tuple[np.float32, int]], target: Int8Target
    ) -> None:
        self.graph, self.plan, self.target = graph, plan, target
        self.parameters = dict(parameters)
        self.copies = 0

    def emit(self) -> None:
        graph, plan = self.graph, self.plan
        readers = {id(n): list(n.input) for n in graph.nodes}
        originals = list(graph.nodes)
        for tensor in plan.tensors:
            graph.add("QuantizeLinear", (tensor, *self._scale(tensor)), f"{tensor}_q")
        for mover in plan.movers:
            source, moved = mover.input[0], mover.output[0]
            self.parameters[moved] = self.parameters[source]
            mover.input[0], mover.output[0] = f"{source}_q", f"{moved}_q"
        integers = set(self.parameters)
        float_made = plan.tensors - plan.made
        for node in originals:
            if any(node is mover for mover in plan.movers):
                continue
            quantized = any(node is n for n in plan.convolutions)
            for i, name in enumerate(readers[id(node)]):
                if name in integers and (quantized or name not in float_made):
                    node.input[i] = self._dequantized(name)
            if quantized:
                self._weights(node, readers[id(node)][0])
        for output in self.graph.outputs & integers - plan.tensors:
            graph.add("DequantizeLinear", (f"{output}_q", *self._scale(output)), output)

    def _scale(self, tensor: str) -> tuple[str, str]:
        scale, zero = self.parameters[tensor]
        return (
            self.graph.constant(f"{tensor}_scale", np.asarray(scale, np.float32)),
            self.graph.constant(f"{tensor}_zero", np.asarray(zero, self.target.activation)),
        )

    def _dequantized(self, tensor: str) -> str:
        """A DequantizeLinear of its own for every reader, as ONNX Runtime's fusions want it."""
        self.copies += 1
        return self.graph.add("DequantizeLinear", (f"{tensor}_q", *self._scale(tensor)), f"{tensor}_dq{self.copies}")

    def _weights(self, node: onnx.NodeProto, source: str) -> None:
        """Weights symmetric and per output channel (axis 0); the bias in steps of input scale times weight scale."""
        graph, name = self.graph, node.input[1]
        weights = graph.array(name).astype(np.float32)
        scales = np.maximum(np.abs(weights).max((1, 2, 3)), 1e-8).astype(np.float32) / np.float32(127)
        integers = np.clip(np.rint(weights / scales[:, None, None, None]), -127, 127).astype(np.int8)
        node.input[1] = self._constant(name, integers, scales)
        if len(node.input) > 2 and self.target.integer_bias:
            bias_scales = (scales * self.parameters[source][0]).astype(np.float32)
            bias = np.rint(graph.array(node.input[2]).astype(np.float64) / bias_scales)
            node.input[2] = self._constant(
                node.input[2], np.clip(bias, -(2**31) + 1, 2**31 - 1).astype(np.int32), bias_scales
            )

    def _constant(self, name: str, integers: npt.NDArray[np.generic], scales: npt.NDArray[np.float32]) -> str:
        graph = self.graph
        zeros = np.zeros(len(scales), integers.dtype)
        parts = (
            graph.constant(f"{name}_q", integers),
            graph.constant(f"{name}_scale", scales),
            graph.constant(f"{name}_zero", zeros),
        )
        return graph.add("DequantizeLinear", parts, f"{name}_dq", axis=0)
