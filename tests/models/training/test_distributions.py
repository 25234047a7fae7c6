from __future__ import annotations

import torch

from stylex.models.training import distributions as d


def test_quantiles_are_slices_of_the_sorted_projections():
    x = torch.randn(2, 5, 16, 24)
    found = d.quantiles(x)
    assert found.shape == (2, d.DIRECTIONS, d.QUANTILES)
    assert (found.diff(dim=-1) >= 0).all()
    projected = torch.einsum("pc,bcn->bpn", d.directions(5), x.flatten(2))
    torch.testing.assert_close(found.mean(-1), projected.mean(-1), atol=1e-4, rtol=1e-4)


def test_directions_are_fixed_unit_vectors():
    assert d.directions(7) is d.directions(7)
    torch.testing.assert_close(d.directions(7).norm(dim=1), torch.ones(d.DIRECTIONS))


def test_of_large_maps_some_positions_are_taken():
    x = torch.rand(1, 3, 96, 96, requires_grad=True)
    d.quantiles(x, torch.Generator().manual_seed(0)).sum().backward()
    assert x.grad is not None
    touched = (x.grad.abs().sum(1) > 0).float().mean()
    assert 0.2 < touched < 0.3, "every second position, down and across"
    other = d.quantiles(x.detach(), torch.Generator().manual_seed(1))
    assert not torch.equal(other, d.quantiles(x.detach(), torch.Generator().manual_seed(0)))


def test_the_distance_sees_what_mean_and_deviation_do_not():
    """Half of the pixels at either end, or a bell: the same mean and deviation, not the same picture."""
    generator = torch.Generator().manual_seed(0)
    ends = torch.where(torch.rand(1, 3, 32, 32, generator=generator) < 0.5, -1.0, 1.0)
    bell = torch.randn(1, 3, 32, 32, generator=generator)
    bell = (bell - bell.mean()) / bell.std() * ends.std() + ends.mean()
    assert d.distance(d.quantiles(ends), d.quantiles(ends)).item() == 0
    assert d.distance(d.quantiles(bell), d.quantiles(ends)).item() > 0.01
