from __future__ import annotations

import numpy as np
import onnx
import pytest

from stylex.quant.graph import Graph


def ops(model):
    return [n.op_type for n in model.graph.node]


def test_knows_who_makes_and_who_reads(tiny):
    graph = Graph(tiny)
    assert graph.producer("r1").op_type == "Relu"
    assert graph.producer("x") is None and graph.producer("stem_w") is None
    assert [n.name for n in graph.consumers("r1")] == ["node_p1", "node_sum"]
    assert graph.array("stem_w").shape == (8, 3, 3, 3)


def test_a_graph_output_counts_as_a_reader(tiny):
    graph = Graph(tiny)
    assert graph.is_shared("r1")
    assert not graph.is_shared("r2")
    graph.outputs.add("r2")
    assert graph.is_shared("r2")


def test_finish_sorts_and_keeps_the_order_it_can(tiny):
    before = [n.name for n in tiny.graph.node]
    graph = Graph(tiny)
    graph.finish()
    assert [n.name for n in tiny.graph.node] == before
    graph = Graph(tiny)
    graph.nodes.reverse()
    graph.finish()
    onnx.checker.check_model(tiny, full_check=True)


def test_finish_drops_unused_constants_and_traces(tiny):
    graph = Graph(tiny)
    graph.constant("nobody", np.zeros(3, np.float32))
    graph.nodes[0].doc_string = "a file on somebody's disk"
    graph.finish()
    assert "nobody" not in {t.name for t in tiny.graph.initializer}
    assert tiny.graph.node[0].doc_string == ""


def test_constants_of_one_name_are_one(tiny):
    graph = Graph(tiny)
    assert graph.constant("stem_w", np.zeros(1)) == "stem_w"
    assert graph.array("stem_w").shape == (8, 3, 3, 3)


def test_a_cycle_is_our_bug(tiny):
    graph = Graph(tiny)
    graph.add("Relu", ["nowhere"], "r9")
    with pytest.raises(AssertionError, match="nothing produces"):
        graph.finish()
