from __future__ import annotations

import numpy as np
import onnx
import pytest

from stylex.quant.calibration import observe
from stylex.quant.equalization import EqualizeChannels
from stylex.quant.int8 import INT8_TARGETS, QuantizeConvolutions, tensors_to_observe
from stylex.quant.passes import run_passes


@pytest.fixture
def uneven(net) -> onnx.ModelProto:
    """Two normalized convolutions; the first one's channels reach a thousand times as far as each other."""
    n = net()
    for at, (source, inputs, outputs) in enumerate((("x", 3, 16), ("r0", 16, 16)), 1):
        n.conv(source, inputs, outputs, f"c{at}")
        ones = n.constant(f"scale{at}", np.linspace(0.5, 1.5, outputs).astype(np.float32))
        zeros = n.constant(f"shift{at}", np.zeros(outputs, np.float32))
        n.node("InstanceNormalization", [f"c{at}", ones, zeros], f"n{at}", epsilon=1e-9)
        n.relu(f"n{at}", f"r{at - 1}")
    spread = np.geomspace(1e-2, 10, 16).astype(np.float32)
    n.constants["c1_w"] *= spread[:, None, None, None]
    n.constants["c1_b"] = 5 * spread[::-1].copy()
    return n.model({"r1": 4})


def copied(model):
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy


def quantized(model, feeds):
    observed = observe(model, tensors_to_observe(model), feeds)
    run_passes(model, [QuantizeConvolutions(observed, {"x": (0, 1)}, INT8_TARGETS["cpu-x86"])])
    return model


def error(run, model, wanted, feeds):
    return max(float(np.abs(run(model, f)[0] - w).max()) for f, w in zip(feeds, wanted, strict=True))


def test_float_stays_the_same_and_int8_comes_closer(uneven, feeds, run):
    wanted = [run(uneven, feed)[0] for feed in feeds]
    equalized = copied(uneven)
    assert run_passes(equalized, [EqualizeChannels(feeds[:3])]) == {"equalize channels": True}
    assert error(run, equalized, wanted, feeds) < 2e-3  # float32 itself: 500 times as much bias as signal
    plain, better = (error(run, quantized(m, feeds), wanted, feeds) for m in (copied(uneven), equalized))
    assert better < plain / 3


def test_the_channels_of_a_levelled_tensor_have_one_range(uneven, feeds, run):
    run_passes(uneven, [EqualizeChannels(feeds)])
    uneven.graph.output.extend([onnx.helper.make_tensor_value_info("c1", onnx.TensorProto.FLOAT, None)])
    rows = np.concatenate([run(uneven, feed, ["c1"])[0][0].reshape(16, -1) for feed in feeds], 1)
    np.testing.assert_allclose(rows.max(1), -rows.min(1), rtol=1e-3)
    np.testing.assert_allclose(rows.max(1), rows.max(), rtol=1e-3)


def test_a_channel_that_hardly_varies_is_left_alone(uneven, feeds, run):
    weights = next(t for t in uneven.graph.initializer if t.name == "c1_w")
    values = onnx.numpy_helper.to_array(weights).copy()
    values[3] *= 1e-4
    weights.CopyFrom(onnx.numpy_helper.from_array(values, "c1_w"))
    for node in uneven.graph.node:
        for attribute in node.attribute:
            if attribute.name == "epsilon":
                attribute.f = 1e-5
    wanted = [run(uneven, feed)[0] for feed in feeds]
    run_passes(uneven, [EqualizeChannels(feeds)])
    assert error(run, uneven, wanted, feeds) < 0.01


def test_without_a_normalization_nothing_changes(tiny, feeds):
    before = tiny.SerializeToString()
    assert run_passes(tiny, [EqualizeChannels(feeds)]) == {"equalize channels": False}
    assert tiny.SerializeToString() == before
