"""Structured pruning: a trunk with fewer channels and blocks, made of a trained one (Li et al. 2017).

Filters are ranked by the L1 norm of their weights, and a residual stream keeps the same channels in every convolution
that writes to it or reads from it. Of the blocks, the last ones stay. What is lost is learnt back by distillation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from stylex.models.shared.arbitrary_style import twice
from stylex.models.shared.backbone import BackboneSpec, ResidualBlock, Trunk


@dataclass(frozen=True)
class Pruned:
    """Holds what is left of a trunk.

    Attributes:
        state: parameters of the smaller trunk by name.
        eighth, quarter: channels that are kept at the modulation sites at 1/8 and 1/4.
    """

    state: dict[str, Tensor]
    eighth: Tensor
    quarter: Tensor


@torch.no_grad()
def pruned(trunk: Trunk, spec: BackboneSpec) -> Pruned:
    """Returns a smaller trunk's parameters, taken from a trained one.

    Args:
        trunk: without features at 1/16.
        spec: of the smaller one, no wider and no deeper.
    """
    own, small = trunk.state_dict(), Trunk(_deep(trunk, spec))
    small.load_state_dict({name: own[deeper_name(name, trunk.spec, spec)] for name in small.state_dict()})
    blocks = [small.encode, *small.coarse]
    _prune([small.stem], [small.entry.conv], spec.quarter)
    _prune([small.entry.conv], [small.down.conv, small.skip], spec.quarter)
    eighth = _prune(
        [small.down.conv, *(_block(b).second for b in blocks)],
        [*(_block(b).first.conv for b in blocks), small.up.conv],
        spec.eighth,
    )
    quarter = _prune(
        [small.up.conv, small.skip, *(_block(b).second for b in small.fine)],
        [*(_block(b).first.conv for b in small.fine), small.head.conv],
        spec.quarter,
    )
    for block, width in [(b, spec.eighth) for b in blocks] + [(b, spec.quarter) for b in small.fine]:
        _prune([_block(block).first.conv], [_block(block).second], width)
    return Pruned(small.state_dict(), eighth, quarter)


def deeper_name(name: str, deep: BackboneSpec, shallow: BackboneSpec) -> str:
    """Returns the name that a parameter of a shallow trunk has in a deeper one, whose last blocks it consists of."""
    dropped = {"coarse": deep.blocks - shallow.blocks, "fine": deep.fine_blocks - shallow.fine_blocks}
    part, *rest = name.split(".")
    return ".".join([part, str(int(rest[0]) + dropped[part]), *rest[1:]]) if part in dropped else name


def last_numbers(deep: BackboneSpec, shallow: BackboneSpec) -> list[Tensor]:
    """Returns which numbers of a deep network's code belong to the sites that a shallower one has too.

    Returns:
        of each site, from the coarsest on, the places of its sigmas and those of its betas, each (C,).
    """
    numbers = torch.split(torch.arange(deep.code_size), twice(deep.sites))
    coarse, fine = numbers[: 2 * deep.blocks], numbers[2 * deep.blocks :]
    first_coarse, first_fine = 2 * (deep.blocks - shallow.blocks), 2 * (deep.fine_blocks - shallow.fine_blocks)
    return [*coarse[first_coarse:], *fine[first_fine:]]


def _deep(trunk: Trunk, spec: BackboneSpec) -> BackboneSpec:
    """Returns a specification as wide as the trunk and as deep as the smaller one."""
    return BackboneSpec(trunk.spec.quarter, trunk.spec.eighth, spec.blocks, spec.fine_blocks)


def _block(module: nn.Module) -> ResidualBlock:
    assert isinstance(module, ResidualBlock)
    return module


def _prune(writers: Sequence[nn.Conv2d], readers: Sequence[nn.Conv2d], width: int) -> Tensor:
    """Leaves the strongest channels between convolutions, in place; returns which they were, ascending."""
    written = torch.stack([conv.weight.abs().sum((1, 2, 3)) for conv in writers]).sum(0)
    read = torch.stack([conv.weight.abs().sum((0, 2, 3)) for conv in readers]).sum(0)
    kept = (written * read).topk(width).indices.sort().values
    for conv in writers:
        assert conv.bias is not None
        conv.weight, conv.bias = nn.Parameter(conv.weight[kept]), nn.Parameter(conv.bias[kept])
    for conv in readers:
        conv.weight = nn.Parameter(conv.weight[:, kept])
    return kept
