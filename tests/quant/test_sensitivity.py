from __future__ import annotations

import numpy as np
import onnx

from stylex.quant.calibration import observe
from stylex.quant.graph import Graph
from stylex.quant.int8 import INT8_TARGETS, QuantizeConvolutions, convolutions, tensors_to_observe
from stylex.quant.passes import run_passes
from stylex.quant.sensitivity import LayerCost, sensitivities


def test_the_most_harmful_convolution_comes_first(tiny, feeds, run):
    seen = observe(tiny, tensors_to_observe(tiny), feeds)
    hurt = seen["c3"]
    hurt.low, hurt.high = 40 * hurt.low, 40 * hurt.high  # the calibration of this one is spoilt on purpose
    hurt.counts[:] = 0
    hurt.counts[:, [0, -1]] = 1
    want = run(tiny, feeds[0])[0]

    def cost(keep):
        model = onnx.ModelProto()
        model.CopyFrom(tiny)
        run_passes(model, [QuantizeConvolutions(seen, {"x": (0.0, 1.0)}, INT8_TARGETS["cpu-x86"], keep)])
        return -float(np.mean((run(model, feeds[0])[0] - want) ** 2)), None

    names = frozenset(node.name for node in convolutions(Graph(tiny)))
    found = sensitivities(names, cost)
    assert found[0].convolution == "node_c3"
    assert {layer.convolution for layer in found} == {"node_stem", "node_c2", "node_c3", "node_head"}
    assert [layer.score for layer in found] == sorted(layer.score for layer in found)


def test_flat_areas_that_move_count_as_decibels():
    assert LayerCost("c", 30.0, None).score == 30
    assert LayerCost("c", 40.0, 12.0).score == 28
