"""Networks of other numbers of channels than three, and normalization by running statistics, folded into convolutions.

Channels mean what Pillow's modes of that many mean: grey; grey and alpha; RGB; RGBA. The photo is opaque.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

MOST_CHANNELS = 4
GREY = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601), as Pillow's mode "L" has them."""


@dataclass(frozen=True)
class Normalization:
    """The kind of normalization that the parameters of a network show.

    Attributes:
        affine: it has a weight and a bias.
        statistics: it has running statistics, and in evaluation normalizes by them: batch normalization, or instance
            normalization that tracks them.
    """

    affine: bool = True
    statistics: bool = False

    def layer(self, channels: int) -> nn.Module:
        """Returns the layer for so many channels."""
        if not self.statistics:
            return nn.InstanceNorm2d(channels, affine=self.affine)
        layer = nn.BatchNorm2d(channels, affine=self.affine)
        layer.num_batches_tracked = None  # a counter of training, which is no part of the network
        layer.track_running_stats = False  # with it, loading makes that counter anew; evaluation doesn't ask for it
        return layer


def from_rgb(picture: Tensor, channels: int) -> Tensor:
    """Returns an RGB picture (B, 3, H, W) in [0, 1] in so many channels."""
    weights, offset = _mixture(channels)
    return torch.einsum("bchw,ic->bihw", picture, weights) + offset[:, None, None]


def to_rgb(painted: Tensor) -> Tensor:
    """Returns a picture (B, 1 to 4, H, W) as RGB (B, 3, H, W); its alpha is left out."""
    return painted[:, _colours(painted.shape[1])]


def _mixture(channels: int) -> tuple[Tensor, Tensor]:
    """Returns weights (channels, 3) and offsets (channels,) that make the channels of red, green and blue."""
    colours = torch.eye(3) if channels > 2 else torch.tensor([GREY])
    alpha = channels in (2, MOST_CHANNELS)
    weights = torch.cat([colours, torch.zeros(int(alpha), 3)])
    return weights, torch.tensor([0.0] * len(colours) + [1.0] * alpha)


def _colours(channels: int) -> list[int]:
    return [0, 1, 2] if channels > 2 else [0, 0, 0]


def fold_input(first: nn.Conv2d, scale: float, offset: float = 0.0) -> nn.Conv2d:
    """Returns a network's first convolution for RGB in [0, 1]; it took `scale` times its channels plus `offset`.

    The convolution must reflect the borders, so that the offset is the same everywhere.
    """
    weights, constant = (part.double() for part in _mixture(first.in_channels))
    weight, bias = _parameters(first)
    bias = bias + torch.einsum("oikl,i->o", weight, scale * constant + offset)
    return _with(first, scale * torch.einsum("oikl,ic->ockl", weight, weights), bias)


def fold_output(last: nn.Conv2d) -> nn.Conv2d:
    """Returns a network's last convolution so that it gives RGB."""
    weight, bias = _parameters(last)
    colours = _colours(last.out_channels)
    return _with(last, weight[colours], bias[colours])


def fold_norm(convolution: nn.Conv2d | nn.ConvTranspose2d, norm: nn.Module) -> nn.Module:
    """Folds a normalization by running statistics into the convolution before it, in place.

    Returns:
        the normalization that is left: none, or `norm` itself where it measures its statistics on the picture.
    """
    if not isinstance(norm, nn.BatchNorm2d):
        return norm
    assert norm.running_mean is not None and norm.running_var is not None
    weight, bias = _parameters(convolution)
    scale = (norm.running_var.double() + norm.eps).rsqrt() * (1.0 if norm.weight is None else norm.weight.double())
    shift = 0.0 if norm.bias is None else norm.bias.double()
    spread = scale[None, :, None, None] if isinstance(convolution, nn.ConvTranspose2d) else scale[:, None, None, None]
    bias = (bias - norm.running_mean.double()) * scale + shift
    convolution.weight, convolution.bias = _frozen(weight * spread), _frozen(bias)
    return nn.Identity()


def _parameters(convolution: nn.Conv2d | nn.ConvTranspose2d) -> tuple[Tensor, Tensor]:
    """Returns weight and bias in double precision; a bias that is missing is zero."""
    weight = convolution.weight.detach().double()
    bias = convolution.bias
    return weight, weight.new_zeros(convolution.out_channels) if bias is None else bias.detach().double()


def _with(convolution: nn.Conv2d, weight: Tensor, bias: Tensor) -> nn.Conv2d:
    """Returns an unpadded convolution of the same kernel with other parameters."""
    outputs, inputs, *kernel = weight.shape
    made = nn.Conv2d(inputs, outputs, (kernel[0], kernel[1]), (convolution.stride[0], convolution.stride[1]))
    made.weight, made.bias = _frozen(weight), _frozen(bias)
    return made


def _frozen(value: Tensor) -> nn.Parameter:
    return nn.Parameter(value.float().contiguous(), requires_grad=False)
