"""INT8 in the QDQ format: convolutions and data-movement ops run on bytes, everything else stays in float32.

Why not ONNX Runtime's own quantizer: it puts a reflecting Pad between a DequantizeLinear and a QuantizeLinear, where it
runs in float32 and keeps the convolutions around it from staying in the channels-last layout. Here Pad, MaxPool and
DepthToSpace take the bytes themselves, and residual sums stay in float32, where the modulation needs them anyway
(docs/decisions.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import onnx

from stylex.quant.calibration import Observed
from stylex.quant.graph import Graph
from stylex.quant.rounding import Rounding, rounded, rounded_kernels
from stylex.quant.scaled import emit_scaled, scaled_convolutions
from stylex.quant.shuffles import spell_out

Range = tuple[float, float]
ACTIVATIONS = ("Relu", "Clip")
BIAS_LIMIT = 2**31 - 1
WIDEST_CLIP = 100.0
"""A Clip with limits further out than this doesn't say where its values lie; it is observed like any other node."""


@dataclass(frozen=True)
class Int8Target:
    """Requirements of a kind of device for INT8 graphs.

    Attributes:
        name: the target.
        activation: integer type of the activations.
        symmetric: zero points are all 0.
        moves_bytes: Pad, MaxPool and DepthToSpace take integers.
        integer_bias: biases are int32 instead of float32.
        fewest_channels: input channels from which its 8-bit convolutions are faster than float ones. On x86 24 channels
            were 1.5 times as fast; ONNX Runtime's kernels for ARM leave shallow ones to unfolding, and TensorRT pads
            channels to 32. The latter two weren't measured.
    """

    name: str
    activation: type[np.uint8] | type[np.int8]
    symmetric: bool = False
    moves_bytes: bool = True
    integer_bias: bool = True
    fewest_channels: int = 32

    @property
    def limits(self) -> tuple[int, int]:
        """Returns the least and the greatest integer."""
        info = np.iinfo(self.activation)
        return (-127, 127) if self.symmetric else (int(info.min), int(info.max))


INT8_TARGETS = {
    "cpu-x86": Int8Target("cpu-x86", np.uint8, fewest_channels=16),
    "cpu-arm": Int8Target("cpu-arm", np.int8),
    "tensorrt": Int8Target("tensorrt", np.int8, symmetric=True, moves_bytes=False, integer_bias=False),
}


@dataclass(frozen=True)
class QuantizeConvolutions:
    """Quantizes convolutions; one whose name is in `keep_float` is left as it is.

    Attributes:
        observed: what calibration saw of the tensors that `tensors_to_observe` names.
        fixed: ranges known beforehand, such as [0, 1] of the picture input.
        target: for which device.
        keep_float: names of convolutions that stay in float32.
        keeps_sums: weights are rounded so that kernels keep their sums, see `stylex.quant.rounding`.
        balances: of the feeds that a tensor's range is chosen by, see `Observed.best_range`; 1 for those not named.
    """

    observed: Mapping[str, Observed]
    fixed: Mapping[str, Range]
    target: Int8Target
    keep_float: frozenset[str] = frozenset()
    keeps_sums: bool = False
    balances: Mapping[str, float] = field(default_factory=dict)
    name: str = "quantize convolutions"

    def apply(self, model: onnx.ModelProto) -> bool:
        """See `stylex.quant.passes.Pass.apply`."""
        graph, rounding = Graph(model), rounded_kernels if self.keeps_sums else rounded
        chosen = [n for n in convolutions(graph) if n.name not in self.keep_float]
        found = scaled_convolutions(graph) if self.target.moves_bytes else []
        scaled = [one for one in found if any(one.convolution is n for n in chosen)]
        single = [n for n in chosen if all(n is not one.convolution for one in scaled)]
        plan = _Plan(graph, single, self.target.moves_bytes)
        scaled = [one for one in scaled if one.output in plan.tensors]
        parameters = {t: self._parameters(graph, t) for t in plan.tensors}
        contents = [self._parameters(graph, one.convolution.input[0]) for one in scaled]
        _Emitter(graph, plan, parameters, self.target, rounding).emit()
        for node in plan.data_movement if self.target.activation is np.int8 else ():
            if node.op_type == "DepthToSpace":
                spell_out(graph, node)
        for one, content in zip(scaled, contents, strict=True):
            emit_scaled(graph, one, content, parameters[one.output], self.target.activation, rounding)
        graph.finish()
        return bool(chosen)

    def _parameters(self, graph: Graph, tensor: str) -> tuple[np.float32, int]:
        """Returns scale and zero point."""
        target, tensor = self.target, _unmoved(graph, tensor)
        low, high = self.fixed.get(tensor) or _clipped(graph, tensor) or self._best_range(tensor)
        low, high = min(low, 0.0), max(high, 0.0)
        least, most = target.limits
        if target.symmetric:
            return np.float32(max(-low, high, 1e-8) / most), 0
        scale = max(high - low, 1e-8) / (most - least)
        return np.float32(scale), int(np.clip(round(least - low / scale), least, most))

    def _best_range(self, tensor: str) -> Range:
        assert tensor in self.observed, f"{tensor} was not observed; a graph's inputs need a fixed range"
        return self.observed[tensor].best_range(256, self.target.symmetric, self.balances.get(tensor, 1.0))


