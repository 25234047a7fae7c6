from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stylex.artifacts.metadata import STYLE_ENCODER, TRANSFER
from stylex.imaging.sizes import PALETTE_SIZE
from stylex.models.adain.network import AdaIN, StyleEncoder
from stylex.models.shared import palette
from stylex.models.shared.graphs import traceables
from stylex.models.weights import CALIBRATION, Weights


@pytest.fixture
def encoder(spec):
    return StyleEncoder(spec).eval()


@pytest.mark.parametrize("size", [(16, 16), (37, 101), (64, 64), (128, 19)])
@torch.no_grad()
def test_a_style_of_any_size_makes_one_code(encoder, size):
    code = encoder(torch.rand(2, 3, *size))
    assert code.shape == (2, encoder.spec.code_size)
    assert torch.isfinite(code).all()


@torch.no_grad()
def test_sigmas_are_positive(encoder):
    torch.nn.init.normal_(encoder.code.bias, 0, 20)
    code, at = encoder(torch.rand(3, 3, 40, 40)), 0
    for width in encoder.spec.sites:
        assert (code[:, at : at + width] > 0).all()
        assert (code[:, at + width : at + 2 * width] < 0).any()
        at += 2 * width


@torch.no_grad()
def test_a_new_network_begins_with_sigma_1(encoder):
    encoder.code.weight.zero_(), encoder.code.bias.zero_()
    code = encoder(torch.rand(1, 3, 32, 32))
    width = encoder.spec.sites[0]
    torch.testing.assert_close(code[:, :width], torch.ones(1, width), atol=1e-4, rtol=0)
    assert not code[:, width : 2 * width].any()


def with_palette(codes):
    return torch.cat((codes, torch.rand(len(codes), PALETTE_SIZE)), 1)


def test_spread_gap(spec):
    """Statistics list mean and std, codes sigma and beta: the gap is between std and sigma."""
    network, size, at = AdaIN(spec), spec.code_size, 0
    codes, statistics = torch.rand(4, size) + 0.1, torch.rand(4, size) + 0.1
    for width in spec.sites:
        statistics[:, at + width : at + 2 * width] = codes[:, at : at + width]
        at += 2 * width
    assert network.sigma_mismatch(with_palette(codes), statistics) < 1e-9
    gap = network.sigma_mismatch(with_palette(codes), statistics * 2.718281828)
    assert gap.item() == pytest.approx(1, abs=1e-4)


def some_weights(net):
    return Weights(Path("none"), {}, {CALIBRATION: torch.rand(4, net.code_size + PALETTE_SIZE)}, "0" * 64, {})


def test_training_and_graph_paint_alike(spec, checked_transfer):
    assert checked_transfer(AdaIN(spec).eval()).spec.sites == spec.sites


@torch.no_grad()
def test_a_painted_picture_has_the_styles_palette(spec):
    net, style = AdaIN(spec).eval(), 0.2 + 0.5 * torch.rand(1, 3, 48, 48)
    content = torch.rand(1, 3, 36, 36) * torch.tensor([1.0, 0.5, 0.2]).view(3, 1, 1)
    painting = net.paint(content, net.encode(style))
    mean, _ = palette.measured(painting.picture)
    torch.testing.assert_close(mean, palette.measured(style)[0], atol=1e-4, rtol=0)


@torch.no_grad()
def test_at_strength_0_the_colours_are_left_alone(spec):
    net, content = AdaIN(spec).eval(), torch.rand(1, 3, 36, 36)
    painting = net.paint(content, net.encode(torch.rand(1, 3, 48, 48) ** 3), 0.0)
    torch.testing.assert_close(painting.mapped, content)
    torch.testing.assert_close(painting.picture, painting.raw.clamp(0, 1))


@torch.no_grad()
def test_strengths_of_their_own(spec):
    net = AdaIN(spec).eval()
    content, codes = torch.rand(2, 3, 36, 36), net.encode(torch.rand(2, 3, 48, 48))
    both, _ = net(content, codes, torch.tensor([0.0, 1.0]))
    none, _ = net(content, codes, 0.0)
    full, _ = net(content, codes)
    torch.testing.assert_close(both[0], none[0])
    torch.testing.assert_close(both[1], full[1])


def test_what_only_training_needs_is_left_out(spec):
    plain, taught = AdaIN(spec), AdaIN(spec, described=7)
    extra = set(taught.state_dict()) - set(plain.state_dict())
    assert extra == {"style.describe.weight", "style.describe.bias"}


@pytest.mark.parametrize("size", [None, 64])
def test_graphs_of_one_size_or_any(spec, size):
    net = AdaIN(spec)
    made = traceables(net, some_weights(net), size)
    assert [g.spec.role for g in made] == [TRANSFER, STYLE_ENCODER]
    transfer, style = made
    assert transfer.spec.palette and style.spec.code_size == transfer.spec.code_size + PALETTE_SIZE
    assert bool(transfer.dynamic[0]) == (size is None)
    assert style.dynamic[0], "a style may have any size in both"
    assert len(transfer.example) == len(transfer.inputs) == len(transfer.dynamic)
