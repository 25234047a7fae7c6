from __future__ import annotations

import copy

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from stylex.quant.fp16 import FEWEST_VALUES, HalfCompute, HalfWeights
from stylex.quant.graph import Graph, float_nodes
from stylex.quant.passes import ClipBeforeShuffle, run_passes


def types(model):
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    values = [*inferred.graph.value_info, *inferred.graph.input, *inferred.graph.output]
    found = {v.name: v.type.tensor_type.elem_type for v in values}
    return found | {t.name: t.data_type for t in model.graph.initializer}


def rounded(model):
    """The model with its large weights rounded to half precision, computing in float32."""
    result = copy.deepcopy(model)
    for tensor in result.graph.initializer:
        value = numpy_helper.to_array(tensor)
        if value.dtype == np.float32 and value.size >= FEWEST_VALUES:
            tensor.CopyFrom(numpy_helper.from_array(value.astype(np.float16).astype(np.float32), tensor.name))
    return result


def test_half_weights_compute_as_rounded_ones(tiny, feeds, run):
    want = [run(rounded(tiny), f) for f in feeds]
    size = tiny.ByteSize()
    assert run_passes(tiny, [HalfWeights()]) == {"half weights": True}
    for feed, outputs in zip(feeds, want, strict=True):
        for a, b in zip(run(tiny, feed), outputs, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)
    assert tiny.ByteSize() < 0.8 * size


def test_half_weights_leave_small_constants_alone(tiny):
    run_passes(tiny, [HalfWeights()])
    graph = Graph(tiny)
    assert graph.array("stem_b").dtype == np.float32
    assert graph.array("stem_w_half").dtype == np.float16 and "stem_w" not in graph.constants


def test_half_weights_without_large_constants(net):
    n = net()
    n.conv("x", 3, 2, "y", size=1)
    assert not HalfWeights().apply(n.model({"y": 4}))


def test_half_compute_stays_close(tiny, feeds, run):
    want = [run(tiny, f) for f in feeds]
    run_passes(tiny, [ClipBeforeShuffle(), HalfCompute()])
    for feed, outputs in zip(feeds, want, strict=True):
        for a, b in zip(run(tiny, feed), outputs, strict=True):
            assert a.dtype == np.float32
            np.testing.assert_allclose(a, b, atol=5e-3)


def test_half_compute_has_islands_in_float32(tiny):
    run_passes(tiny, [ClipBeforeShuffle(), HalfCompute()])
    found = types(tiny)
    kinds = {n.op_type: {found[i] for i in n.input[:1]} for n in tiny.graph.node}
    for op in ("Conv", "Relu", "Clip", "DepthToSpace"):
        assert kinds[op] == {TensorProto.FLOAT16}, op
    for op in ("Add", "ReduceMean"):
        assert kinds[op] == {TensorProto.FLOAT}, op
    assert {found[v.name] for v in [*tiny.graph.input, *tiny.graph.output]} == {TensorProto.FLOAT}


def test_half_compute_casts_a_shared_tensor_once(net, feeds, run):
    n = net(1)
    n.relu(n.conv("x", 3, 4, "a"), "r")
    n.conv("x", 3, 4, "b")
    n.node("Add", ["r", "b"], "s")
    n.node("Mul", ["r", "s"], "y")
    model = n.model({"y": 4, "r": 4})
    want = run(model, feeds[0])
    run_passes(model, [HalfCompute()])
    for a, b in zip(run(model, feeds[0]), want, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-2)
    casts = [n.input[0] for n in model.graph.node if n.op_type == "Cast"]
    assert sorted(casts) == sorted(set(casts)) or casts.count("r_half") == 2  # the output's own cast


def test_half_compute_leaves_sizes_that_are_computed(net, feeds, run):
    n = net(2)
    n.conv("x", 3, 4, "a", size=1)
    n.node("Shape", ["x"], "shape")
    n.node("Sub", ["shape", "shape"], "zeros")
    n.node("Concat", ["zeros", "zeros"], "pads", axis=0)
    n.node("Pad", ["a", "pads"], "p")
    n.clip("p", "y")
    model = n.model({"y": 4})
    want = run(model, feeds[0])
    run_passes(model, [HalfCompute()])
    np.testing.assert_allclose(run(model, feeds[0])[0], want[0], atol=5e-3)


def test_float_nodes_tell_what_computes_in_float32(tiny):
    half, weights = copy.deepcopy(tiny), copy.deepcopy(tiny)
    run_passes(half, [HalfCompute()])
    run_passes(weights, [HalfWeights()])
    assert float_nodes(half) == ("node_mean",)
    assert set(float_nodes(weights)) == {"node_stem", "node_c2", "node_c3", "node_head", "node_mean"}


def test_nothing_to_halve(net):
    n = net()
    n.relu("x", "y")
    assert run_passes(n.model({"y": 4}), [HalfCompute()]) == {"half compute": False}


@pytest.mark.parametrize("one", [HalfWeights(), HalfCompute()])
def test_the_result_is_valid_after_every_pass(tiny, one):
    run_passes(tiny, [one])
    onnx.checker.check_model(tiny, full_check=True)