def convolutions(graph: Graph) -> list[onnx.NodeProto]:
    """Returns the convolutions with constant weights, in graph order."""
    return [n for n in graph.nodes if n.op_type == "Conv" and n.input[1] in graph.constants]


def tensors_to_observe(model: onnx.ModelProto) -> set[str]:
    """Returns the tensors whose ranges `QuantizeConvolutions` needs; data-movement ops share their input's range."""
    graph = Graph(model)
    return _Plan(graph, convolutions(graph), True).tensors - graph.inputs


def ranges_before_relu(model: onnx.ModelProto) -> dict[str, tuple[str, str]]:
    """Finds residual branches y that are used only in relu(x + y), where values of y below -x have no effect.

    Such a y may lie a hundred steps below anything that takes effect, where a residual block closes a channel for good.
    Its raw range would leave the rest too few levels. Its effective range before the ReLU is that of relu(x + y) - x.

    Returns:
        names of relu(x + y) and of x by the name of y.
    """
    graph, found = Graph(model), {}
    for convolution in convolutions(graph):
        branch = convolution.output[0]
        sums = graph.consumers(branch)
        if len(sums) != 1 or sums[0].op_type != "Add" or graph.is_shared(branch):
            continue
        readers = graph.consumers(sums[0].output[0])
        others = [i for i in sums[0].input if i != branch]
        alone = len(readers) == 1 and not graph.is_shared(sums[0].output[0])
        if alone and readers[0].op_type == "Relu" and others and others[0] not in graph.constants:
            found[branch] = (str(readers[0].output[0]), str(others[0]))
    return found


def _is_data_movement(node: onnx.NodeProto | None) -> bool:
    """Returns whether a node is a data-movement op: DepthToSpace, MaxPool, or a Pad that repeats what is there.

    A Resize could be one too, but ONNX Runtime takes four times as long for it on bytes.
    """
    if node is None:
        return False
    modes = {a.s for a in node.attribute if a.name == "mode"}
    return node.op_type in ("DepthToSpace", "MaxPool") or (
        node.op_type == "Pad" and bool(modes & {b"reflect", b"edge"})
    )


def _unmoved(graph: Graph, tensor: str) -> str:
    """Returns the tensor whose values this one holds, before data-movement ops."""
    while (node := graph.producer(tensor)) is not None and _is_data_movement(node):
        tensor = node.input[0]
    return tensor


