from __future__ import annotations

import copy

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto

from stylex.quant.calibration import observe
from stylex.quant.int8 import INT8_TARGETS, QuantizeConvolutions, tensors_to_observe
from stylex.quant.passes import ClipBeforeShuffle, run_passes
from stylex.quant.uint8_io import Uint8Pictures

BYTES = Uint8Pictures("x", "y")


def painting(net, sliced=False, blocksize=4, high=1.0, mode="CRD", summed=False):
    """A photo to a picture of the same size; `sliced` adds what is measured, `summed` a second head."""
    n = net()
    n.nodes.clear()
    weight = n.rng.normal(0, 0.2, (8, 3, 4, 4)).astype(np.float32)
    n.node("Conv", ["x", n.constant("stem_w", weight)], "stem", kernel_shape=[4, 4], strides=[blocksize, blocksize])
    n.relu("stem", "r1")
    n.conv(n.pad("r1", "p1"), 8, 3 * blocksize**2, "head")
    if summed:
        n.conv(n.pad("r1", "p2"), 8, 3 * blocksize**2, "other")
        n.node("Add", ["head", "other"], "sum")
    n.node("DepthToSpace", ["sum" if summed else "head"], "shuffled", blocksize=blocksize, mode=mode)
    n.clip("shuffled", "y", high=high)
    outputs = {"y": 4}
    if sliced:
        numbers = {
            name: n.constant(name, np.array([v, v], np.int64)) for name, v in (("from", 0), ("to", 99), ("by", 3))
        }
        axes = n.constant("axes", np.array([2, 3], np.int64))
        n.node("Slice", ["x", numbers["from"], numbers["to"], axes, numbers["by"]], "part")
        n.node("ReduceMean", ["part", axes], "mean", keepdims=0)
        outputs["mean"] = 2
    return n.model(outputs)


def quantized(model, target="cpu-x86"):
    rng = np.random.default_rng(3)
    feeds = [{"x": rng.integers(0, 256, (1, 3, 24, 32)).astype(np.float32) / 255} for _ in range(3)]
    run_passes(model, [ClipBeforeShuffle()])
    seen = observe(model, tensors_to_observe(model), feeds)
    run_passes(model, [QuantizeConvolutions(seen, {"x": (0.0, 1.0)}, INT8_TARGETS[target])])
    return model


def run(model, photo):
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": photo})


@pytest.mark.parametrize("changed", [{}, {"sliced": True}, {"blocksize": 2}, {"blocksize": 2, "summed": True}])
@pytest.mark.parametrize("size", [(24, 32), (40, 16)])
def test_the_same_picture_to_the_last_bit(net, changed, size):
    floats = quantized(painting(net, **changed))
    straight = copy.deepcopy(floats)
    assert run_passes(straight, [BYTES]) == {BYTES.name: True}
    photo = np.random.default_rng(1).integers(0, 256, (1, *size, 3), np.uint8)
    wanted = run(floats, photo.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255))
    have = run(straight, photo)
    assert have[0].dtype == np.uint8 and have[0].shape == (1, *wanted[0].shape[2:], 3)
    np.testing.assert_array_equal(have[0], np.rint(wanted[0] * 255).transpose(0, 2, 3, 1))
    for a, b in zip(have[1:], wanted[1:], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_inputs_and_outputs_are_declared_as_bytes(net):
    model = quantized(painting(net))
    run_passes(model, [BYTES])
    for value in (model.graph.input[0], model.graph.output[0]):
        assert value.type.tensor_type.elem_type == TensorProto.UINT8
    assert [d.dim_param or d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim] == [1, "h", "w", 3]
    onnx.checker.check_model(model, full_check=True)


@pytest.mark.parametrize(
    ("changed", "target"),
    [({"mode": "DCR"}, "cpu-x86"), ({"high": 0.9}, "cpu-x86"), ({}, "cpu-arm"), ({}, "tensorrt")],
)
def test_other_graphs_are_left_alone(net, changed, target):
    model = quantized(painting(net, **changed), target)
    before = model.SerializeToString()
    assert run_passes(model, [BYTES]) == {BYTES.name: False}
    assert model.SerializeToString() == before


def test_a_float_graph_is_left_alone(net):
    model = painting(net)
    before = model.SerializeToString()
    assert run_passes(model, [BYTES]) == {BYTES.name: False}
    assert model.SerializeToString() == before
