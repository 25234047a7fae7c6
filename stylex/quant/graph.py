"""A small editor over an ONNX graph: the producer of a tensor, its consumers, the constants."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

FLOAT_OPS = frozenset(
    {
        "Conv",
        "Gemm",
        "MatMul",
        "Resize",
        "ReduceMean",
        "ReduceL2",
        "Sqrt",
        "Div",
        "Pow",
        "Softmax",
        "Softplus",
        "Exp",
        "Log",
    }
)
"""Operators that `float_nodes` counts: those that compute numbers, not move or add them."""


class Graph:
    """View of a model's graph; call `finish` after changes to sort the nodes and drop unused constants."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.nodes: list[onnx.NodeProto] = list(model.graph.node)
        self.constants = {t.name: t for t in model.graph.initializer}
        self.inputs = {i.name for i in model.graph.input}
        self.outputs = {o.name for o in model.graph.output}

    def producer(self, tensor: str) -> onnx.NodeProto | None:
        """Returns the node that produces a tensor; None for inputs and constants."""
        return next((n for n in self.nodes if tensor in n.output), None)

    def consumers(self, tensor: str) -> list[onnx.NodeProto]:
        """Returns the nodes that read a tensor."""
        return [n for n in self.nodes if tensor in n.input]

    def is_shared(self, tensor: str) -> bool:
        """Returns whether more than one node reads a tensor, or one node and whoever runs the graph."""
        return len(self.consumers(tensor)) + (tensor in self.outputs) > 1

    def array(self, name: str) -> npt.NDArray[np.generic]:
        """Returns the value of a constant."""
        return numpy_helper.to_array(self.constants[name])

    def constant(self, name: str, value: npt.NDArray[np.generic]) -> str:
        """Adds a constant, or returns the one of that name."""
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def add(self, op: str, inputs: Iterable[str], output: str, **attributes: Any) -> str:
        """Appends a node; returns its output."""
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=f"{output}_{op}", **attributes))
        return output

    def finish(self) -> None:
        """Writes the nodes back in topological order, without unused constants and without traces of the exporter."""
        ordered = _sorted(self.nodes, self.inputs | set(self.constants))
        used = {name for node in ordered for name in node.input} | self.outputs
        graph = self.model.graph
        del graph.node[:], graph.initializer[:], graph.value_info[:]
        for node in ordered:
            node.doc_string = ""
            del node.metadata_props[:]
        graph.node.extend(ordered)
        graph.initializer.extend(t for name, t in self.constants.items() if name in used)


def _sorted(nodes: list[onnx.NodeProto], known: set[str]) -> list[onnx.NodeProto]:
    """Sorts by Kahn's algorithm; keeps the order of the list where it is free to."""
    missing = [{i for i in n.input if i and i not in known} for n in nodes]
    readers: dict[str, list[int]] = defaultdict(list)
    for at, names in enumerate(missing):
        for name in names:
            readers[name].append(at)
    ready = [at for at, names in enumerate(missing) if not names]
    ordered = []
    while ready:
        node = nodes[heapq.heappop(ready)]
        ordered.append(node)
        for output in node.output:
            for reader in readers.pop(output, []):
                missing[reader].discard(output)
                if not missing[reader]:
                    heapq.heappush(ready, reader)
    assert len(ordered) == len(nodes), "the graph has a cycle or reads a tensor that nothing produces"
    return ordered


def float_nodes(model: onnx.ModelProto) -> tuple[str, ...]:
    """Returns the names of the nodes that compute in float32, among `FLOAT_OPS`."""
    halves = {t.name for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT16}
    integers = {o for n in model.graph.node if n.op_type == "DequantizeLinear" for o in n.output}

    def computes_in_float(node: onnx.NodeProto) -> bool:
        quantized = node.op_type == "Conv" and node.input[1] in integers
        return node.op_type in FLOAT_OPS and not quantized and not halves.intersection(node.input)

    return tuple(n.name for n in model.graph.node if computes_in_float(n))
