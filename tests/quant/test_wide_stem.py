from __future__ import annotations

import copy

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from stylex.quant.passes import run_passes
from stylex.quant.wide_stem import WideStem

STEM = WideStem("x")


def stem(kernel=8, stride=4, width=36, pads=(0, 0, 0, 0), dilation=1, read_twice=False):
    """Bytes (1, H, W, 3) to what a quantized convolution makes of them."""
    rng = np.random.default_rng(2)
    constants = {
        "step": np.float32(1 / 255),
        "zero": np.uint8(0),
        "weight_q": rng.integers(-127, 128, (16, 3, kernel, kernel)).astype(np.int8),
        "weight_step": np.full(16, 0.01, np.float32),
        "bias_q": rng.integers(-9000, 9000, 16).astype(np.int32),
        "bias_step": np.full(16, 0.01 / 255, np.float32),
        "result_step": np.float32(0.05),
        "middle": np.uint8(128),
    }
    nodes = [
        helper.make_node("Transpose", ["x"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("DequantizeLinear", ["planes", "step", "zero"], ["floats"]),
        helper.make_node("DequantizeLinear", ["weight_q", "weight_step"], ["weight"], axis=0),
        helper.make_node("DequantizeLinear", ["bias_q", "bias_step"], ["bias"], axis=0),
        helper.make_node(
            "Conv",
            ["floats", "weight", "bias"],
            ["convolved"],
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=list(pads),
            dilations=[dilation, dilation],
        ),
        helper.make_node("QuantizeLinear", ["convolved", "result_step", "middle"], ["bytes"]),
        helper.make_node("DequantizeLinear", ["bytes", "result_step", "middle"], ["y"]),
    ]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 16, "high", "wide"])]
    if read_twice:
        nodes.append(helper.make_node("Identity", ["x"], ["again"]))
        outputs.append(helper.make_tensor_value_info("again", TensorProto.UINT8, [1, "down", "across", 3]))
    graph = helper.make_graph(
        nodes,
        "stem",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [1, "8*rows + 4", width, 3])],
        outputs,
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def run(model, photo):
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": photo})[0]


@pytest.mark.parametrize(
    ("kernel", "stride", "width", "pixels"),
    [(8, 4, 36, 36), (8, 4, "8*columns + 4", 28), (4, 4, "4*columns", 20), (8, 2, "2*columns", 30), (6, 3, 33, 33)],
)
def test_the_same_numbers_to_the_last_bit(kernel, stride, width, pixels):
    model = stem(kernel, stride, width)
    wide = copy.deepcopy(model)
    assert run_passes(wide, [STEM]) == {STEM.name: True}
    photo = np.random.default_rng(0).integers(0, 256, (1, 28, pixels, 3)).astype(np.uint8)
    np.testing.assert_array_equal(run(wide, photo), run(model, photo))
    weights = next(t for t in wide.graph.initializer if t.name == "weight_q")
    assert list(weights.dims) == [16, 3 * stride, kernel, kernel // stride]


@pytest.mark.parametrize(
    "changed",
    [
        {"stride": 1},  # nothing to gather
        {"kernel": 9},  # a kernel isn't a whole number of groups wide
        {"width": 38},  # nor is the picture
        {"width": "columns"},  # nor may it be
        {"width": "8*columns + 2"},
        {"pads": (0, 1, 0, 1)},
        {"dilation": 2},
        {"read_twice": True},
    ],
)
def test_what_does_not_fit_is_left_as_it_is(changed):
    model = stem(**changed)
    before = model.SerializeToString()
    assert run_passes(model, [STEM]) == {STEM.name: False}
    assert model.SerializeToString() == before
    assert onnx.checker.check_model(model) is None
