from __future__ import annotations

import logging
import warnings
from dataclasses import replace

import numpy as np
import onnxruntime as ort
import pytest
import torch

from stylex.artifacts.metadata import STYLE_ENCODER, TRANSFER
from stylex.errors import ModelError, UsageError
from stylex.export.trace import require_opset, trace
from stylex.models.shared.backbone import BORDER
from stylex.quant.calibration import Observed
from stylex.quant.int8 import INT8_TARGETS, QuantizeConvolutions, tensors_to_observe
from stylex.quant.passes import run_passes
from stylex.techniques.exporting import OPSET


def session(model):
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def transfer(traced):
    traceable, model = traced[TRANSFER]
    return traceable, session(model)


@pytest.mark.parametrize(
    ("height", "width", "styles", "freeze"),
    [(32, 32, 1, 0), (64, 96, 2, 0), (40, 128, 1, 1), (136, 72, 3, 0), (256, 264, 5, 1)],
)
def test_any_size_and_any_number_of_styles(transfer, network, height, width, styles, freeze):
    traceable, opened = transfer
    generator = torch.Generator().manual_seed(height)
    size = network.spec.code_size
    inputs = (
        torch.rand(1, 3, height + 2 * BORDER, width + 2 * BORDER, generator=generator),
        torch.rand(styles, size, generator=generator) + 0.5,
        torch.rand(styles, 1, height // 8, width // 8, generator=generator) / styles,
        torch.rand(1, size, generator=generator) + 0.5,
        torch.full((1,), float(freeze)),
    )
    with torch.no_grad():
        want = traceable.module(*inputs)
    got = opened.run(None, {name: t.numpy() for name, t in zip(traceable.inputs, inputs, strict=True)})
    assert got[0].shape == (1, 3, height, width)
    for a, b in zip(got, want, strict=True):
        assert np.abs(a - b.numpy()).max() < 1e-4


@pytest.mark.parametrize("size", [(64, 64), (67, 77), (200, 120)])
def test_styles_of_any_size(traced, size):
    traceable, model = traced[STYLE_ENCODER]
    style = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        want = traceable.module(style)
    (got,) = session(model).run(None, {"style": style.numpy()})
    assert np.abs(got - want.numpy()).max() < 1e-4


def test_names_and_opset(traced):
    for traceable, model in traced.values():
        assert tuple(i.name for i in model.graph.input) == traceable.inputs
        assert tuple(o.name for o in model.graph.output) == traceable.outputs
        assert model.opset_import[0].version == OPSET


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_an_unsupported_opset_is_refused_with_the_highest_that_works(traced, precision):
    for opset in (-1, 0, OPSET - 1, 99, 10**20):
        message = rf"the opset is {opset}; at {precision} it must be {OPSET} to \d+ here"
        with pytest.raises(UsageError, match=message) as caught:
            require_opset(opset, precision)
    highest = caught.value.parameters["opset"]
    require_opset(OPSET, precision)
    model = trace(traced[STYLE_ENCODER][0], highest)
    assert model.opset_import[0].version == highest
    if precision == "int8":
        ranges = {name: Observed(-9.0, 9.0, np.ones((1, 2048)), np.ones(1)) for name in tensors_to_observe(model)}
        run_passes(model, [QuantizeConvolutions(ranges, {"style": (0.0, 1.0)}, INT8_TARGETS["cpu-x86"])])
        assert "QuantizeLinear" in {node.op_type for node in model.graph.node}
    session(model)


def test_a_module_that_cant_be_traced(traced):
    class Decides(torch.nn.Module):
        def forward(self, style):
            return style if style.sum() > 0 else -style

    logger, filters = logging.getLogger("torch.onnx"), list(warnings.filters)
    logger.setLevel(logging.INFO)
    with pytest.raises(ModelError, match="can't be exported") as caught:
        trace(replace(traced[STYLE_ENCODER][0], module=Decides()))
    assert logger.level == logging.INFO and list(warnings.filters) == filters, "left as they were"
    logger.setLevel(logging.NOTSET)
    assert "\n" not in str(caught.value)
