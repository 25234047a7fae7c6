from __future__ import annotations

import torch

from stylex.models.adain.network import StyleEncoder
from stylex.models.adain.settling import SPREAD, settle
from stylex.models.shared.backbone import BackboneSpec

SPEC = BackboneSpec(quarter=8, eighth=12, blocks=1, fine_blocks=1)


def rank(codes: torch.Tensor) -> float:
    """Returns the dimensions that codes spread over, the participation ratio of their variances."""
    power = torch.linalg.svdvals(codes - codes.mean(0)).square()
    return float(power.sum().square() / power.square().sum())


def test_a_settled_encoder_tells_styles_apart():
    torch.manual_seed(0)
    encoder = StyleEncoder(SPEC)
    styles = torch.nn.functional.interpolate(torch.rand(24, 3, 24, 24), size=(96, 96), mode="bilinear")
    styles = styles * torch.rand(24, 3, 1, 1) + 0.2 * torch.rand(24, 1, 96, 96)
    with torch.no_grad():
        before = encoder(styles)
        settle(encoder, styles)
        statistics, after = encoder.statistics(styles), encoder(styles)
        units = encoder.hidden(statistics) > 0
    assert rank(after) > 2 * rank(before)
    assert 0.6 * SPREAD < statistics.std(0).mean() < 1.5 * SPREAD
    assert 0.3 < units.float().mean() < 0.7
    assert (units.any(0) & ~units.all(0)).float().mean() > 0.95, "hardly a unit is on or off for all styles"


def test_pictures_of_one_colour_leave_finite_weights():
    encoder = StyleEncoder(SPEC)
    settle(encoder, torch.full((2, 3, 64, 64), 0.5))
    assert all(torch.isfinite(p).all() and p.abs().max() < 1e6 for p in encoder.parameters())
