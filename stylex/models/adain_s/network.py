"""The small network for arbitrary styles: `AdaIN` with two thirds of the channels and half of the sites."""

from __future__ import annotations

import torch
from torch import Tensor

from stylex.models.adain.network import AdaIN
from stylex.models.shared.backbone import BackboneSpec
from stylex.models.training.pruning import Pruned, last_numbers, pruned

SMALL_SPEC = BackboneSpec(quarter=32, eighth=64, blocks=2, fine_blocks=1)
"""0.31 M parameters beside the style encoder's."""


def small_adain() -> AdaIN:
    """Returns a new small network."""
    return AdaIN(SMALL_SPEC)


@torch.no_grad()
def pruned_adain(teacher: AdaIN) -> AdaIN:
    """Returns the small network that is left of a trained one; its encoder reads a style as the teacher's does."""
    network, left = small_adain(), pruned(teacher.backbone, SMALL_SPEC)
    network.backbone.load_state_dict(left.state)
    style = teacher.style.state_dict()
    rows = _rows(teacher.spec, left)
    style |= {name: style[name][rows] for name in ("code.weight", "code.bias")}
    network.style.load_state_dict(style)
    return network


def _rows(spec: BackboneSpec, left: Pruned) -> Tensor:
    """Returns which numbers of the teacher's code are left: those of the last sites' channels."""
    numbers, coarse = last_numbers(spec, SMALL_SPEC), 2 * SMALL_SPEC.blocks
    return torch.cat([n[left.eighth] for n in numbers[:coarse]] + [n[left.quarter] for n in numbers[coarse:]])
