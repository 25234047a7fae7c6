"""Dead channels of a trunk are given new weights, with hardly a change of what it paints.

A rectifier that passes nothing has no gradient, and no training brings its channel back. Its convolution gets random
weights, by which it is active in half of the places; what reads it gets weights of zero there, which training moves
first, as in `stylex.models.training.growing`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from stylex.models.shared.backbone import ResidualBlock, Trunk

PHOTOS = 8
"""Photos in none of which a dead channel is active."""
ACTIVE = 0.01
"""Share of places that a channel is above zero in, in any photo, below which it counts as dead."""
FAINT = 0.1
"""Loudness of what is added to a stream, whose readers are many: pictures change a little by it."""
LIFT = 1e3
"""Lift of a channel that is measured behind its rectifier, so that all of its values pass."""


@dataclass(frozen=True)
class Rectified:
    """A rectifier between convolutions.

    Attributes:
        writer: the convolution in front.
        readers: those behind.
        stream: the writer ends the last block of a stream of which only the rectifier reads the sum.
        loudness: deviation of what is revived, as a share of what the living channels have.
    """

    writer: nn.Conv2d
    readers: Sequence[nn.Conv2d]
    stream: bool = False
    loudness: float = 1.0


@torch.no_grad()
def revive(trunk: Trunk, paint: Callable[[], object], seed: int) -> int:
    """Revives the dead channels of a trunk, in place; returns how many there were.

    Args:
        paint: runs the trunk on `PHOTOS` photos, the same ones every time.
        seed: of the new weights.
    """
    generator = torch.Generator().manual_seed(seed)
    rectified = _rectified(trunk)
    revived = 0
    for one in rectified:
        seen = _input(paint, one.readers[0])
        dead = (seen > 0).float().mean((2, 3)).amax(0) < ACTIVE
        revived += int(dead.sum())
        for reader in one.readers:
            reader.weight[:, dead] = 0
        bias = one.writer.bias
        assert bias is not None
        if not one.stream:
            drawn = torch.randn(one.writer.weight[dead].shape, generator=generator)
            one.writer.weight[dead] = drawn.to(one.writer.weight)
            bias[dead] = 0
        lift = LIFT * dead.to(bias)
        bias += lift
        std, mean = torch.std_mean(_input(paint, one.readers[0]), (0, 2, 3))
        bias -= lift
        mean = mean - lift
        if not one.stream:
            scale = one.loudness * (std[~dead].median() if bool((~dead).any()) else 1) / std[dead].clamp(min=1e-6)
            one.writer.weight[dead] *= scale[:, None, None, None]
            mean[dead] *= scale
        bias[dead] -= mean[dead]
    return revived


def _rectified(trunk: Trunk) -> list[Rectified]:
    blocks = [block for block in trunk.modules() if isinstance(block, ResidualBlock)]
    coarse, fine = trunk.coarse[-1], trunk.fine[-1]
    assert isinstance(coarse, ResidualBlock) and isinstance(fine, ResidualBlock)
    return [
        Rectified(trunk.stem, [trunk.entry.conv]),
        Rectified(trunk.entry.conv, [trunk.down.conv, trunk.skip]),
        Rectified(trunk.down.conv, [trunk.encode.first.conv], loudness=FAINT),
        *(Rectified(block.first.conv, [block.second]) for block in blocks),
        Rectified(coarse.second, [trunk.up.conv], stream=True),
        Rectified(fine.second, [trunk.head.conv], stream=True),
    ]


def _input(paint: Callable[[], object], reader: nn.Conv2d) -> Tensor:
    """Returns what a convolution is given, (B, C, H, W) float32, while the trunk paints."""
    seen: list[Tensor] = []
    hook = reader.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].float()))
    try:
        paint()
    finally:
        hook.remove()
    return seen[0]
