from __future__ import annotations

import copy

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from stylex.quant.calibration import Observed, observe
from stylex.quant.graph import Graph
from stylex.quant.int8 import INT8_TARGETS, QuantizeConvolutions, tensors_to_observe
from stylex.quant.passes import ClipBeforeShuffle, run_passes

FIXED = {"x": (0.0, 1.0)}
TARGETS = list(INT8_TARGETS)


def quantized(model, feeds, target, keep=frozenset()):
    result = copy.deepcopy(model)
    seen = observe(result, tensors_to_observe(result), feeds)
    run_passes(result, [QuantizeConvolutions(seen, FIXED, INT8_TARGETS[target], frozenset(keep))])
    return result


def decibels(a, b):
    return 10 * np.log10(np.abs(b).max() ** 2 / max(np.mean((a - b) ** 2), 1e-12))


def assert_close(model, result, feeds, run, least=28.0):
    for feed in feeds:
        for a, b in zip(run(result, feed), run(model, feed), strict=True):
            assert a.shape == b.shape
            assert decibels(a, b) > least


def types(model):
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    return {v.name: v.type.tensor_type.elem_type for v in inferred.graph.value_info}


def origin(graph, tensor):
    """The tensor that a DequantizeLinear reads."""
    node = graph.producer(tensor)
    assert node.op_type == "DequantizeLinear", f"{tensor} is made by {node.op_type}"
    return node.input[0]


@pytest.fixture
def model(tiny):
    run_passes(tiny, [ClipBeforeShuffle()])
    return tiny


@pytest.mark.parametrize("target", TARGETS)
def test_stays_close_to_float(model, feeds, run, target):
    assert_close(model, quantized(model, feeds, target), feeds, run)


@pytest.mark.parametrize("target", TARGETS)
def test_pads_and_shuffles_run_on_bytes_on_a_cpu_only(model, feeds, target):
    result = quantized(model, feeds, target)
    found = types(result)
    shuffle = "Transpose" if target == "cpu-arm" else "DepthToSpace"  # old ONNX Runtimes don't shuffle signed bytes
    moved = [n for n in result.graph.node if n.op_type in ("Pad", shuffle)]
    byte = {
        "cpu-x86": onnx.TensorProto.UINT8,
        "cpu-arm": onnx.TensorProto.INT8,
        "tensorrt": onnx.TensorProto.FLOAT,
    }[target]
    assert len(moved) == 4
    assert {found[n.input[0]] for n in moved} == {byte}


def test_tensorrt_is_symmetric_with_float_biases(model, feeds):
    graph = Graph(quantized(model, feeds, "tensorrt"))
    for node in graph.nodes:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            assert not graph.array(node.input[2]).any()
        if node.op_type == "Conv":
            assert graph.array(node.input[2]).dtype == np.float32


@pytest.mark.parametrize("target", TARGETS)
def test_every_convolution_reads_and_makes_integers(model, feeds, target):
    graph = Graph(quantized(model, feeds, target))
    for node in (n for n in graph.nodes if n.op_type == "Conv"):
        origin(graph, node.input[0]), origin(graph, node.input[1])
        (reader,) = graph.consumers(node.output[0])
        if reader.op_type in ("Relu", "Clip"):
            (reader,) = graph.consumers(reader.output[0])
        assert reader.op_type == "QuantizeLinear"


@pytest.mark.parametrize("target", TARGETS)
def test_weights_are_symmetric_and_per_channel(model, feeds, target):
    graph = Graph(quantized(model, feeds, target))
    for node in (n for n in graph.nodes if n.op_type == "Conv"):
        integers, scales, zeros = (graph.array(i) for i in graph.producer(node.input[1]).input)
        assert integers.dtype == np.int8 and integers.min() >= -127
        assert scales.shape == (integers.shape[0],) and not zeros.any()
        assert np.abs(integers).max((1, 2, 3)).tolist() == [127] * len(scales)
        original = Graph(model).array(f"{node.output[0]}_w")
        np.testing.assert_allclose(integers * scales[:, None, None, None], original, atol=scales.max() / 1.9)


def test_residual_sums_stay_in_float(model, feeds):
    result = quantized(model, feeds, "cpu-x86")
    graph, found = Graph(result), types(result)
    (add,) = (n for n in graph.nodes if n.op_type == "Add")
    assert [found[i] for i in add.input] == [onnx.TensorProto.FLOAT] * 2
    (mean,) = (n for n in graph.nodes if n.op_type == "ReduceMean")
    assert mean.input[0] == "sum", "who reads the float sum itself must not see its quantized copy"


def test_kept_convolutions_are_left_alone(model, feeds, run):
    result = quantized(model, feeds, "cpu-x86", {"node_c2"})
    graph = Graph(result)
    (kept,) = (n for n in graph.nodes if n.name == "node_c2")
    assert kept.input[1:] == ["c2_w", "c2_b"]
    np.testing.assert_array_equal(graph.array("c2_w"), Graph(model).array("c2_w"))
    assert graph.producer(kept.input[0]).op_type == "Pad", "the pad before it is a float one"
    assert graph.producer(graph.producer(kept.input[0]).input[0]).op_type == "DequantizeLinear"
    assert_close(model, result, feeds, run)


