from __future__ import annotations

import numpy as np
import pytest
import torch

from stylex.models.adain.network import AdaIN
from stylex.models.cyclegan import recipe as module
from stylex.models.cyclegan.network import CycleGan, Discriminator, Generator, seen
from stylex.models.cyclegan.recipe import CycleGanRecipe, CycleGanSettings, Pool, _flattened
from stylex.models.encoders.loss_networks import LossNetworks
from stylex.models.shared.backbone import BORDER
from stylex.models.weights import embedded, embedded_styles, read_weights

CPU = torch.device("cpu")


@pytest.fixture
def recipe(teacher, crops, spec, monkeypatch):
    """Photos to paintings, a few channels wide."""

    class Tiny(CycleGan):
        def __init__(self) -> None:
            super().__init__(spec)

    monkeypatch.setattr(module, "CycleGan", Tiny)
    monkeypatch.setattr(module, "STATISTICS_BATCHES", 1)
    settings = CycleGanSettings(size=96, batch=2, flatten=True, pool=2)
    a, b = crops("photo", 9), crops("painting", 9)
    made = CycleGanRecipe(a, b, "b", LossNetworks(teacher, CPU), settings, CPU, AdaIN(spec))
    made.restart(0)
    return made


@torch.no_grad()
def test_generators_begin_as_the_content_path_of_adain(recipe):
    made = recipe.initial_network()
    for generator in (made, made.back):
        for name, value in recipe.adain.backbone.state_dict().items():
            assert torch.equal(generator.trunk.state_dict()[name], value)
    photos = torch.rand(2, 3, 36, 44, generator=torch.Generator().manual_seed(0))
    assert recipe.describe()["revived"] == recipe.revived > 0, "of the content path's channels some are dead"
    assert (recipe.network(photos) - made(photos)).square().mean() < 1e-3, "which doesn't show"


def test_a_step_reaches_every_parameter(recipe):
    loss, parts = recipe.step(np.random.default_rng(0), CPU)
    loss.backward()
    assert {"generator", "discriminator", "cycle", "identity", "content", "flat", "color", "shift"} <= parts.keys()
    silent = {n for n, p in recipe.network.named_parameters() if p.grad is None or not p.grad.abs().sum()}
    assert not {n for n in silent if "judge" not in n or n.endswith("weight")}, (
        "biases before a normalization have none"
    )


def test_the_generator_loss_doesnt_train_a_discriminator(recipe):
    net = recipe.network
    fake = torch.rand(1, 3, 96, 96, requires_grad=True)
    with module._untrained(net.judge_a):
        net.judge_a(fake).sum().backward()
    assert fake.grad is not None
    assert all(p.grad is None and p.requires_grad for p in net.judge_a.parameters())


def test_only_the_wanted_direction_is_exported(recipe, spec):
    kept = {n for n in recipe.network.state_dict() if not n.startswith(recipe.not_exported)}
    assert kept == set(Generator(spec).state_dict())


@torch.no_grad()
def test_again_pads_what_a_generator_made(spec):
    generator, picture = Generator(spec), torch.rand(1, 3, 40, 48)
    padded = torch.nn.functional.pad(picture, [BORDER] * 4, mode="reflect")
    assert torch.equal(generator.again(picture), generator(padded))
    assert generator.again(picture).shape == picture.shape


@torch.no_grad()
def test_a_discriminator_sees_lightness_sharp_and_colours_blurred():
    picture = torch.rand(1, 3, 64, 64)
    view = seen(picture)
    assert view.shape == (1, 4, 64, 64)
    torch.testing.assert_close(view[:, :1], picture.mean(1, keepdim=True))
    assert view[:, 1:].std() < 0.3 * picture.std()
    assert Discriminator()(picture).shape == (1, 1, 7, 7)


def test_the_pool_keeps_and_exchanges():
    pool, rng = Pool(4), np.random.default_rng(0)
    first = torch.arange(4.0).view(4, 1, 1, 1)
    assert torch.equal(pool.exchange(first, rng), first), "while it fills, it shows what it is given"
    shown = torch.cat([pool.exchange(torch.full((2, 1, 1, 1), float(v)), rng) for v in range(10, 30)])
    assert len(pool.kept) == 4
    assert set(shown.flatten().tolist()) & {0.0, 1.0, 2.0, 3.0}, "older pictures come back"
    assert (shown >= 10).float().mean() > 0.3


def test_flattening_leaves_areas_of_one_colour(photo):
    crop = photo[:96, :128]
    flat = _flattened(crop)
    assert flat.shape == crop.shape and flat.dtype == np.uint8
    assert len(np.unique(flat.reshape(-1, 3), axis=0)) < 0.7 * len(np.unique(crop.reshape(-1, 3), axis=0))


def test_the_card_and_the_samples(recipe):
    card = recipe.describe()
    assert card["style"] == {"name": "b"} and set(card["data"]) == {"a", "b"}
    assert recipe.sample(recipe.network.eval()).shape == (3 * 256, 5 * 256, 3)


@pytest.mark.parametrize("style", embedded_styles("cyclegan"))
def test_embedded_kinds(style):
    weights = read_weights(embedded("cyclegan", style))
    weights.fill(Generator())
    assert weights.card["style"]["name"] == style
    assert weights.card["weights_sha256"] == weights.sha256
