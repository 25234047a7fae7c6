"""DepthToSpace, spelled out."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from stylex.quant.graph import Graph
from stylex.quant.shuffles import spell_out


@pytest.mark.parametrize("mode", ["CRD", "DCR", None])
@pytest.mark.parametrize(("block", "sides"), [(2, (3, 5)), (4, (1, 2))])
def test_moves_as_the_operator_does(mode: str | None, block: int, sides: tuple[int, int]) -> None:
    more = {"mode": mode} if mode else {}
    node = helper.make_node("DepthToSpace", ["x"], ["y"], blocksize=block, **more)
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["b", "c", "h", "w"]) for n in "xy"]
    model = helper.make_model(
        helper.make_graph([node], "g", ends[:1], ends[1:]), opset_imports=[helper.make_opsetid("", 18)], ir_version=8
    )
    x = np.random.default_rng(0).random((2, 3 * block**2, *sides), np.float32)

    def run() -> np.ndarray:
        session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        return np.asarray(session.run(None, {"x": x})[0])

    before = run()
    graph = Graph(model)
    spell_out(graph, graph.nodes[0])
    graph.finish()
    onnx.checker.check_model(model, full_check=True)
    assert all(n.op_type != "DepthToSpace" for n in model.graph.node)
    np.testing.assert_array_equal(run(), before)
