"""Distributions of pixels and activations: quantiles along projections, and how far two of them lie apart.

Means and deviations of channels leave the palette free: a band of green and one of pink cancel out. The sliced
Wasserstein distance (Heitz et al. 2021, equation 3) doesn't: it compares the sorted values along directions in the
space of channels. The directions are fixed here, so that the quantiles of a style can be prepared once.
"""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from torch import Tensor

DIRECTIONS = 32
QUANTILES = 64
MOST_POSITIONS = 2304
"""Positions that are taken at most; larger maps are thinned to every n-th, from a random one on."""

Quantiles = dict[str, Tensor]
"""Mean of each of `QUANTILES` equal slices of the sorted values, (B, `DIRECTIONS`, `QUANTILES`), by layer name."""


@functools.cache
def directions(channels: int) -> Tensor:
    """Returns fixed unit vectors in the space of so many channels, (`DIRECTIONS`, channels), float32."""
    generator = torch.Generator().manual_seed(channels)
    return F.normalize(torch.randn(DIRECTIONS, channels, generator=generator), dim=1)


def quantiles(x: Tensor, generator: torch.Generator | None = None, most: int = MOST_POSITIONS) -> Tensor:
    """Returns the quantiles of maps along fixed directions.

    Args:
        x: (B, C, H, W), at least `QUANTILES` positions.
        generator: chooses where the positions of large maps begin; None for the first one.
        most: positions that are taken.

    Returns:
        (B, `DIRECTIONS`, `QUANTILES`) float32; the gradient reaches every position that was taken.
    """
    x = _thinned(x, generator, most)
    with torch.autocast(x.device.type, enabled=False):
        values = directions(x.shape[1]).to(x.device) @ x.float().flatten(2)
    each = values.shape[2] // QUANTILES
    assert each, f"{tuple(x.shape)} has fewer than {QUANTILES} positions"
    ordered = values.sort(-1).values[:, :, : each * QUANTILES]
    return ordered.reshape(*ordered.shape[:2], QUANTILES, each).mean(-1)


def _thinned(x: Tensor, generator: torch.Generator | None, most: int) -> Tensor:
    step = 1
    while x.shape[2] * x.shape[3] / step**2 > most:
        step += 1
    top, left = torch.randint(0, step, (2,), generator=generator).tolist() if generator else (0, 0)
    return x[:, :, top::step, left::step]


def distance(have: Tensor, want: Tensor) -> Tensor:
    """Returns the squared distance of quantiles (B, P, Q), relative to the wanted ones' own size; (B,)."""
    return (have - want).square().mean((1, 2)) / want.square().mean((1, 2))
