"""Channel statistics as the published networks take them, and masked modulation with them.

`stylex.models.shared.backbone` measures in one pass, with the variance of the whole population; these networks were
trained with the variance of a sample (n - 1) and with an epsilon of their own.
"""

from __future__ import annotations

import torch
from torch import Tensor

from stylex.models.shared.backbone import flat_masks, modulate

EPSILON = 1e-5
"""Added to a channel's variance before the square root."""


def sample_statistics(x: Tensor) -> Tensor:
    """Returns the mean and standard deviation of every channel, one behind the other: (B, C, H, W) to (B, 2 C)."""
    mean = x.mean((2, 3), keepdim=True)
    variance = (x - mean).square().sum((2, 3)) / (x.shape[2] * x.shape[3] - 1)
    return torch.cat((mean.flatten(1), (variance + EPSILON).sqrt()), 1)


def chosen_statistics(measured: Tensor, frozen: Tensor, freeze: Tensor) -> Tensor:
    """Returns the statistics to use: those measured, or the frozen ones where `freeze` (1,) is 1."""
    return measured + freeze * (frozen - measured)


def normalized(x: Tensor, statistics: Tensor) -> Tensor:
    """Returns features (B, C, H, W) less their mean, over their standard deviation; `statistics` are (B, 2 C)."""
    mean, std = statistics.chunk(2, 1)
    return (x - mean[:, :, None, None]) / std[:, :, None, None]


def restyle(x: Tensor, code: Tensor, masks: Tensor, statistics: Tensor) -> Tensor:
    """Applies adaptive instance normalization under masks (Huang and Belongie 2017, equation 8).

    Args:
        x: features (1, C, H, W).
        code: mean and standard deviation of K styles, (K, 2 C).
        masks: (K, 1, H, W) in units of strength.
        statistics: of the content, (1, 2 C).

    Returns:
        (1, C, H, W).
    """
    (mean, std), (beta, sigma) = statistics.chunk(2, 1), code[None].chunk(2, 2)
    return modulate(x, sigma, beta, flat_masks(masks.transpose(0, 1)), mean, std)
