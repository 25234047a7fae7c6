from __future__ import annotations

import pytest
import torch

from stylex.models.published.checkpoints import load_checkpoint


@pytest.fixture(scope="module")
def network(published_files):
    return load_checkpoint(published_files("AdaIN")).network


def inputs(network, content, codes, strength):
    cells = [side // 8 for side in content.shape[2:]]
    masks = torch.stack([torch.full((1, *cells), s) for s in strength])
    return content, codes, masks, torch.zeros(1, network.code_size), torch.zeros(1)


@torch.no_grad()
def test_a_mask_of_ones_is_the_published_network(network):
    content, style = torch.rand(1, 3, 32, 48), torch.rand(1, 3, 40, 24)
    x, s = network.encoder(content), network.encoder(style)

    def moments(f):
        return f.mean((2, 3), keepdim=True), (f.var((2, 3), keepdim=True) + 1e-5).sqrt()

    (mean, std), (beta, sigma) = moments(x), moments(s)
    wanted = network.decoder((x - mean) / std * sigma + beta).clamp(0, 1)
    codes = network.encode(style)
    assert codes.shape == (1, 1024)
    painted, statistics = network(*inputs(network, content, codes, [1.0]))
    torch.testing.assert_close(painted, wanted, atol=1e-4, rtol=0)
    torch.testing.assert_close(statistics, torch.cat((mean, std), 1).flatten(1))
    assert painted.std() > 0.02


@torch.no_grad()
def test_strength_mixing_and_frozen_statistics(network):
    content, other = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32).square()
    codes = torch.cat([network.encode(torch.rand(1, 3, 32, 32) ** p) for p in (1, 4)])
    plain = network.decoder(network.encoder(content)).clamp(0, 1)
    torch.testing.assert_close(network(*inputs(network, content, codes, [0.0, 0.0]))[0], plain, atol=1e-4, rtol=0)
    both = network(*inputs(network, content, codes, [0.3, 0.7]))[0]
    mixed = (0.3 * codes[:1] + 0.7 * codes[1:]).view(1, -1)
    torch.testing.assert_close(both, network(*inputs(network, content, mixed, [1.0]))[0], atol=1e-4, rtol=0)
    held = network(*inputs(network, other, codes[:1], [1.0]))[1]
    frozen = network(*inputs(network, content, codes[:1], [1.0])[:3], held, torch.ones(1))
    free = network(*inputs(network, content, codes[:1], [1.0]))
    torch.testing.assert_close(frozen[1], free[1], msg="measured, whatever is used")
    assert (frozen[0] - free[0]).abs().max() > 1e-3
