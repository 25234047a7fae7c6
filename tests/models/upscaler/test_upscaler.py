"""The upscaler: its anchor, how far it sees, its training, its export."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner
from safetensors.torch import load_file

from stylex.cli import main
from stylex.export import samples
from stylex.export.samples import Samples
from stylex.files import sha256_of
from stylex.models.registry import embedded_models, own_model
from stylex.models.upscaler.network import LARGEST_WEIGHT, SCALE, Upscaler, bicubic_weights
from stylex.models.upscaler.recipe import UpscalerRecipe, UpscalerSettings, halved, sharp_crop
from stylex.models.weights import embedded
from stylex.runtime.engine.session import open_graph


def stylex(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def test_the_anchor_is_bicubic_in_whole_numbers():
    weights = bicubic_weights().double()
    sums = weights.sum((1, 2, 3))
    torch.testing.assert_close(sums, torch.ones_like(sums), atol=1e-6, rtol=0)
    steps = weights * LARGEST_WEIGHT / weights.max()
    assert (steps - steps.round()).abs().max() < 1e-3  # 8 bits hold them exactly
    ramp = torch.arange(20.0).expand(1, 3, 20, 20) / 20  # which Keys's cubic gives back
    large = F.pixel_shuffle(F.conv2d(ramp, bicubic_weights()), SCALE)[0, 0, 0]
    wanted = (torch.arange(32) / 2 + 2 - 0.25) / 20
    torch.testing.assert_close(large, wanted, atol=1e-3, rtol=0)


def test_the_border_is_how_far_it_sees():
    network = Upscaler(8, 3).double()
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.weight.data.abs_().add_(0.01)
    picture = torch.rand(1, 3, 40, 40, dtype=torch.double, requires_grad=True)
    network.double().anchor = network.anchor.double()
    (slope,) = torch.autograd.grad(network(picture)[0, :, 40, 40].sum(), picture)
    seen = slope[0].abs().sum((0, 2)).nonzero()[:, 0]
    assert (seen.min(), seen.max()) == (20 - network.border, 20 + network.border)


def test_a_new_network_enlarges_bicubically():
    network, picture = Upscaler(), torch.rand(1, 3, 16, 20)
    plain = F.pixel_shuffle(network.plain(picture), SCALE)
    assert (network(picture) - plain).abs().mean() < 0.1
    assert sum(p.numel() for p in network.parameters()) < 100_000


def test_crops_are_what_is_asked_for(photo):
    rng = np.random.default_rng(0)
    for picture in (photo, photo[:80, :60]):
        crop = sharp_crop(picture, 96, 2.0, rng)
        assert crop.shape == (96, 96, 3) and crop.dtype == np.uint8
    assert halved(photo).shape == (256, 256, 3)
    np.testing.assert_array_equal(halved(photo)[3, 5], np.rint(photo[6:8, 10:12].mean((0, 1)) + 1e-9))


def test_training_lowers_the_loss(crops):
    settings = UpscalerSettings(size=96, batch=2, hold_out=0)
    recipe = UpscalerRecipe(crops("photo", 8), crops("painting", 8), settings)
    recipe.restart(0)
    optimizer = torch.optim.Adam(recipe.network.parameters(), 2e-3)
    losses = []
    for step in range(40):
        loss, parts = recipe.step(np.random.default_rng(step % 4), torch.device("cpu"))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(parts["difference"])
    assert sum(losses[-4:]) < 0.9 * sum(losses[:4])
    assert len(recipe.folders) == 2 and recipe.describe()["data"].keys() == {"content", "style"}


def test_train_and_export(tmp_path, crops, monkeypatch):
    monkeypatch.setattr(samples, "SAMPLES", Samples(calibrating=4, checking=4, side=64, rounds=1))
    out = tmp_path / "run"
    options = ("--size", 96, "--batch", 2, "--steps", 3, "--hold-out", 0, "--device", "cpu", "--threads", 1)
    trained = stylex("train", "upscaler", "--content", crops("photo", 8), "--out", out, *options)
    assert trained.exit_code == 0, trained.output
    assert "stylex export upscaler --weights" in trained.output
    assert (out / "samples.jpg").is_file() and json.loads((out / "card.json").read_text())["steps"] == 3
    assert "anchor" not in load_file(out / "weights.safetensors")
    for flags, name in (((), "fp32"), (("--int8",), "int8"), (("--fp16",), "fp16")):
        call = ("export", "upscaler", *flags, "--weights", out / "weights.safetensors", "-o", tmp_path)
        exported = stylex(*call)
        assert exported.exit_code == 0, exported.output
        metadata = open_graph(tmp_path / f"upscaler-{name}.onnx", threads=1).metadata
        spec = metadata.spec
        assert (spec.role, spec.scale, spec.border, spec.multiple) == ("upscaler", 2, 7, 1)
        assert metadata.layout == ("bytes" if name == "int8" else "planes")
        assert not metadata.float_nodes or name != "int8"


def test_the_embedded_one_is_small_and_complete():
    (model,) = embedded_models("upscaler")
    weights = embedded("upscaler")
    assert model.weights_sha256 == sha256_of(weights)
    assert json.loads(weights.with_name("card.json").read_text())["weights_sha256"] == sha256_of(weights)
    assert own_model("upscaler", weights).technique == "upscaler"


@pytest.mark.parametrize("verb", ["run", "bench"])
def test_it_is_no_technique(verb, tmp_path):
    result = stylex(verb, "upscaler", *(["photo.jpg"] if verb == "run" else []))
    assert result.exit_code == 2
    assert "there is no technique 'upscaler'" in result.output
