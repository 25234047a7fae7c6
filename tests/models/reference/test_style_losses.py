"""Distances of style, against their definitions."""

from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck

from stylex.models.reference.style_losses import (
    DISTANCES,
    LAYER_WEIGHTS,
    StyleTarget,
    WassersteinDistance,
    _TraceOfRoot,
    mixed,
    moments,
)


def features(seed, channels=5, side=9, scale=1.0):
    x = torch.randn(1, channels, side, side, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return scale * torch.relu(x + 0.3)


def gaussian_distance(a, b):
    """2-Wasserstein of the Gaussians with the moments of two pictures, squared, by its textbook formula."""

    def root(m):
        values, vectors = torch.linalg.eigh(m)
        return vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T

    x, y = a[0].flatten(1), b[0].flatten(1)
    c, d = torch.cov(x, correction=0), torch.cov(y, correction=0)
    spread = torch.trace(c + d - 2 * root(root(d) @ c @ root(d)))
    return (x.mean(1) - y.mean(1)).square().sum() + spread, y.mean(1).square().sum() + torch.trace(d)


def test_wasserstein_is_the_textbooks():
    for seed in range(3):
        a, b = features(seed), features(seed + 10, scale=2)
        distance, scale = gaussian_distance(a, b)
        torch.testing.assert_close(WassersteinDistance(moments(b))(moments(a)), distance / scale, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", DISTANCES)
def test_zero_at_the_target_and_larger_further_away(kind):
    a, b = features(1), features(2, scale=3)
    target = DISTANCES[kind](moments(b))
    assert abs(target(moments(b)).item()) < 1e-5
    between = [target(moments(a.lerp(b, t))).item() for t in (0.0, 0.5, 0.9)]
    assert between[0] > between[1] > between[2] > 0


@pytest.mark.parametrize("kind", DISTANCES)
def test_the_scale_of_the_network_does_not_count(kind):
    a, b = features(1), features(2)
    plain = DISTANCES[kind](moments(b))(moments(a))
    torch.testing.assert_close(DISTANCES[kind](moments(100 * b))(moments(100 * a)), plain)


def test_the_gradient_of_the_root():
    x = torch.randn(4, 4, dtype=torch.float64)
    matrix = (x @ x.T + 0.5 * torch.eye(4, dtype=torch.float64)).requires_grad_()
    assert gradcheck(lambda m: _TraceOfRoot.apply((m + m.T) / 2), matrix)
    alike = torch.eye(4, dtype=torch.float64, requires_grad=True)  # eigenvectors that nothing tells apart
    _TraceOfRoot.apply(alike).backward()
    torch.testing.assert_close(alike.grad, torch.eye(4, dtype=torch.float64) / 2)


@pytest.mark.parametrize("kind", DISTANCES)
def test_fewer_positions_than_channels(kind):
    few = features(1, channels=30, side=2).float().requires_grad_()
    loss = DISTANCES[kind](moments(features(2, channels=30, side=3).float()))(moments(few))
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(few.grad).all() and few.grad.any()


def test_a_constant_layer():
    flat = torch.full((1, 3, 4, 4), 0.5, requires_grad=True)
    for kind in DISTANCES:
        loss = DISTANCES[kind](moments(features(2, channels=3).float()))(moments(flat))
        (gradient,) = torch.autograd.grad(loss, flat)
        assert torch.isfinite(gradient).all()


def test_mixed_moments_are_those_of_all_positions():
    a, b = features(1, side=8), features(2, side=8)
    both = moments(torch.cat([a, b], 2))
    half = mixed([(moments(a), 0.5), (moments(b), 0.5)])
    torch.testing.assert_close(half.mean, both.mean)
    torch.testing.assert_close(half.gram, both.gram)


def test_layers_count_by_their_weights():
    have, want = ({name: features(seed + i) for i, name in enumerate(LAYER_WEIGHTS)} for seed in (0, 20))
    target = StyleTarget({name: moments(y) for name, y in want.items()}, "gram")
    parts = {name: target.distances[name](moments(have[name])) for name in LAYER_WEIGHTS}
    expected = sum(LAYER_WEIGHTS[name] * part for name, part in parts.items()) / 341
    torch.testing.assert_close(target(have), expected)


def test_half_precision_features_are_summed_in_float():
    x = features(1).to(torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        found = moments(x)
    assert found.gram.dtype == torch.float32
    torch.testing.assert_close(found.gram, moments(x.float()).gram)