def _clipped(graph: Graph, tensor: str) -> Range | None:
    """Returns the limits of the Clip that produces a tensor; None where they are unknown or wide."""
    node = graph.producer(tensor)
    if node is None or node.op_type != "Clip" or not all(i in graph.constants for i in [*node.input, "", ""][1:3]):
        return None
    low, high = (float(graph.array(name)) for name in node.input[1:3])
    return (low, high) if max(-low, high) <= WIDEST_CLIP else None


class _Plan:
    """Decides which tensors become integers.

    Attributes:
        convolutions: those that are quantized.
        tensors: those that get a QuantizeLinear.
        quantized_outputs: tensors that a quantized convolution or sum produces; other readers see quantized values.
        data_movement: nodes that run on integers, in topological order.
    """

    def __init__(self, graph: Graph, chosen: list[onnx.NodeProto], moves_bytes: bool) -> None:
        self.convolutions = chosen
        self.quantized_outputs = {_activated(graph, n) for n in chosen}
        self.data_movement: list[onnx.NodeProto] = []
        wanted = {n.input[0] for n in chosen}
        if moves_bytes:
            sums = _integer_sums(graph, chosen, self.quantized_outputs)
            self.quantized_outputs |= {_activated(graph, n) for n in sums}
            self.data_movement = self._data_movement(graph, wanted)
            wanted = {_unmoved(graph, t) for t in wanted}
        self.tensors = wanted | self.quantized_outputs

    def _data_movement(self, graph: Graph, wanted: set[str]) -> list[onnx.NodeProto]:
        """Returns the nodes between quantized tensors and convolutions, and every shuffle of a convolution's output."""
        moving = [n for n in graph.nodes if _is_data_movement(n)]
        found: set[str] = set()
        needed = set(wanted)
        for node in reversed(moving):
            if needed.intersection(node.output):
                needed.add(node.input[0])
                found.update(node.output)
        integers = set(self.quantized_outputs)
        for node in moving:
            if node.op_type == "DepthToSpace" and node.input[0] in integers:
                integers.update(node.output)
                found.update(node.output)
        return [n for n in moving if found.intersection(n.output)]


def _integer_sums(graph: Graph, chosen: Sequence[onnx.NodeProto], quantized: AbstractSet[str]) -> list[onnx.NodeProto]:
    """Returns the sums with a quantized term that nothing reads in float.

    Such are residual streams without modulation sites, and sums that are shuffled to a picture.
    """
    sums: list[onnx.NodeProto] = []
    known = set(quantized)
    for node in graph.nodes:
        if node.op_type == "Add" and known.intersection(node.input):
            sums.append(node)
            known.add(_activated(graph, node))

    def stays(tensor: str) -> bool:
        return tensor not in graph.outputs and all(
            any(reader is n for n in (*chosen, *sums)) or (_is_data_movement(reader) and moved_on(reader))
            for reader in graph.consumers(tensor)
        )

    def moved_on(node: onnx.NodeProto) -> bool:
        shuffled_out = node.op_type == "DepthToSpace" and node.output[0] in graph.outputs
        return shuffled_out or stays(node.output[0])

    while floating := [n for n in sums if not stays(_activated(graph, n))]:
        sums = [n for n in sums if all(n is not f for f in floating)]
    return sums


def _activated(graph: Graph, node: onnx.NodeProto) -> str:
    """Returns the output of a convolution or a sum, behind the activation where only that reads it."""
    output = node.output[0]
    readers = graph.consumers(output)
    alone = len(readers) == 1 and not graph.is_shared(output)
    return str(readers[0].output[0] if alone and readers[0].op_type in ACTIVATIONS else output)


