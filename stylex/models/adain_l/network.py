"""The large network for arbitrary styles: `AdaIN` with a third more channels and nearly twice its sites."""

from __future__ import annotations

import torch
from torch import Tensor

from stylex.models.adain.network import AdaIN
from stylex.models.shared.arbitrary_style import SIGMA_AT_ZERO, twice
from stylex.models.shared.backbone import BackboneSpec
from stylex.models.training.growing import grow
from stylex.models.training.pruning import last_numbers

LARGE_SPEC = BackboneSpec(quarter=64, eighth=128, blocks=5, fine_blocks=4)
"""2.3 M parameters beside the style encoder's."""


def large_adain() -> AdaIN:
    """Returns a new large network."""
    return AdaIN(LARGE_SPEC)


@torch.no_grad()
def grown_adain(small: AdaIN, photos: Tensor) -> AdaIN:
    """Returns a large network that paints at full strength what a trained smaller one paints.

    New modulation sites begin with what photos have there on average, so that other strengths change little too.

    Args:
        photos: RGB (B, 3, H + 4, W + 4) in [0, 1].
    """
    network = large_adain()
    grow(small.backbone, network.backbone)
    learnt, code = small.style.state_dict(), network.style.code
    new = {name: value for name, value in network.style.state_dict().items() if name.startswith("code.")}
    network.style.load_state_dict(learnt | new)
    code.bias.copy_(_average(network, photos))
    for old, new_numbers in zip(
        last_numbers(small.spec, small.spec), last_numbers(network.spec, small.spec), strict=True
    ):
        rows = new_numbers[: len(old)]
        code.weight[rows], code.bias[rows] = learnt["code.weight"][old], learnt["code.bias"][old]
    return network


def _average(network: AdaIN, photos: Tensor) -> Tensor:
    """Returns what `as_code` makes the average deviation and mean of photos at each site of."""
    codes = photos.new_zeros(len(photos), network.code_size)
    network.palette_mapped = False
    statistics = network.paint(photos, codes, 0.0).statistics.mean(0)
    network.palette_mapped = True
    parts = torch.split(statistics, twice(network.spec.sites))
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return torch.cat([x for mean, std in pairs for x in (std.expm1().log() - SIGMA_AT_ZERO, mean)])
