from __future__ import annotations

import dataclasses

import pytest
import torch

from stylex.models.adain.network import AdaIN
from stylex.models.attention.network import KEY, LEAST_VARIANCE, TOKENS, Attention, attend
from stylex.models.shared.backbone import BORDER, BackboneSpec, Site, flat_masks

WIDTHS = (4, 8, 8, 8)


@pytest.fixture
def network(spec: BackboneSpec) -> Attention:
    made = Attention(spec, WIDTHS).eval()
    torch.nn.init.normal_(made.values[2].weight, 0, 0.3)  # as if trained: the tokens differ
    return made


def pictures(count: int = 1, height: int = 32, width: int = 40) -> torch.Tensor:
    return torch.rand(count, 3, height + 2 * BORDER, width + 2 * BORDER)


@torch.no_grad()
def test_a_new_network_paints_as_the_adain_that_it_takes_over(spec):
    adain, made = AdaIN(spec, widths=WIDTHS).eval(), Attention(spec, WIDTHS).eval()
    made.load_state_dict(adain.state_dict(), strict=False)
    content, style = pictures(2), torch.rand(2, 3, 70, 90)
    want, got = adain(content, adain.encode(style), 0.7)[0], made(content, made.encode(style), 0.7)[0]
    torch.testing.assert_close(got, want, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_attention_is_the_written_formula():
    """Softmax, mean and deviation position by position, as in the paper; two styles share by their masks."""
    channels, styles, tokens = 5, 2, 4
    x, query = torch.randn(1, channels, 2, 3), torch.nn.Linear(channels, KEY, bias=False)
    mean, std = torch.randn(1, channels), torch.rand(1, channels) + 0.5
    keys, values = torch.randn(styles, tokens, KEY), torch.randn(styles, tokens, channels)
    squares = values.square() + torch.rand(styles, tokens, channels)
    masks = torch.tensor([0.3, 0.5]).view(1, 2, 1, 1).expand(1, 2, 2, 3)
    site = Site(0, torch.empty(0), flat_masks(masks), mean, std)
    got = attend(x, query, torch.cat((keys, values, squares), 2)[None], site)
    for row in range(2):
        for column in range(3):
            here = x[0, :, row, column]
            normal = (here - mean[0]) / std[0]
            attention = torch.stack([(k @ query(normal)).softmax(0) for k in keys]) * torch.tensor([[0.3], [0.5]]) / 0.8
            first, second = (torch.einsum("kt,ktc->c", attention, v) for v in (values, squares))
            deviation = (second - first.square() + LEAST_VARIANCE / 0.64).sqrt()
            want = 0.2 * here + 0.8 * (deviation * normal + first)
            torch.testing.assert_close(got[0, :, row, column], want, atol=1e-4, rtol=1e-3)


@torch.no_grad()
def test_places_of_the_style_matter(network):
    """The same colours in other places make other tokens, and places alike have keys alike."""
    style = torch.zeros(1, 3, 64, 64)
    style[:, 0, :32], style[:, 2, 32:] = 1, 1
    one, other = network.backbone.tokens(network.encode(style)), network.backbone.tokens(network.encode(style.flip(2)))
    assert not torch.allclose(one, other, atol=1e-2)
    top, bottom = one[0, :8, :KEY].mean(0), one[0, -8:, :KEY].mean(0)
    assert top @ top > top @ bottom


@torch.no_grad()
def test_strength_0_ignores_the_style(network):
    content, codes = pictures(), network.encode(torch.rand(2, 3, 64, 64) ** torch.tensor([1.0, 4.0]).view(2, 1, 1, 1))
    none = [network(content, code[None], 0.0)[0] for code in codes]
    torch.testing.assert_close(*none, atol=1e-4, rtol=0)
    full = [network(content, code[None])[0] for code in codes]
    assert (full[0] - full[1]).abs().max() > 0.01


@torch.no_grad()
def test_a_style_split_in_two_masks_is_one_style(network, spec):
    code, content = network.site_code(torch.rand(1, 3, 64, 64)), pictures()
    frozen, freeze = torch.zeros(1, spec.code_size), torch.zeros(1)
    once = network.backbone(content, code, torch.ones(1, 1, 4, 5), frozen, freeze)[0]
    twice = network.backbone(content, code.repeat(2, 1), torch.full((2, 1, 4, 5), 0.5), frozen, freeze)[0]
    torch.testing.assert_close(once, twice, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_code_and_sigmas(network, spec):
    codes = network.site_code(torch.rand(3, 3, 64, 80))
    assert codes.shape == (3, network.code_size)
    assert network.code_size == TOKENS * (KEY + 2 * 16) + 2 * sum(spec.sites[1:])
    sigmas = network.sigmas(codes)
    assert [s.shape[1] for s in sigmas] == list(spec.sites) and all((s > 0).all() for s in sigmas)


def test_everything_that_attends_learns(network):
    style, content = torch.rand(2, 3, 64, 64), pictures(2)
    network(content, network.encode(style))[0].square().mean().backward()
    for name in ("backbone.query.weight", "values.0.weight", "sharpness", "style.enter.2.weight"):
        assert network.get_parameter(name).grad.abs().max() > 0, name


def test_training_and_graph_paint_alike(network, spec, checked_transfer):
    transfer = checked_transfer(network)
    assert transfer.spec.code_size == network.code_size and transfer.spec.sites == spec.sites


def test_a_level_at_a_16th_is_refused(spec):
    with pytest.raises(AssertionError):
        Attention(dataclasses.replace(spec, sixteenth=8, deep_blocks=1))