class _Emitter:
    """Writes QuantizeLinear and DequantizeLinear nodes into a graph."""

    def __init__(
        self,
        graph: Graph,
        plan: _Plan,
        parameters: dict[str, tuple[np.float32, int]],
        target: Int8Target,
        rounding: Rounding,
    ) -> None:
        self.graph, self.plan, self.target, self.rounding = graph, plan, target, rounding
        self.parameters = dict(parameters)
        self.copies = 0

    def emit(self) -> None:
        graph, plan = self.graph, self.plan
        originals = [n for n in graph.nodes if all(n is not node for node in plan.data_movement)]
        float_tensors = plan.tensors - plan.quantized_outputs
        for node in plan.data_movement:
            source, moved = node.input[0], node.output[0]
            self.parameters[moved] = self.parameters[source]
            node.input[0], node.output[0] = f"{source}_q", f"{moved}_q"
        for node in originals:
            quantized = any(node is n for n in plan.convolutions)
            if quantized:
                self._weights(node)
            for i, name in enumerate(node.input):
                if name in self.parameters and (quantized or name not in float_tensors):
                    node.input[i] = self._dequantized(name)
        self._quantize(originals)
        for output in sorted(graph.outputs & set(self.parameters) - float_tensors):
            graph.add("DequantizeLinear", (f"{output}_q", *self._scale(output)), output)

    def _quantize(self, originals: list[onnx.NodeProto]) -> None:
        """Adds a QuantizeLinear behind every tensor of the plan; a graph output keeps its name, dequantized."""
        for tensor in sorted(self.plan.tensors):  # sorted, so that the same weights make the same file
            source = tensor
            if tensor in self.graph.outputs and tensor in self.plan.quantized_outputs:
                source = f"{tensor}_float"
                for node in originals:
                    node.output[:] = [source if o == tensor else o for o in node.output]
            self.graph.add("QuantizeLinear", (source, *self._scale(tensor)), f"{tensor}_q")

    def _scale(self, tensor: str) -> tuple[str, str]:
        scale, zero = self.parameters[tensor]
        return (
            self.graph.constant(f"{tensor}_scale", np.asarray(scale, np.float32)),
            self.graph.constant(f"{tensor}_zero", np.asarray(zero, self.target.activation)),
        )

    def _dequantized(self, tensor: str) -> str:
        """Adds a DequantizeLinear of its own for every reader, as ONNX Runtime's fusions want it."""
        self.copies += 1
        return self.graph.add("DequantizeLinear", (f"{tensor}_q", *self._scale(tensor)), f"{tensor}_dq{self.copies}")

    def _weights(self, node: onnx.NodeProto) -> None:
        """Quantizes weights symmetrically per output channel (axis 0), biases in steps of input times weight scale.

        The constants are named after the convolution, not after the weights: two convolutions may share a bias whose
        steps differ. A channel whose weights are next to nothing gets steps coarse enough for its bias to fit, also
        where the bias stays float: ONNX Runtime turns it into integers itself.
        """
        graph, name = self.graph, node.output[0]
        weights = graph.array(node.input[1]).astype(np.float64)
        scales = np.maximum(np.abs(weights).max((1, 2, 3)), 1e-8) / 127
        if len(node.input) > 2 and node.input[2] in graph.constants:
            step = float(self.parameters[node.input[0]][0])
            bias = graph.array(node.input[2]).astype(np.float64)
            scales = np.maximum(scales, np.abs(bias) / (step * BIAS_LIMIT) * 1.001)  # a float32 scale rounds
            if self.target.integer_bias:
                integers = np.rint(bias / (scales * step)).astype(np.int32)
                node.input[2] = self._constant(f"{name}_bias", integers, scales * step)
        whole = self.rounding(weights / scales[:, None, None, None])
        node.input[1] = self._constant(f"{name}_weight", whole, scales)

    def _constant(self, name: str, integers: npt.NDArray[np.generic], scales: npt.NDArray[np.float64]) -> str:
        graph = self.graph
        zeros = np.zeros(len(scales), integers.dtype)
        parts = (
            graph.constant(f"{name}_q", integers),
            graph.constant(f"{name}_scale", scales.astype(np.float32)),
            graph.constant(f"{name}_zero", zeros),
        )
        return graph.add("DequantizeLinear", parts, f"{name}_dq", axis=0)
