from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from stylex.models.published.checkpoints import load_checkpoint


@pytest.fixture(scope="module")
def network(published_files):
    return load_checkpoint(published_files("MicroAST")).network


def inputs(content, codes, strength):
    cells = [side // 8 for side in content.shape[2:]]
    masks = torch.stack([torch.full((1, *cells), s) for s in strength])
    return content, codes, masks, torch.zeros(1, 256), torch.zeros(1)


def moments(f):
    return f.mean((2, 3), keepdim=True), (f.var((2, 3), keepdim=True) + 1e-5).sqrt()


def published(network, content, style, strength):
    """The paper's figure 2 with one style, feature by feature."""
    levels, found = network.style(style), network.content(content)[1]
    for name, s, layer in (("2", levels[1], network.decoder.dec1), ("1", levels[0], network.decoder.dec2)):
        (mean, std), (beta, sigma) = moments(found), moments(s)
        x = strength * ((found - mean) / std * sigma + beta) + (1 - strength) * found
        factor, offset = (network.modulator.get_submodule(f"{kind}{name}")(s) for kind in ("weight", "bias"))
        inner = F.relu(factor * layer.conv1(x) + offset * x)
        found = x + factor * layer.conv2(inner) + offset * inner
    return network.decoder.dec3(found).clamp(0, 1)


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
@torch.no_grad()
def test_one_style_is_the_published_network(network, strength):
    content, style = torch.rand(1, 3, 32, 48), torch.rand(1, 3, 40, 36)
    codes = network.encode(style)
    assert codes.shape == (1, network.code_size) == (1, 512)
    painted, statistics = network(*inputs(content, codes, [strength]))
    wanted = published(network, content, style, strength)
    torch.testing.assert_close(painted, wanted, atol=1e-4, rtol=0)
    assert statistics.shape == (1, network.statistics_size) == (1, 256) and painted.std() > 0.02


@torch.no_grad()
def test_mixing_and_frozen_statistics(network):
    content = torch.rand(1, 3, 32, 32)
    codes = torch.cat([network.encode(torch.rand(1, 3, 32, 32) ** p) for p in (1, 5)])
    one = network(*inputs(content, codes[:1], [1.0]))[0]
    torch.testing.assert_close(network(*inputs(content, codes, [1.0, 0.0]))[0], one, atol=1e-3, rtol=0)
    twice = codes[:1].expand(2, -1)
    torch.testing.assert_close(network(*inputs(content, twice, [0.4, 0.6]))[0], one, atol=1e-4, rtol=0)
    held = network(*inputs(content.square(), codes[:1], [1.0]))[1]
    frozen = network(*inputs(content, codes[:1], [1.0])[:3], held, torch.ones(1))
    own = network(*inputs(content, codes[:1], [1.0]))[1]
    torch.testing.assert_close(frozen[1][:, :128], own[:, :128], msg="measured, whatever is used")
    assert not torch.allclose(frozen[1][:, 128:], own[:, 128:], atol=1e-4)
    assert (frozen[0] - one).abs().max() > 1e-3