def test_all_kept_changes_nothing(model, feeds, run):
    names = [n.name for n in model.graph.node if n.op_type == "Conv"]
    result = quantized(model, feeds, "cpu-x86", names)
    assert not any("QuantizeLinear" in n.op_type for n in result.graph.node)
    for a, b in zip(run(result, feeds[0]), run(model, feeds[0]), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("keep", [set(), {"node_b"}, {"node_a"}])
def test_a_pad_and_an_input_with_several_readers(net, feeds, run, target, keep):
    """`r` is read by a pad, a convolution and a sum; the pad by two convolutions, one of them perhaps in float."""
    n = net(1)
    n.relu(n.conv("x", 3, 6, "first"), "r")
    n.pad("r", "p")
    n.conv("p", 6, 6, "a")
    n.conv("p", 6, 6, "b")
    n.conv("r", 6, 6, "c", size=1)
    n.node("Add", ["a", "b"], "ab")
    n.node("Add", ["ab", "c"], "abc")
    n.node("Add", ["abc", "r"], "y")
    model = n.model({"y": 4})
    assert_close(model, quantized(model, feeds, target, keep), feeds, run)


@pytest.mark.parametrize("target", TARGETS)
def test_a_float_sum_with_several_readers(net, feeds, run, target):
    """`s` is float; a pad, a residual sum and an output read it, and only the pad's copy is quantized."""
    n = net(2)
    n.conv("x", 3, 6, "a", size=1)
    n.conv("x", 3, 6, "b", size=1)
    n.node("Add", ["a", "b"], "s")
    n.conv(n.pad("s", "p"), 6, 6, "c")
    n.node("Add", ["s", "c"], "y")
    model = n.model({"y": 4, "s": 4})
    result = quantized(model, feeds, target)
    (last,) = (n for n in result.graph.node if n.output[0] == "y")
    assert last.input[0] == "s"
    assert_close(model, result, feeds, run)


@pytest.mark.parametrize("target", TARGETS)
def test_outputs_that_are_quantized(net, feeds, run, target):
    """A convolution's, an activation's and a shuffle's output are graph outputs, and read further on too."""
    n = net(3)
    n.conv("x", 3, 8, "plain")
    n.relu(n.conv("x", 3, 8, "c"), "active")
    n.shuffle("active", "shuffled")
    n.conv("active", 8, 4, "d", size=1)
    n.conv("shuffled", 2, 4, "e", size=1)
    outputs = ["plain", "active", "shuffled", "d", "e"]
    model = n.model(dict.fromkeys(outputs, 4))
    result = quantized(model, feeds, target)
    assert [o.name for o in result.graph.output] == outputs
    assert_close(model, result, feeds, run)


@pytest.mark.parametrize("target", TARGETS)
def test_a_chain_of_movers(net, feeds, run, target):
    """Shuffle, pad and convolution in a row: one quantization serves them all."""
    n = net(4)
    n.relu(n.conv("x", 3, 16, "a"), "r")
    n.conv(n.pad(n.pad(n.shuffle("r", "up"), "p"), "pp", "edge"), 4, 4, "b")
    n.node("Add", ["x2", "b"], "y")
    n.nodes.insert(-1, n.nodes.pop())
    n.node("ReduceMean", ["up"], "x2", keepdims=1)
    n.nodes.sort(key=lambda node: ["a", "r", "up", "p", "pp", "b", "x2", "y"].index(node.output[0]))
    model = n.model({"y": 4})
    result = quantized(model, feeds, target)
    assert_close(model, result, feeds, run)
    if target != "tensorrt":
        assert sum(n.op_type == "QuantizeLinear" for n in result.graph.node) == 3


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("keep", [set(), {"node_b"}])
def test_a_max_pool_picks_bytes(net, feeds, run, target, keep):
    """`r` is read by a pool and a sum; the pool by two convolutions, one of them perhaps in float."""
    n = net(7)
    n.relu(n.conv("x", 3, 6, "first"), "r")
    n.node("MaxPool", ["r"], "pooled", kernel_shape=[2, 2], strides=[2, 2])
    n.conv("pooled", 6, 6, "a", size=1)
    n.conv("pooled", 6, 6, "b", size=1)
    n.node("Add", ["a", "b"], "ab")
    n.node("MaxPool", ["r"], "again", kernel_shape=[2, 2], strides=[2, 2])
    n.node("Add", ["ab", "again"], "y")
    model = n.model({"y": 4})
    result = quantized(model, feeds, target, keep)
    assert_close(model, result, feeds, run)
    byte = target != "tensorrt"
    assert (types(result)[next(m.input[0] for m in result.graph.node if "pooled" in m.output[0])] != 1) == byte


def test_zero_padding_stays_in_float(net, feeds, run):
    n = net(5)
    n.relu(n.conv("x", 3, 6, "a"), "r")
    n.conv(n.pad("r", "p", mode="constant"), 6, 4, "y")
    model = n.model({"y": 4})
    result = quantized(model, feeds, "cpu-x86")
    assert_close(model, result, feeds, run)


def test_convolutions_may_share_weights_and_biases(net, feeds, run):
    """The exporter writes equal constants once; the steps of a bias depend on the input's all the same."""
    n = net(6)
    n.constant("shared", np.float32([0.5, -0.3, 0.2, 0.1]))
    n.conv("x", 3, 4, "a", size=1, bias="shared")
    n.node("Mul", ["a", n.constant("ten", np.float32(10))], "wide")
    n.conv("wide", 4, 4, "b", size=1, bias="shared")
    n.node("Conv", ["b", "b_w", "shared"], "y", kernel_shape=[1, 1])
    model = n.model({"y": 4, "b": 4})
    assert_close(model, quantized(model, feeds, "cpu-x86"), feeds, run)


@pytest.mark.parametrize("target", TARGETS)
def test_a_dead_channel_keeps_its_bias(net, feeds, run, target):
    n = net(7)
    n.conv("x", 3, 4, "y", size=1)
    n.constants["y_w"][1] = 0
    n.constants["y_w"][2] *= 1e-12
    n.constants["y_b"][:] = [0.5, 0.7, -0.4, 0.1]
    model = n.model({"y": 4})
    result = quantized(model, feeds, target)
    (got,), (want,) = run(result, feeds[0]), run(model, feeds[0])
    np.testing.assert_allclose(got[:, 1:3], want[:, 1:3], atol=0.02)


def test_a_wide_clip_is_observed_and_a_narrow_one_believed(net, feeds):
    for low, high, greatest in ((0.0, 3e38, 5.0), (0.0, 6.0, 6.0), (-0.25, 1.0, 1.25)):
        n = net(8)
        n.clip(n.conv("x", 3, 4, "c"), "y", low, high)
        graph = Graph(quantized(n.model({"y": 4}), feeds, "cpu-x86"))
        scale = graph.array("y_scale")
        assert scale * 255 <= greatest * 1.001


def test_the_same_input_makes_the_same_file(model, feeds):
    once, again = (quantized(model, feeds, "cpu-x86").SerializeToString() for _ in range(2))
    assert once == again


def test_an_unobserved_tensor_is_our_bug(model):
    with pytest.raises(AssertionError, match="was not observed"):
        QuantizeConvolutions({}, FIXED, INT8_TARGETS["cpu-x86"]).apply(model)


@pytest.mark.parametrize(("target", "zero"), [("cpu-x86", 0), ("cpu-arm", -128), ("tensorrt", 0)])
def test_what_a_relu_makes_uses_all_integers(model, target, zero):
    counts, powers = np.ones((1, 2048)), np.ones(1)
    seen = {t: Observed(-1.0 if t in ("sum", "c3") else 0.0, 2.0, counts, powers) for t in tensors_to_observe(model)}
    run_passes(model, [QuantizeConvolutions(seen, FIXED, INT8_TARGETS[target])])
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    assert constants["r1_zero"] == zero
    assert constants["r1_scale"] == pytest.approx(2 / (127 if target == "tensorrt" else 255), rel=0.05)


@pytest.fixture
def stream(net):
    """A residual stream that nothing reads in float."""
    n = net()
    n.relu(n.conv("x", 3, 8, "stem"), "r1")
    n.conv(n.pad("r1", "p1"), 8, 8, "c1")
    n.node("Add", ["r1", "c1"], "first")
    n.conv(n.pad("first", "p2"), 8, 8, "c2")
    n.relu(n.node("Add", ["first", "c2"], "second"), "r2")
    n.clip(n.conv(n.pad("r2", "p3"), 8, 3, "head"), "y")
    return n


def test_a_residual_stream_stays_in_integers(stream, feeds, run):
    model = stream.model({"y": 4})
    result = quantized(model, feeds, "cpu-x86")
    assert_close(model, result, feeds, run)
    graph = Graph(result)
    for add in (n for n in graph.nodes if n.op_type == "Add"):
        assert all(graph.producer(i).op_type == "DequantizeLinear" for i in add.input)
        readers = graph.consumers(add.output[0])
        assert [r.op_type for r in readers] in (["QuantizeLinear"], ["Relu"])


@pytest.mark.parametrize("read", ["first", "second"])
def test_a_sum_that_is_read_in_float_stays_float(stream, feeds, read):
    axes = stream.constant("axes", np.array([2, 3], np.int64))
    stream.node("ReduceMean", [read, axes], "mean", keepdims=0)
    graph = Graph(quantized(stream.model({"y": 4, "mean": 2}), feeds, "cpu-x86"))
    mean = next(n for n in graph.nodes if n.op_type == "ReduceMean")
    assert mean.input[0] == read and graph.producer(read).op_type == "Add"


def test_tensorrt_keeps_sums_in_float(stream, feeds):
    graph = Graph(quantized(stream.model({"y": 4}), feeds, "tensorrt"))
    first = next(n for n in graph.nodes if n.op_type == "Add")
    assert "Add" in {r.op_type for r in graph.consumers(first.output[0])}
