from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from stylex.models.shared.backbone import (
    BORDER,
    STYLE_EPSILON,
    Backbone,
    BackboneSpec,
    Trunk,
    channel_statistics,
    flat_masks,
    modulate,
)


def plain_statistics(x):
    variance, mean = torch.var_mean(x.double(), (2, 3), correction=0)
    return mean, (variance + STYLE_EPSILON).sqrt()


def plain_modulation(x, sigma, beta, masks, mean, std):
    """The formula as it is written; masks (B, K, H, W)."""
    y = (1 - masks.sum(1, keepdim=True)) * x
    for k in range(masks.shape[1]):
        restyled = sigma[:, k, :, None, None] * ((x - mean[..., None, None]) / std[..., None, None])
        y = y + masks[:, k : k + 1] * (restyled + beta[:, k, :, None, None])
    return y


def arguments(styles, batch=2, channels=5, height=4, width=6):
    x = torch.randn(batch, channels, height, width)
    sigma, beta = torch.rand(batch, styles, channels) + 0.5, torch.randn(batch, styles, channels)
    masks = torch.rand(batch, styles, height, width) / styles
    mean, std = channel_statistics(x)
    return [t.requires_grad_() for t in (x, sigma, beta, masks, mean.detach(), std.detach())]


def paint(net, content, codes, masks, frozen=None, freeze=0.0):
    frozen = torch.zeros(1, net.spec.code_size) if frozen is None else frozen
    with torch.no_grad():
        return net(content, codes, masks, frozen, torch.full((1,), freeze))


def pictures(count=1, height=32, width=48):
    return torch.rand(count, 3, height + 2 * BORDER, width + 2 * BORDER)


def codes_for(spec, styles=1):
    return torch.rand(styles, spec.code_size) + 0.5


@pytest.mark.parametrize("styles", [1, 2, 3])
def test_modulation_is_the_written_formula(styles):
    x, sigma, beta, masks, mean, std = given = arguments(styles)
    got = modulate(x, sigma, beta, flat_masks(masks), mean, std)
    want = plain_modulation(*given)
    torch.testing.assert_close(got, want, atol=1e-5, rtol=1e-5)
    weight = torch.randn_like(want)
    for a, b in zip(
        torch.autograd.grad((got * weight).sum(), given),
        torch.autograd.grad((want * weight).sum(), given),
        strict=True,
    ):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


