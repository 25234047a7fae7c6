from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from stylex.artifacts.metadata import TRANSFER, GraphSpec
from stylex.errors import CheckFailed, ModelError
from stylex.export.check import TOLERANCES, Comparison, flat_shift, measure, require, steady, torch_outputs
from stylex.export.graph_spec import Traceable


class Doubles(torch.nn.Module):
    def forward(self, x):
        return torch.clamp(2 * x, 0, 1), x.mean((2, 3))


@pytest.fixture
def traceable():
    example = (torch.rand(1, 3, 16, 16),)
    outputs, pictures = ("painted", "mean"), ("painted",)
    return Traceable(GraphSpec(TRANSFER, 0), Doubles(), example, ("x",), outputs, pictures, (), lambda *_: {})


@pytest.fixture
def feeds():
    rng = np.random.default_rng(0)
    return [{"x": rng.random((1, 3, 16, 16), np.float32) * scale} for scale in (0.4, 0.5)]


def model(factor=2.0, shift=0.0):
    constants = {"factor": factor, "shift": shift, "low": 0.0, "high": 1.0}
    nodes = [
        helper.make_node("Mul", ["x", "factor"], ["scaled"]),
        helper.make_node("Add", ["scaled", "shift"], ["shifted"]),
        helper.make_node("Clip", ["shifted", "low", "high"], ["painted"]),
        helper.make_node("ReduceMean", ["x", "axes"], ["mean"], keepdims=0),
    ]
    values = [helper.make_tensor(n, TensorProto.FLOAT, [], [v]) for n, v in constants.items()]
    values.append(helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3]))
    graph = helper.make_graph(
        nodes,
        "doubles",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 16, 16])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("painted", "mean")],
        values,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def measured(traceable, feeds, graph):
    return measure(graph, traceable, feeds, torch_outputs(traceable, feeds))


def test_an_equal_graph_passes(traceable, feeds):
    reports = measured(traceable, feeds, model())
    require(reports, "fp32", "transfer")
    picture, numbers = reports
    assert picture.picture and picture.mean_ssim == pytest.approx(1)
    assert not numbers.picture and numbers.mean_ssim is None
    assert picture.largest < 1e-6


@pytest.mark.parametrize("precision", list(TOLERANCES))
def test_falling_short_raises(traceable, feeds, precision):
    reports = measured(traceable, feeds, model(shift=0.2))
    with pytest.raises(
        CheckFailed, match=f"{precision} transfer graph differs too much.*nothing was written"
    ) as caught:
        require(reports, precision, "transfer")
    assert caught.value.exit_code == 1


def test_int8_may_differ_more_than_fp32(traceable, feeds):
    reports = measured(traceable, feeds, model(shift=0.002))
    require(reports, "int8", "transfer")
    with pytest.raises(CheckFailed):
        require(reports, "fp32", "transfer")


def test_nan_never_passes(traceable, feeds):
    reports = measured(traceable, feeds, model(factor=float("nan")))
    for precision in TOLERANCES:
        with pytest.raises(CheckFailed):
            require(reports, precision, "transfer")
    broken = replace(reports[1], worst_psnr=-np.inf)
    assert not broken.meets(TOLERANCES["int8"])


def test_a_graph_that_doesnt_run(traceable, feeds):
    with pytest.raises(ModelError, match="can't run the exported transfer graph"):
        measured(traceable, feeds, onnx.ModelProto())


def test_flat_areas_that_move_are_refused(traceable, feeds):
    """A shift of 3 levels is within what INT8 may do, one of 45 is refused whatever the decibels."""
    flats = [{"x": np.full((1, 3, 16, 16), level, np.float32)} for level in (0.1, 0.3)]
    wanted = torch_outputs(traceable, flats)
    assert flat_shift(model(shift=-0.03), traceable, flats, wanted) == pytest.approx(0.03 * 255, abs=0.01)
    comparison = Comparison(traceable, feeds, torch_outputs(traceable, feeds), flats, wanted)
    for levels, passes in ((3, True), (45, False)):
        first, *others = comparison.reports(model(shift=levels / 255))
        assert first.shift == pytest.approx(levels, abs=0.01)
        if passes:
            require([first, *others], "int8", "transfer")
        else:
            with pytest.raises(CheckFailed, match=r"flat areas moved by 45\.0 levels"):
                require([first, *others], "int8", "transfer")
    assert Comparison(traceable, feeds, torch_outputs(traceable, feeds), [], []).shift(model()) is None


class Divides(torch.nn.Module):
    """Normalizes each picture, so that a flat one's rounding becomes its colour."""

    def forward(self, x):
        return 0.5 + 0.1 * (x - x.mean((2, 3), keepdim=True)) / (x.std((2, 3), keepdim=True) + 1e-9)


def test_flat_pictures_in_which_a_network_does_not_hold_still_are_left_out():
    example = (torch.rand(1, 3, 128, 128),)
    traceable = Traceable(
        GraphSpec(TRANSFER, 0), Divides(), example, ("x",), ("painted",), ("painted",), (), lambda *_: {}
    )
    grey = np.full((1, 3, 128, 128), 0.4, np.float32)
    half = grey.copy()
    half[..., :40] = 0.9
    feeds = [{"x": grey}, {"x": half}]

    def run(given):
        return torch_outputs(traceable, given)

    found, wanted = steady(traceable, feeds, run(feeds), run)
    assert len(found) == len(wanted) == 1 and found[0] is feeds[1]
    np.testing.assert_array_equal(wanted[0][0], run(feeds)[1][0])
    traceable = replace(traceable, module=torch.nn.Identity())
    assert len(steady(traceable, feeds, run(feeds), run)[0]) == 2
