"""The slim encoder: its shape, its normalization, its training, and the embedded one."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import skimage.data
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

from stylex.cli import main
from stylex.errors import InputError, ModelError, UsageError
from stylex.files import sha256_of
from stylex.models.encoders import loss_networks, opening
from stylex.models.encoders import slim as encoder_module
from stylex.models.encoders.loss_networks import SLIM_FILE, VGG_FILE
from stylex.models.encoders.slim import CONTENT_LAYER, LAYERS, WIDTHS, SlimEncoder, normalize
from stylex.models.slim_encoder.recipe import (
    DistillationTargets,
    EncoderRecipe,
    EncoderSettings,
    gram_gap,
    relative_gap,
)
from stylex.models.weights import embedded, read_weights


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(encoder_module, "WIDTHS", (4, 6, 8, 8, 8))
    monkeypatch.setattr(encoder_module, "DEPTHS", (1, 1, 1, 1, 1))


def photos(size=96):
    crops = [skimage.data.astronaut()[:size, 150:][:, :size], skimage.data.coffee()[100:][:size, 100:][:, :size]]
    return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float().div(255)


def test_layers_and_sizes():
    found = SlimEncoder()(torch.rand(2, 3, 37, 48))
    assert tuple(found) == LAYERS and CONTENT_LAYER in LAYERS
    sides = [(37, 48), (18, 24), (9, 12), (4, 6), (2, 3)]
    assert [tuple(y.shape) for y in found.values()] == [(2, w, *s) for w, s in zip(WIDTHS, sides, strict=True)]
    assert SlimEncoder()(torch.rand(1, 3, 16, 16))["5_1"].shape[2:] == (1, 1)


def test_a_flat_picture_has_no_border_at_the_finest_layer():
    found = SlimEncoder()(torch.full((1, 3, 20, 20), 0.7))["1_1"]
    torch.testing.assert_close(found, found[:, :, 5:6, 5:6].expand_as(found))


@torch.no_grad()
def test_normalization_makes_means_1_and_keeps_what_is_seen():
    torch.manual_seed(3)
    network, pictures = SlimEncoder(), photos()
    before = network.activations(pictures)
    normalize(network, pictures)
    after = network.activations(pictures)
    for name, y in after.items():
        means, old = y.mean((0, 2, 3)), before[name].mean((0, 2, 3))
        seen = old > encoder_module.FAINTEST
        torch.testing.assert_close(means[seen], torch.ones_like(means[seen]), atol=1e-3, rtol=0)
        torch.testing.assert_close(
            (y / means[:, None, None])[:, seen], (before[name] / old[:, None, None])[:, seen], atol=1e-2, rtol=1e-2
        )


@torch.no_grad()
def test_the_embedded_encoder():
    network, layer = opening.opened("slim")
    assert layer == "4_1" and not network.training
    assert not any(p.requires_grad for p in network.parameters())
    path = embedded("encoder")
    assert path.stat().st_size <= 4_000_000
    card = json.loads(path.with_name("card.json").read_text(encoding="utf-8"))
    assert card["technique"] == "encoder" and card["weights_sha256"] == sha256_of(path) and card["steps"] > 1000
    for name, y in network(photos()).items():
        assert 0.3 < y.mean() < 3, name  # normalized
        assert (y.amax((0, 2, 3)) > 0).float().mean() > 0.9, name  # alive


def test_encoders_that_cannot_be_opened(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="the encoder is 'resnet'; choose slim or vgg19"):
        opening.opened("resnet")
    path = tmp_path / "weights.safetensors"
    monkeypatch.setattr(opening, "embedded", lambda _: path)
    with pytest.raises(InputError, match="is not a file"):
        opening.opened("slim")
    path.write_bytes(b"cut short")
    with pytest.raises(ModelError, match="not a usable safetensors file"):
        opening.opened("slim")
    save_file({"convs.1_1.weight": torch.zeros(2)}, path)
    with pytest.raises(ModelError, match="doesn't fit this network"):
        opening.opened("slim")


def test_gaps():
    y = torch.rand(2, 5, 8, 8)
    assert relative_gap(y, y, 1.0) == gram_gap(y, y) == 0
    constant = y.mean((0, 2, 3), keepdim=True).expand_as(y)
    torch.testing.assert_close(
        relative_gap(constant, y, float(y.var((0, 2, 3), correction=0).mean())), torch.tensor(1.0)
    )
    torch.testing.assert_close(gram_gap(2 * y, y), torch.tensor(9.0))


def test_teachers_tell_vgg19s_layers_with_means_of_1(teacher):
    pictures = photos(64)
    targets = DistillationTargets(teacher, pictures)
    found = targets(pictures)
    assert tuple(found) == LAYERS and targets.widths == (4, 6, 8, 9, 10)
    torch.testing.assert_close(found["1_1"], loss_networks.Vgg(teacher)(pictures)["1_1"])
    for name in ("4_1", "5_1"):
        torch.testing.assert_close(found[name].mean((0, 2, 3)), torch.ones(targets.means[name].shape[1]))
    assert set(targets.variances) == set(LAYERS)


def test_teachers_without_maps(teacher, tmp_path):
    shutil.copy(teacher / VGG_FILE, tmp_path)
    tensors = load_file(teacher / SLIM_FILE)
    save_file({name: t for name, t in tensors.items() if "aux" not in name}, tmp_path / SLIM_FILE)
    with pytest.raises(ModelError, match="has no maps to VGG-19's width"):
        DistillationTargets(tmp_path, photos(32))


@pytest.fixture
def recipe(crops, teacher, tiny):
    settings = EncoderSettings(size=32, batch=4, hold_out=0)
    return EncoderRecipe(crops("photo", 9), crops("painting", 9), teacher, settings, torch.device("cpu"))


def test_training_lowers_the_losses(recipe):
    recipe.restart(0)
    optimizer = torch.optim.Adam(recipe.network.parameters(), 5e-3)
    totals = []
    for step in range(30):
        loss, parts = recipe.step(np.random.default_rng(step), torch.device("cpu"))
        assert parts.keys() == {"features", "gram", "statistics"}
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        totals.append(float(loss.detach()))
    assert np.mean(totals[-5:]) < 0.7 * np.mean(totals[:3])


def test_only_the_encoder_is_kept_and_it_is_normalized(recipe):
    recipe.restart(0)
    kept = recipe.extras(recipe.network)
    assert kept.keys() == SlimEncoder().state_dict().keys()
    network = SlimEncoder()
    network.load_state_dict(kept)
    means = network(recipe._pictures(48, np.random.default_rng(11)))["3_1"].mean((0, 2, 3))
    alive = means > 0.5
    torch.testing.assert_close(means[alive], torch.ones_like(means[alive]), atol=1e-3, rtol=0)
    assert recipe.sample(recipe.network).shape == (4 * 32, 11 * 32, 3)


def test_the_command(crops, teacher, tiny, tmp_path):
    out = tmp_path / "run"
    call = ["train", "encoder", "--content", crops("photo", 9), "--style", crops("painting", 9), "--out", out]
    call += ["--teacher", teacher, "--size", 96, "--batch", 4, "--hold-out", 0, "--device", "cpu", "--steps", 2]
    result = CliRunner().invoke(main, [str(word) for word in call])
    assert result.exit_code == 0, result.output
    assert str(out / "weights.safetensors") in result.stdout and "9 pictures, 0 skipped" in result.stderr
    read_weights(out / "weights.safetensors").fill(SlimEncoder())
    card = json.loads((out / "card.json").read_text(encoding="utf-8"))
    assert card["technique"] == "encoder" and card["weights_sha256"] == sha256_of(out / "weights.safetensors")
    result = CliRunner().invoke(main, [str(word) for word in [*call, "--size", 100]])
    assert result.exit_code == 2 and "the size is 100; it must be a multiple of 8 (--size)" in result.stderr
