from __future__ import annotations

import dataclasses

import pytest
import torch
import torch.nn.functional as F

from stylex.models.adain.network import AdaIN
from stylex.models.multiscale.network import Multiscale
from stylex.models.multiscale.recipe import take_over
from stylex.models.shared.backbone import BORDER, BackboneSpec

WIDTHS = (4, 8, 8, 8)


@pytest.fixture
def deep(spec: BackboneSpec) -> BackboneSpec:
    return dataclasses.replace(spec, sixteenth=12, deep_blocks=2)


@pytest.fixture
def network(deep: BackboneSpec) -> Multiscale:
    made = Multiscale(deep, WIDTHS).eval()
    torch.nn.init.normal_(made.backbone.rise.conv.weight, 0, 0.1)  # as if trained: 1/16 shows
    return made


def pictures(count: int = 1, height: int = 64, width: int = 80) -> torch.Tensor:
    return torch.rand(count, 3, height + 2 * BORDER, width + 2 * BORDER)


def part(codes: torch.Tensor, spec: BackboneSpec, level: int) -> torch.Tensor:
    sizes = [2 * sum(widths) for widths in spec.levels]
    return torch.split(codes[:, : sum(sizes)], sizes, 1)[level]


@torch.no_grad()
def test_every_level_listens_to_its_own_scale(network, deep):
    """Fine grain that a quarter of the size doesn't show changes the code of 1/4 and not the one of 1/16."""
    style = F.interpolate(torch.rand(1, 3, 32, 32), scale_factor=4)
    grain = 0.1 * torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(64, 64)
    plain, grained = network.site_code(style), network.site_code(style + grain)
    assert plain.shape == (1, network.code_size) == (1, deep.code_size)
    torch.testing.assert_close(part(plain, deep, 0), part(grained, deep, 0), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(part(plain, deep, 1), part(grained, deep, 1), atol=1e-5, rtol=1e-5)
    assert not torch.allclose(part(plain, deep, 2), part(grained, deep, 2), atol=1e-3)


@torch.no_grad()
def test_every_level_modulates(network, deep):
    content, codes = pictures(), network.encode(torch.rand(1, 3, 64, 64))
    painted = network(content, codes)[0]
    for level in range(3):
        changed = codes.clone()
        part(changed, deep, level).add_(1.0)
        assert (network(content, changed)[0] - painted).abs().max() > 1e-3


@torch.no_grad()
def test_strength_0_ignores_the_style_and_masks_reach_every_level(network, deep):
    content, codes = pictures(1, 256, 64), network.encode(torch.rand(2, 3, 64, 64))
    torch.testing.assert_close(network(content, codes[:1], 0.0)[0], network(content, codes[1:], 0.0)[0])
    masks, frozen = torch.zeros(1, 1, 32, 8), torch.ones(1, deep.code_size)
    masks[:, :, :4] = 1
    paint = [
        network.backbone(content, codes[:1, : deep.code_size], m, frozen, torch.ones(1))[0] for m in (masks, 0 * masks)
    ]
    gap = (paint[0] - paint[1]).abs().amax((0, 1, 3))
    assert gap[:24].min() > 1e-4, "the masked part is painted"
    assert gap[-8:].max() < 1e-5, "what is further away than the network sees isn't"


@torch.no_grad()
def test_a_new_network_begins_with_what_adain_does_at_the_finer_levels(spec, deep):
    adain, made = AdaIN(spec, widths=WIDTHS).eval(), Multiscale(deep, WIDTHS).eval()
    take_over(adain, made)
    content, style = pictures(), torch.rand(1, 3, 64, 64)
    code = torch.cat((torch.rand(1, 2 * sum(deep.levels[0])), adain.encode(style)), 1)
    torch.testing.assert_close(made(content, code)[0], adain(content, adain.encode(style))[0], atol=1e-5, rtol=1e-4)
    fine = 2 * sum(deep.levels[2])
    torch.testing.assert_close(made.site_code(style)[:, -fine:], adain.site_code(style)[:, -fine:])


def test_everything_learns(network):
    network(pictures(), network.encode(torch.rand(1, 3, 64, 64)))[0].square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("size", [None, 128])
def test_training_and_graph_paint_alike(network, size, checked_transfer):
    transfer = checked_transfer(network, size)
    assert (transfer.spec.multiple, transfer.spec.smallest, transfer.spec.cell) == (16, 64, 8)
    assert transfer.example[2].shape[2] * 8 + 2 * BORDER == transfer.example[0].shape[2]
