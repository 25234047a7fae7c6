"""FP16, in two forms, because half precision means two things.

On a CPU ONNX Runtime has no half-precision convolutions on x86: it would wrap every node in casts. There only the
weights are halved; one cast each, which ONNX Runtime folds away when it loads the file, so that it runs exactly as fast
as FP32 from half the bytes. On a GPU the convolutions themselves run in half precision, and the statistics of the
modulation, whose squares and quotients overflow or lose their digits there, stay in float32.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto

from stylex.quant.graph import Graph
from stylex.quant.int8 import convolutions

FEWEST_VALUES = 64
"""Constants with fewer values stay in float32: they save nothing."""
HALF_OPS = frozenset({"Conv", "Relu", "Clip", "Pad", "DepthToSpace"})
"""Operators that run in half precision on a GPU; anything else is an island in float32."""


@dataclass(frozen=True)
class HalfWeights:
    """Stores weights in half precision and cast them back; all computing stays in float32."""

    name: str = "half weights"

    def apply(self, model: onnx.ModelProto) -> bool:
        """See `stylex.quant.passes.Pass.apply`."""
        graph = Graph(model)
        large = [
            n
            for n, t in graph.constants.items()
            if t.data_type == TensorProto.FLOAT and graph.array(n).size >= FEWEST_VALUES
        ]
        for name in large:
            _halve_constant(graph, name)
            graph.add("Cast", (f"{name}_half",), f"{name}_float", to=TensorProto.FLOAT)
            _redirect(graph.nodes[:-1], name, f"{name}_float")
        graph.finish()
        return bool(large)


@dataclass(frozen=True)
class HalfCompute:
    """Runs convolutions, and ops that only move or clip their values, in half precision."""

    name: str = "half compute"

    def apply(self, model: onnx.ModelProto) -> bool:
        """See `stylex.quant.passes.Pass.apply`."""
        graph = Graph(model)
        originals = list(graph.nodes)
        halved = _half_nodes(graph)
        ids = {id(n) for n in halved}
        half_tensors = {o for n in halved for o in n.output}
        for node in originals:
            half = id(node) in ids
            for i, name in enumerate(node.input):
                if half and name in graph.constants and graph.constants[name].data_type == TensorProto.FLOAT:
                    node.input[i] = _halve_constant(graph, name)
                elif half and i == 0 and name not in half_tensors:  # what follows it is sizes, limits, or absent
                    node.input[i] = _cast(graph, name, TensorProto.FLOAT16, "half")
                elif not half and name in half_tensors:
                    node.input[i] = _cast(graph, name, TensorProto.FLOAT, "float")
        for output in sorted(graph.outputs & half_tensors):
            _rename_output(graph, halved, output)
        graph.finish()
        return bool(halved)


def _half_nodes(graph: Graph) -> list[onnx.NodeProto]:
    """Returns convolutions, and the other `HALF_OPS` that read the output of such a node, besides constants."""
    halved = [n for n in convolutions(graph) if all(i in graph.constants for i in n.input[1:])]
    half_tensors = {o for n in halved for o in n.output}
    for node in graph.nodes:
        movable = node.op_type in HALF_OPS - {"Conv"} and all(not i or i in graph.constants for i in node.input[1:])
        if movable and node.input[0] in half_tensors:
            halved.append(node)
            half_tensors.update(node.output)
    return halved


def _halve_constant(graph: Graph, name: str) -> str:
    return graph.constant(f"{name}_half", graph.array(name).astype(np.float16))


def _cast(graph: Graph, name: str, to: int, suffix: str) -> str:
    cast = f"{name}_as_{suffix}"
    if graph.producer(cast) is None:
        graph.add("Cast", (name,), cast, to=to)
    return cast


def _rename_output(graph: Graph, halved: list[onnx.NodeProto], output: str) -> None:
    """Keeps a graph output in float32: its maker writes another name, and a cast writes the output."""
    inner = f"{output}_half"
    for node in halved:
        node.output[:] = [inner if o == output else o for o in node.output]
    _redirect(graph.nodes, output, inner)
    graph.add("Cast", (inner,), output, to=TensorProto.FLOAT)


def _redirect(nodes: list[onnx.NodeProto], old: str, new: str) -> None:
    for node in nodes:
        node.input[:] = [new if i == old else i for i in node.input]
