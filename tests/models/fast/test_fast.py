from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from torch import nn

from stylex.artifacts.style_code import built_in_code, save_code
from stylex.errors import InputError, ModelError, UsageError
from stylex.imaging.palette import MOST_AFTER, MOST_BEFORE
from stylex.imaging.sizes import PALETTE_SIZE
from stylex.imaging.writing import write_picture
from stylex.models.adain.embedded import embedded_adain
from stylex.models.adain.network import AdaIN
from stylex.models.encoders.loss_networks import LossNetworks
from stylex.models.fast.bake import _measured, _pooled_palette, baked
from stylex.models.fast.network import (
    CONTRAST,
    FAST_SPEC,
    MIDDLE,
    SOFTENING,
    STATISTICS,
    Fast,
    entered,
    exposure,
    normalized,
)
from stylex.models.fast.recipe import FastRecipe, FastSettings, Target
from stylex.models.fast.styles import Style, code_style, picture_style
from stylex.models.shared import palette
from stylex.models.shared.backbone import BackboneSpec, Trunk
from stylex.models.weights import embedded, embedded_styles, read_weights

CPU = torch.device("cpu")
DEEP = BackboneSpec(quarter=8, eighth=16, blocks=3, fine_blocks=2)
SHALLOW = BackboneSpec(quarter=8, eighth=16, blocks=1, fine_blocks=2)


def test_it_is_small_and_has_no_normalization():
    network = Fast()
    assert sum(p.numel() for p in network.parameters()) <= 600_000
    assert not [m for m in network.modules() if isinstance(m, (nn.InstanceNorm2d, nn.BatchNorm2d, nn.GroupNorm))]


def test_exposure_is_mean_contrast_and_colour():
    grey = torch.full((1, 3, 32, 40), 0.4)
    torch.testing.assert_close(exposure(grey), torch.tensor([[0.4, 0.0, 0.0]]))
    red = grey.clone()
    red[:, 0] += 0.3
    mean, contrast, colour = exposure(red)[0]
    assert mean.item() == pytest.approx(0.5) and contrast.item() == pytest.approx(0, abs=1e-6)
    assert colour.item() == pytest.approx((2 * 0.1**2 + 0.2**2) ** 0.5 / 3**0.5, rel=1e-5)


@torch.no_grad()
def test_contrast_is_normalized_behind_the_stem_as_if_before_it():
    trunk, photo = Trunk(SHALLOW), torch.rand(2, 3, 44, 52)
    used = exposure(photo)
    gain = (CONTRAST + SOFTENING) / (used[:, 1:].square().sum(1).sqrt() + SOFTENING)
    before = photo * gain.view(-1, 1, 1, 1) + (MIDDLE - used[:, 0] * gain).view(-1, 1, 1, 1)
    torch.testing.assert_close(entered(trunk, photo, used), trunk.stem(before), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_a_darker_and_flatter_photo_is_painted_alike():
    network = Fast(SHALLOW)
    photo, frozen, freeze = torch.rand(1, 3, 68, 68), torch.zeros(1, STATISTICS), torch.zeros(1)
    plain = network(photo, frozen, freeze)[0]
    dim = network(0.2 + 0.8 * photo, frozen, freeze)[0]
    left_alone = network(0.2 + 0.8 * photo, exposure(photo), torch.ones(1))[0]
    assert (plain - dim).abs().mean() < 0.2 * (plain - left_alone).abs().mean()


@torch.no_grad()
def test_frozen_numbers_are_used_and_measured_ones_handed_back():
    network, photo = Fast(SHALLOW), torch.rand(1, 3, 44, 44)
    _, measured = network(photo, torch.zeros(1, STATISTICS), torch.zeros(1))
    torch.testing.assert_close(measured, exposure(photo))
    same, again = network(photo / 2, measured, torch.ones(1))
    torch.testing.assert_close(again, exposure(photo / 2))
    assert not torch.equal(same, network(photo / 2, measured, torch.zeros(1))[0])


@pytest.mark.parametrize("spec", [DEEP, SHALLOW])
@torch.no_grad()
def test_folded_sites_do_what_they_did_in_front_of_the_blocks(spec):
    adain = AdaIN(DEEP)
    style = torch.rand(1, 3, 64, 64) * torch.tensor([0.3, 0.6, 0.9]).view(3, 1, 1)
    code, photos = adain.encode(style)[0], torch.rand(3, 3, 68, 60)
    network = baked(adain, code, photos, spec)
    code, wanted_palette = code[:-PALETTE_SIZE], palette.of_numbers(code[None, -PALETTE_SIZE:])
    trunk = Trunk(spec)
    names = {n: n.replace("coarse.0", "coarse.2") if spec is SHALLOW else n for n in trunk.state_dict()}
    trunk.load_state_dict({n: adain.backbone.state_dict()[old] for n, old in names.items()})
    parts = torch.split(code, [c for site in DEEP.sites for c in (site, site)])
    sites = list(zip(parts[::2], parts[1::2], strict=True))
    sites = sites if spec is DEEP else sites[2:]
    before = palette.transport(_pooled_palette(normalized(photos)), wanted_palette, MOST_BEFORE)
    stemmed = trunk.stem(palette.recolored(normalized(photos), before, torch.ones(1)))
    affines = iter(_measured(trunk, stemmed, sites))

    def site(x):
        scale, shift = next(affines)
        return x * scale.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1)

    wanted = trunk.paint(stemmed, site)
    after = palette.transport(_pooled_palette(wanted.clamp(0, 1)), wanted_palette, MOST_AFTER)
    wanted = palette.recolored(wanted, after, torch.ones(1))
    have = network(photos, torch.zeros(1, STATISTICS), torch.zeros(1))[0]
    torch.testing.assert_close(have, wanted, atol=1e-4, rtol=1e-4)


