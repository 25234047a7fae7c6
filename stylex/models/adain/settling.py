"""A new style encoder is settled on paintings, so that it tells styles apart from the first step.

As it is initialized, what it measures of one painting is nearly what it measures of any other: half of the units behind
are on for all styles and half are off, and a hundred steps of training leave codes of a single dimension. Layer after
layer is brought to the same mean and deviation over a batch instead (LSUV, Mishkin and Matas 2016).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.models.adain.network import StyleEncoder
from stylex.models.shared.arbitrary_style import style_statistics
from stylex.models.shared.backbone import channel_statistics

SPREAD = 0.25
"""Deviation of a number in the description of a style over styles: steps of a usual size move codes gently then."""
LEAST = 1e-3
"""Deviation that nothing is scaled up from below."""


@torch.no_grad()
def settle(encoder: StyleEncoder, styles: Tensor) -> None:
    """Scales and shifts an encoder's layers, in place.

    Args:
        encoder: a new one.
        styles: paintings, RGB (B, 3, H, W) in [0, 1], at least 64x64 and two of them.
    """
    x, found = styles, []
    for enter, refine in zip(encoder.enter, encoder.refine, strict=True):
        x = F.relu(_centred(enter, x))
        x = x + F.relu(_centred(refine, x))
        scale = SPREAD / _spread(x).clamp(min=LEAST)
        _scale(enter, scale)
        _scale(refine, scale)
        assert isinstance(refine, nn.Conv2d)
        refine.weight /= scale[:, None, None]
        x = x * scale[:, None, None]
        found.append(x)
    _centred(encoder.hidden, style_statistics(found))


def _centred(layer: nn.Module, x: Tensor) -> Tensor:
    """Gives what a layer makes of x a mean of 0 and a deviation of 1 in every channel; returns it."""
    assert isinstance(layer, (nn.Conv2d, nn.Linear)) and layer.bias is not None
    axes = [axis for axis in range(x.ndim) if axis != 1]
    std, mean = torch.std_mean(layer(x), axes)
    scale = 1 / std.clamp(min=LEAST)
    _scale(layer, scale)
    layer.bias -= mean * scale
    found: Tensor = layer(x)
    return found


def _scale(layer: nn.Module, scale: Tensor) -> None:
    """Multiplies what a layer writes, channel by channel."""
    assert isinstance(layer, (nn.Conv2d, nn.Linear)) and layer.bias is not None
    layer.weight *= scale.view(-1, *[1] * (layer.weight.ndim - 1))
    layer.bias *= scale


def _spread(x: Tensor) -> Tensor:
    """Returns how far the mean and deviation of a channel differ between pictures, (C,)."""
    mean, std = channel_statistics(x)
    return (std.std(0) + mean.std(0)) / 2
