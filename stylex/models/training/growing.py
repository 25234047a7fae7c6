"""Net2Net: a trunk with more channels and blocks that paints what the trained one paints (Chen et al. 2016).

New channels are read by weights of zero, and new blocks add nothing, until training finds a use for them. New blocks
stand in front of the old ones of their resolution: their modulation sites rescale each channel, which the next site of
the same stream takes back.
"""

from __future__ import annotations

import torch
from torch import Tensor

from stylex.models.shared.backbone import ResidualBlock, Trunk
from stylex.models.training.pruning import deeper_name


@torch.no_grad()
def grow(trunk: Trunk, larger: Trunk) -> None:
    """Gives a new trunk what a trained one has learnt, in place.

    Args:
        trunk: without features at 1/16.
        larger: a new one, no narrower and no shallower.
    """
    state = larger.state_dict()
    for block in (*larger.coarse, *larger.fine):
        assert isinstance(block, ResidualBlock)
        for parameter in block.second.parameters():
            parameter.zero_()
    for name, learnt in trunk.state_dict().items():
        fill(state[deeper_name(name, larger.spec, trunk.spec)], learnt)


@torch.no_grad()
def fill(parameter: Tensor, learnt: Tensor) -> None:
    """Writes a smaller weight (O, I, ...) or bias (O,) into a larger one; the old outputs read no new input."""
    outputs = slice(len(learnt))
    if learnt.ndim > 1:
        parameter[outputs] = 0
        parameter[outputs, : learnt.shape[1]] = learnt
    else:
        parameter[outputs] = learnt