def test_styles_by_name_by_file_and_by_picture(tmp_path, photo):
    adain, weights = embedded_adain()
    named = code_style("irises", "", adain, weights.sha256)
    assert (named.name, named.picture) == ("irises", None) and "Irises" in named.work
    save_code(built_in_code("irises"), tmp_path / "mine.style")
    filed = code_style(str(tmp_path / "mine.style"), "other", adain, weights.sha256)
    assert filed.name == "other" and torch.equal(filed.code, named.code)
    write_picture(tmp_path / "painting.png", photo)
    seen = code_style(str(tmp_path / "painting.png"), "", adain, weights.sha256)
    assert seen.name == "painting" and min(seen.picture.shape[:2]) == 384
    assert seen.code.shape == (adain.code_size + PALETTE_SIZE,)
    assert picture_style(tmp_path / "painting.png").code is None


def test_styles_that_cant_be_used(tmp_path, photo):
    adain, weights = embedded_adain()
    write_picture(tmp_path / "flat.png", np.full((80, 80, 3), 9, np.uint8))
    with pytest.raises(InputError, match="all of one colour"):
        picture_style(tmp_path / "flat.png")
    with pytest.raises(InputError, match="nowhere"):
        code_style("nowhere.png", "", adain, weights.sha256)
    with pytest.raises(ModelError, match="other weights"):
        code_style("irises", "", adain, "f" * 64)
    write_picture(tmp_path / "(a).png", photo)
    with pytest.raises(UsageError, match="another of letters"):
        picture_style(tmp_path / "(a).png")


@pytest.mark.parametrize("known", ["picture", "code"])
def test_a_step_reaches_every_parameter(known, teacher, crops, photo, monkeypatch):
    adain = AdaIN(DEEP).eval()
    with torch.no_grad():
        code = adain.encode(torch.rand(1, 3, 64, 64))[0]
    monkeypatch.setattr("stylex.models.fast.recipe.baked", lambda *a: baked(*a, SHALLOW))
    settings = FastSettings.sized(96, 2)
    style = Style("s", "", photo if known == "picture" else None, code)
    recipe = FastRecipe(crops("photo", 9), style, LossNetworks(teacher, CPU), settings, CPU, adain)
    recipe.restart(0)
    loss, parts = recipe.step(np.random.default_rng(0), CPU)
    loss.backward()
    assert {
        "content",
        "style",
        "gram",
        "palette",
        "shift",
        "checkerboard",
        "flat_area_noise",
        "total_variation",
    } <= parts.keys()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in recipe.network.parameters())
    assert all(p.grad is None for p in adain.parameters())
    sheet = recipe.sample(recipe.network.eval())
    assert sheet.shape == (640, 1280, 3)
    assert recipe.describe()["style"] == {"name": "s", "work": ""}


def test_the_target_is_what_all_crops_have_together():
    x = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    halves = [Target.of(x[i : i + 2], {"1_1": x[i : i + 2]}) for i in (0, 2)]
    target, long = Target.pooled(halves), x.permute(1, 0, 2, 3).flatten(1).view(1, 3, 64, 64)
    whole = Target.of(long, {"1_1": long})
    torch.testing.assert_close(target.grams["1_1"], whole.grams["1_1"])
    for a, b in zip(target.statistics["1_1"], whole.statistics["1_1"], strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-3)
    assert target.colors.shape == whole.colors.shape
    assert (target.colors - whole.colors).abs().mean() < 0.02  # of another choice of pixels


def test_training_goes_on_from_weights(tmp_path, teacher, crops, photo):
    start = tmp_path / "weights.safetensors"
    shutil.copy(embedded("fast", "the-scream"), start)
    shutil.copy(embedded("fast", "the-scream").with_name("card.json"), tmp_path)
    style = Style("s", "", photo)
    recipe = FastRecipe(
        crops("photo", 9), style, LossNetworks(teacher, CPU), FastSettings.sized(96, 2), CPU, start=start
    )
    recipe.restart(0)
    want = read_weights(start)
    learnt = Fast()
    want.fill(learnt)
    seen = torch.rand(2, 3, 100, 100, generator=torch.Generator().manual_seed(0)), torch.zeros(1, 3), torch.zeros(1)
    with torch.no_grad():
        assert (recipe.network(*seen)[0] - learnt(*seen)[0]).square().mean() < 1e-3
    assert recipe.describe()["revived"] == recipe.revived > 0, "dead channels come back, which doesn't show"
    assert recipe.describe()["start"]["weights_sha256"] == want.sha256


def test_crops_follow_the_size():
    assert FastSettings.sized(96, 1).size == 96 and FastSettings.sized(96, 1).shifted == 1
    assert FastSettings.sized(256, 4) == FastSettings()


@pytest.mark.parametrize("style", embedded_styles("fast"))
def test_embedded_styles(style):
    weights = read_weights(embedded("fast", style))
    weights.fill(Fast(FAST_SPEC))
    assert weights.card["style"]["name"] == style and weights.card["style"]["work"]
    assert weights.card["weights_sha256"] == weights.sha256
    assert weights.card["parameters"] <= 600_000
