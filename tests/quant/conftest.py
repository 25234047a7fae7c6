"""Small ONNX networks for the tests of quantization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

Array = np.ndarray[Any, Any]


class Net:
    """Writes a network node by node; weights are seeded."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, Array] = {}

    def constant(self, name: str, value: Any) -> str:
        self.constants[name] = np.asarray(value)
        return name

    def node(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"node_{output}", **attributes))
        return output

    def conv(self, x: str, inputs: int, outputs: int, output: str, size: int = 3, bias: str | None = None) -> str:
        scale = 1.4 / np.sqrt(inputs * size * size)
        weight = self.rng.normal(0, scale, (outputs, inputs, size, size)).astype(np.float32)
        weight *= self.rng.uniform(0.2, 1, (outputs, 1, 1, 1)).astype(np.float32)
        w = self.constant(f"{output}_w", weight)
        b = bias or self.constant(f"{output}_b", self.rng.normal(0.1, 0.1, outputs).astype(np.float32))
        return self.node("Conv", [x, w, b], output, kernel_shape=[size, size])

    def pad(self, x: str, output: str, mode: str = "reflect", by: int = 1) -> str:
        pads = self.constant(f"pads_{by}", np.array([0, 0, by, by, 0, 0, by, by], np.int64))
        return self.node("Pad", [x, pads], output, mode=mode)

    def relu(self, x: str, output: str) -> str:
        return self.node("Relu", [x], output)

    def clip(self, x: str, output: str, low: float = 0.0, high: float = 1.0) -> str:
        limits = [self.constant(f"{output}_{n}", np.float32(v)) for n, v in (("low", low), ("high", high))]
        return self.node("Clip", [x, *limits], output)

    def shuffle(self, x: str, output: str) -> str:
        return self.node("DepthToSpace", [x], output, blocksize=2, mode="CRD")

    def model(self, outputs: dict[str, int], inputs: int = 3) -> onnx.ModelProto:
        """`outputs`: names with their ranks."""
        graph = helper.make_graph(
            self.nodes,
            "net",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, inputs, "h", "w"])],
            [helper.make_tensor_value_info(o, TensorProto.FLOAT, [None] * rank) for o, rank in outputs.items()],
            [numpy_helper.from_array(v, n) for n, v in self.constants.items()],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


@pytest.fixture
def net() -> type[Net]:
    return Net


@pytest.fixture
def tiny() -> onnx.ModelProto:
    """The habits of the backbone: pads, a residual sum with an output of its own, a shuffle with a Clip behind."""
    n = Net()
    n.relu(n.conv("x", 3, 8, "stem"), "r1")
    n.relu(n.conv(n.pad("r1", "p1"), 8, 8, "c2"), "r2")
    n.conv(n.pad("r2", "p2"), 8, 8, "c3")
    n.node("Add", ["r1", "c3"], "sum")
    n.conv(n.pad("sum", "p3"), 8, 12, "head")
    n.clip(n.shuffle("head", "shuffled"), "y")
    n.node("ReduceMean", ["sum", n.constant("axes", np.array([2, 3], np.int64))], "mean", keepdims=0)
    return n.model({"y": 4, "mean": 2})


@pytest.fixture
def feeds() -> list[dict[str, Array]]:
    """Smooth pictures, (1, 3, 18, 22)."""
    rng = np.random.default_rng(5)
    made = []
    for _ in range(6):
        coarse = rng.random((1, 3, 9, 11)).astype(np.float32)
        made.append({"x": coarse.repeat(2, 2).repeat(2, 3)})
    return made


@pytest.fixture
def run() -> Callable[..., list[Array]]:
    def run_model(model: onnx.ModelProto, feed: dict[str, Array], names: list[str] | None = None) -> list[Array]:
        options = ort.SessionOptions()
        options.log_severity_level = 4
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return [np.asarray(o) for o in session.run(names, feed)]

    return run_model
