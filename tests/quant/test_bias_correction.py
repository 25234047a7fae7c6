"""Bias correction."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx

from stylex.quant.bias_correction import correct_biases
from stylex.quant.calibration import observe
from stylex.quant.int8 import INT8_TARGETS, QuantizeConvolutions, tensors_to_observe
from stylex.quant.passes import run_passes


def test_means_come_closer(tiny: onnx.ModelProto, feeds: Any, run: Callable[..., Any]) -> None:
    plain = copy.deepcopy(tiny)
    seen = observe(plain, tensors_to_observe(plain), feeds)
    for value in seen.values():
        value.high *= 3  # coarse steps, so that rounding shows
    run_passes(plain, [QuantizeConvolutions(seen, {"x": (0.0, 1.0)}, INT8_TARGETS["cpu-x86"])])
    corrected = copy.deepcopy(plain)
    assert correct_biases(corrected, tiny, feeds) == 4

    def shift(model: onnx.ModelProto) -> float:
        means = [run(model, f)[0].mean((0, 2, 3)) - run(tiny, f)[0].mean((0, 2, 3)) for f in feeds]
        return float(np.abs(np.mean(means, 0)).max())

    assert shift(corrected) < 0.7 * shift(plain) + 1e-3


def test_float_biases_are_left_alone(tiny: onnx.ModelProto, feeds: Any) -> None:
    model = copy.deepcopy(tiny)
    run_passes(
        model,
        [
            QuantizeConvolutions(
                observe(model, tensors_to_observe(model), feeds), {"x": (0, 1)}, INT8_TARGETS["tensorrt"]
            )
        ],
    )
    assert correct_biases(model, tiny, feeds) == 0
