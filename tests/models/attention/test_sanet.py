from __future__ import annotations

import pytest
import torch

from stylex.models.published.checkpoints import load_checkpoint


@pytest.fixture(scope="module")
def network(published_files):
    return load_checkpoint(published_files("SANet")).network


def inputs(network, content, codes, strength):
    cells = [side // 16 for side in content.shape[2:]]
    masks = torch.stack([torch.full((1, *cells), s) for s in strength])
    return content, codes, masks, torch.zeros(1, network.statistics_size), torch.zeros(1)


def attended(net, content, style):
    """The paper's equations 1 and 2 with one style and no masks."""

    def norm(f):
        return (f - f.mean((2, 3), keepdim=True)) / (f.var((2, 3), keepdim=True) + 1e-5).sqrt()

    weights = torch.einsum("bcn,bcm->bnm", net.f(norm(content)).flatten(2), net.g(norm(style)).flatten(2)).softmax(2)
    found = torch.einsum("bnm,bcm->bcn", weights, net.h(style).flatten(2))
    return content + net.out_conv(found.view(content.shape))


@torch.no_grad()
def test_a_mask_of_ones_is_the_published_network(network):
    content, style = torch.rand(1, 3, 48, 64), torch.rand(1, 3, 256, 256)
    codes = network.encode(style)
    assert codes.shape == (1, network.code_size) == (1, 512 * (1024 + 256))
    transform = network.transform
    x, s = network.to_4_1(content), network.to_4_1(style)
    fine = attended(transform.sanet4_1, x, s)
    coarse = attended(transform.sanet5_1, network.to_5_1(x), network.to_5_1(s))
    merged = fine + coarse.repeat_interleave(2, 2).repeat_interleave(2, 3)
    wanted = network.decoder(transform.merge_conv(torch.nn.ReflectionPad2d(1)(merged))).clamp(0, 1)
    painted, statistics = network(*inputs(network, content, codes, [1.0]))
    torch.testing.assert_close(painted, wanted, atol=2e-4, rtol=0)
    assert statistics.shape == (1, 2048) and painted.std() > 0.02


@torch.no_grad()
def test_strength_mixing_and_frozen_statistics(network):
    content = torch.rand(1, 3, 32, 32)
    codes = torch.cat([network.encode(torch.rand(1, 3, 256, 256) ** p) for p in (1, 5)])
    one, other, none = (network(*inputs(network, content, codes, s))[0] for s in ([1.0, 0.0], [0.0, 1.0], [0.0, 0.0]))
    assert (one - other).abs().max() > 0.01 and (one - none).abs().max() > 0.01
    again = network(*inputs(network, content, codes[:1], [0.0]))[0]
    torch.testing.assert_close(none, again, atol=1e-4, rtol=0)
    held = network(*inputs(network, content.square(), codes[:1], [1.0]))[1]
    frozen = network(*inputs(network, content, codes[:1], [1.0])[:3], held, torch.ones(1))
    own = network(*inputs(network, content, codes[:1], [1.0]))[1]
    torch.testing.assert_close(frozen[1], own, msg="both are measured before anything is restyled")
    assert (frozen[0] - one).abs().max() > 1e-3
