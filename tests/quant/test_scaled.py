"""A convolution that is scaled and shifted by what was measured of the picture."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest

from stylex.quant.calibration import observe
from stylex.quant.graph import Graph
from stylex.quant.int8 import INT8_TARGETS, QuantizeConvolutions, tensors_to_observe
from stylex.quant.passes import run_passes
from stylex.quant.scaled import scaled_convolutions

FIXED = {"x": (0.0, 1.0)}


@pytest.fixture
def exposed(net: Any) -> onnx.ModelProto:
    """The stem of `fast`: the photo's mean is taken out behind the convolution, and its contrast made the same."""
    n = net()
    weight = n.rng.normal(0, 0.2, (8, 3, 3, 3)).astype(np.float32)
    w, axes = n.constant("stem_w", weight), n.constant("axes", np.array([1, 2, 3], np.int64))
    n.node("ReduceMean", ["x", axes], "mean", keepdims=1)
    n.node("Sub", ["x", "mean"], "centred")
    n.node("ReduceL2", ["centred", axes], "spread", keepdims=1)
    n.node("Add", ["spread", n.constant("soft", np.float32(4))], "softened")
    n.node("Div", [n.constant("wanted", np.float32(12)), "softened"], "factor")
    n.node("Reshape", ["factor", n.constant("each", np.array([-1, 1, 1, 1], np.int64))], "gain")
    n.node("Mul", ["mean", "gain"], "moved")
    n.node("Sub", [n.constant("half", np.float32(0.5)), "moved"], "offset")
    n.node("ReduceSum", [w, axes], "sums", keepdims=0)
    n.node("Reshape", ["sums", n.constant("channels", np.array([1, 8, 1, 1], np.int64))], "by_channel")
    n.node("Mul", ["offset", "by_channel"], "shift")
    n.node("Conv", ["x", w], "stem", kernel_shape=[3, 3])
    n.node("Mul", ["stem", "gain"], "scaled")
    n.node("Add", ["scaled", "shift"], "shifted")
    n.relu("shifted", "r")
    n.clip(n.conv(n.pad("r", "p"), 8, 3, "head"), "y")
    return n.model({"y": 4})


def quantized(model: onnx.ModelProto, feeds: Any, target: str, keep: frozenset[str] = frozenset()) -> onnx.ModelProto:
    result = copy.deepcopy(model)
    seen = observe(result, tensors_to_observe(result), feeds)
    run_passes(result, [QuantizeConvolutions(seen, FIXED, INT8_TARGETS[target], keep)])
    return result


def flat(level: int) -> dict[str, np.ndarray]:
    return {"x": np.full((1, 3, 18, 22), level / 255, np.float32)}


@pytest.mark.parametrize("target", ["cpu-x86", "cpu-arm"])
def test_flat_pictures_of_any_grey_come_out_the_same(
    target: str, exposed: onnx.ModelProto, feeds: Any, run: Callable[..., Any]
) -> None:
    greys = (0, 77, 128, 255)
    result = quantized(exposed, [*feeds, *map(flat, greys)], target)
    painted = [run(result, flat(level))[0] for level in greys]
    wanted = run(exposed, flat(128))[0]
    for one in painted:
        np.testing.assert_allclose(one, painted[0], atol=1.5 / 255)
        assert np.abs(one - wanted).max() < 0.05
    for feed in feeds:
        error = run(result, feed)[0] - run(exposed, feed)[0]
        assert np.sqrt(np.mean(error**2)) < 0.02


def test_it_is_one_operation_on_bytes(exposed: onnx.ModelProto, feeds: Any) -> None:
    (found,) = scaled_convolutions(Graph(exposed))
    assert (found.gain, found.shift, found.output) == ("gain", "shift", "r")
    operators = [node.op_type for node in quantized(exposed, feeds, "cpu-x86").graph.node]
    assert operators.count("QLinearConv") == 1
    assert "QLinearConv" not in [node.op_type for node in quantized(exposed, feeds, "tensorrt").graph.node]


def test_one_that_stays_in_float_does(exposed: onnx.ModelProto, feeds: Any) -> None:
    operators = [node.op_type for node in quantized(exposed, feeds, "cpu-x86", frozenset({"node_stem"})).graph.node]
    assert "QLinearConv" not in operators


def test_others_are_left_alone(tiny: onnx.ModelProto) -> None:
    assert scaled_convolutions(Graph(tiny)) == []
