"""A tiny AdaIN with a weights file, traced once."""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path

import onnx
import pytest
import torch
from safetensors.torch import save_file

from stylex.export.graph_spec import Traceable
from stylex.export.trace import trace
from stylex.models import registry
from stylex.models.adain.network import AdaIN
from stylex.models.registry import model_of
from stylex.models.shared.backbone import BackboneSpec
from stylex.models.shared.graphs import traceables
from stylex.models.weights import CALIBRATION, read_weights
from stylex.techniques.exporting import OPSET

TINY = BackboneSpec(quarter=8, eighth=16, blocks=1, fine_blocks=1)


@pytest.fixture(autouse=True, scope="session")
def single(one_thread) -> None:
    """Every test of this folder computes on one thread."""


def tiny() -> AdaIN:
    return AdaIN(TINY, widths=(8, 8, 8, 8))


@pytest.fixture(scope="session")
def network() -> AdaIN:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        made = tiny().eval()
        for parameter in made.parameters():
            parameter.data = parameter.data.half().float()
    return made


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory, network: AdaIN) -> Path:
    path = tmp_path_factory.mktemp("weights") / "weights.safetensors"
    with torch.no_grad():
        codes = network.encode(torch.rand(12, 3, 64, 64, generator=torch.Generator().manual_seed(1)))
    save_file({**{k: v.half() for k, v in network.state_dict().items()}, CALIBRATION: codes.half()}, path)
    path.with_name("card.json").write_text(json.dumps({"licence": "MIT", "provenance": "made by the tests"}))
    return path


@pytest.fixture(scope="session")
def traced(network: AdaIN, weights: Path) -> dict[str, tuple[Traceable, onnx.ModelProto]]:
    """The dynamic graphs by role."""
    return {t.spec.role: (t, trace(t)) for t in traceables(network, read_weights(weights), None)}


@pytest.fixture
def tiny_registry(monkeypatch: pytest.MonkeyPatch, weights: Path, traced: dict, tmp_path: Path) -> None:
    """`stylex export adain` finds the tiny network, small pictures, and graphs that were traced before."""
    from stylex.export import pipeline, samples
    from stylex.export.samples import Samples

    def traced_before(traceable: Traceable, opset: int) -> onnx.ModelProto:
        if traceable.dynamic[0] and opset == OPSET:
            return copy.deepcopy(traced[traceable.spec.role][1])
        return trace(traceable, opset)

    monkeypatch.setattr(pipeline, "trace", traced_before)
    known = dataclasses.replace(model_of("adain"), network=tiny, traceables=traceables)
    monkeypatch.setattr(registry, "model_of", lambda technique: known)
    monkeypatch.setattr(registry, "embedded", lambda technique, style: weights)
    monkeypatch.setattr(samples, "SAMPLES", Samples(calibrating=6, checking=6, side=64, rounds=1))