def test_one_code_serves_a_whole_batch():
    x, _, _, _, mean, std = arguments(2)
    sigma, beta, masks = torch.rand(1, 2, 5), torch.randn(1, 2, 5), torch.rand(1, 2, 4, 6)
    got = modulate(x, sigma, beta, flat_masks(masks), mean, std)
    want = plain_modulation(x, *(t.expand(2, *t.shape[1:]) for t in (sigma, beta, masks)), mean, std)
    torch.testing.assert_close(got, want, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_outside_the_mask_nothing_changes():
    x, sigma, beta, masks, mean, std = arguments(2)
    masks[:, :, :, 3:] = 0
    got = modulate(x, sigma, beta, flat_masks(masks), mean, std)
    assert torch.equal(got[..., 3:], x[..., 3:])
    assert not torch.isclose(got[..., :3], x[..., :3]).any(1).all()


def test_statistics_are_torchs_own():
    x = 1.5 + torch.randn(2, 3, 7, 9)
    for got, want in zip(channel_statistics(x), plain_statistics(x), strict=True):
        torch.testing.assert_close(got, want.float(), atol=1e-5, rtol=1e-5)


def test_statistics_have_torchs_own_gradient():
    x = (0.5 + torch.randn(2, 3, 7, 9)).requires_grad_()
    weights = torch.randn(2, 2, 3)
    mean, std = channel_statistics(x)
    (got,) = torch.autograd.grad((mean * weights[0] + std * weights[1]).sum(), x)
    mean, std = plain_statistics(x)
    (want,) = torch.autograd.grad((mean * weights[0] + std * weights[1]).sum(), x)
    torch.testing.assert_close(got, want, atol=1e-6, rtol=1e-4)


def test_statistics_of_half_precision_features_are_measured_in_float32():
    x = torch.randn(1, 3, 8, 8).bfloat16().requires_grad_()
    mean, std = channel_statistics(x)
    assert mean.dtype == std.dtype == torch.float32
    std.sum().backward()
    assert x.grad is not None and x.grad.dtype == torch.bfloat16


def test_a_flat_picture_has_a_standard_deviation():
    x = torch.full((1, 2, 5, 5), 0.7, requires_grad=True)
    mean, std = channel_statistics(x)
    torch.testing.assert_close(std, torch.full((1, 2), STYLE_EPSILON**0.5), atol=1e-3, rtol=0)
    (mean + std).sum().backward()
    assert torch.isfinite(x.grad).all()


def test_sites_and_code_size():
    spec = BackboneSpec(quarter=8, eighth=16, blocks=2, fine_blocks=1)
    assert spec.sites == (16, 16, 8)
    assert spec.code_size == 2 * 40
    net = Backbone(spec)
    _, statistics = paint(net, pictures(), codes_for(spec), torch.ones(1, 1, 4, 6))
    assert statistics.shape == (1, 80)


def test_the_default_content_path_is_small():
    spec = BackboneSpec()
    with torch.device("meta"):
        net = Backbone(spec)
    assert sum(p.numel() for p in net.parameters()) <= 1.2e6
    assert spec.code_size * 4 < 8192, "a code is a few KB"


def test_every_size_that_is_a_multiple_of_8(spec):
    net = Backbone(spec)
    for height, width in ((32, 32), (40, 72), (96, 32)):
        masks = torch.ones(1, 1, height // 8, width // 8)
        picture, _ = paint(net, pictures(1, height, width), codes_for(spec), masks)
        assert picture.shape == (1, 3, height, width)


def test_strength_0_ignores_the_style(spec):
    net = Backbone(spec)
    content, masks = pictures(), torch.zeros(1, 1, 4, 6)
    one, _ = paint(net, content, codes_for(spec), masks)
    other, _ = paint(net, content, 5 * codes_for(spec), masks)
    styled, _ = paint(net, content, codes_for(spec), masks + 1)
    assert torch.equal(one, other)
    assert not torch.allclose(one, styled)


def test_two_half_masks_of_one_style_are_one_style(spec):
    net, content, code = Backbone(spec), pictures(), codes_for(spec)
    once, _ = paint(net, content, code, torch.ones(1, 1, 4, 6))
    twice, _ = paint(net, content, code.repeat(2, 1), torch.full((2, 1, 4, 6), 0.5))
    torch.testing.assert_close(once, twice, atol=1e-5, rtol=1e-4)


def test_codes_of_their_own_for_every_picture(spec):
    net, content, codes = Backbone(spec), pictures(2), codes_for(spec, 2)
    together, _ = paint(net, content, codes[:, None], torch.ones(2, 1, 4, 6))
    for i in range(2):
        alone, _ = paint(net, content[i : i + 1], codes[i : i + 1], torch.ones(1, 1, 4, 6))
        torch.testing.assert_close(together[i : i + 1], alone, atol=1e-5, rtol=1e-4)


def test_frozen_statistics(spec):
    net, content, other = Backbone(spec), pictures(), pictures() ** 3
    codes, masks = codes_for(spec), torch.ones(1, 1, 4, 6)
    picture, statistics = paint(net, content, codes, masks)
    again, measured = paint(net, content, codes, masks, statistics, 1.0)
    assert torch.equal(again, picture) and torch.equal(measured, statistics)
    free, own = paint(net, other, codes, masks)
    frozen, measured = paint(net, other, codes, masks, statistics, 1.0)
    assert not torch.allclose(frozen, free, atol=1e-3)
    first = 2 * spec.sites[0]
    torch.testing.assert_close(measured[:, :first], own[:, :first], msg="nothing was used before the first site")
    assert not torch.allclose(measured[:, first:], own[:, first:], atol=1e-3)


def test_a_fresh_head_paints_no_subpixel_pattern(spec):
    """ICNR: the 16 sub-pixels of a cell are equal, as after a nearest-neighbour enlargement."""
    net = Backbone(spec)
    picture, _ = paint(net, pictures(), codes_for(spec), torch.ones(1, 1, 4, 6))
    cells = F.avg_pool2d(picture, 4)
    torch.testing.assert_close(picture, F.interpolate(cells, scale_factor=4), atol=1e-6, rtol=1e-5)
    assert 0 < picture.mean() < 1


@pytest.mark.parametrize("widths", [{}, {"blocks": 1}, {"sixteenth": 8, "deep_blocks": 2}])
def test_reach_is_how_far_a_painted_pixel_sees(widths):
    spec = BackboneSpec(8, 8, **widths)
    trunk, side = Trunk(spec).double(), 64 * 8
    for module in trunk.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.weight.data.abs_()
            module.bias.data.fill_(1)
    photo = torch.rand(1, 3, side + 4, 68, dtype=torch.double, requires_grad=True)
    painted, seen = trunk.paint(trunk.stem(photo)), []
    for row in range(side // 2, side // 2 + spec.multiple):
        (slope,) = torch.autograd.grad(painted[0, :, row].sum(), photo, retain_graph=True)
        rows = slope[0].abs().sum((0, 2)).nonzero()[:, 0] - 2
        seen += [row - int(rows.min()), int(rows.max()) - row]
    assert max(seen) == spec.receptive_radius
