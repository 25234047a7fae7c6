"""TransformerNet, one small network a style (Johnson et al. 2016), with the published parameter names.

The network is that of the paper's supplement as PyTorch's examples publish it: instance normalization (Ulyanov et al.
2016) in place of batch normalization, and a nearest-neighbour resize and a convolution in place of each transposed one
(Odena et al. 2016). 1.68 M parameters.
"""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.models.shared.published_network import PublishedSingleStyle

PEAK = 255.0
"""Largest value of the pictures that the network takes and gives."""
BLOCKS = 5


class EarlyNorm(nn.Module):
    """Instance normalization as the first checkpoints have it: `scale`, `shift` and an epsilon of 1e-9."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        return F.instance_norm(x, weight=self.scale, bias=self.shift, eps=1e-9)


def _norm(channels: int, early: bool) -> nn.Module:
    return EarlyNorm(channels) if early else nn.InstanceNorm2d(channels, affine=True)


class ReflectedConv(nn.Module):
    """A convolution behind a reflecting pad of half its kernel, and a resize before both where `upsample` is not 1."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, upsample: int = 1) -> None:
        super().__init__()
        self.upsample, self.pad = upsample, kernel // 2
        self.conv2d = nn.Conv2d(inputs, outputs, kernel, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Features (B, C, H, W)."""
        if self.upsample > 1:
            x = F.interpolate(x, scale_factor=self.upsample, mode="nearest")
        convolved: Tensor = self.conv2d(F.pad(x, [self.pad] * 4, mode="reflect"))
        return convolved


class ResidualBlock(nn.Module):
    """Two normalized 3x3 convolutions, and the input added."""

    def __init__(self, channels: int, early: bool) -> None:
        super().__init__()
        self.conv1, self.in1 = ReflectedConv(channels, channels, 3), _norm(channels, early)
        self.conv2, self.in2 = ReflectedConv(channels, channels, 3), _norm(channels, early)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        changed: Tensor = self.in2(self.conv2(F.relu(self.in1(self.conv1(x)))))
        return x + changed


class TransformerNet(PublishedSingleStyle):
    """The network of fast-neural-style.

    Args:
        early: as its first author published it, before it came to PyTorch's examples: BGR instead of RGB, and
            normalization parameters of other names.
    """

    multiple = 4
    """Two convolutions halve the picture, two resizes double it."""
    smallest = 16
    """The 9x9 convolutions reflect 4 pixels, those of the blocks 1 at a quarter of the size."""

    def __init__(self, early: bool = False) -> None:
        super().__init__()
        self.early = early
        self.conv1, self.in1 = ReflectedConv(3, 32, 9), _norm(32, early)
        self.conv2, self.in2 = ReflectedConv(32, 64, 3, 2), _norm(64, early)
        self.conv3, self.in3 = ReflectedConv(64, 128, 3, 2), _norm(128, early)
        for i in range(1, BLOCKS + 1):
            self.add_module(f"res{i}", ResidualBlock(128, early))
        self.deconv1, self.in4 = ReflectedConv(128, 64, 3, upsample=2), _norm(64, early)
        self.deconv2, self.in5 = ReflectedConv(64, 32, 3, upsample=2), _norm(32, early)
        self.deconv3 = ReflectedConv(32, 3, 9)

    def paint(self, picture: Tensor) -> Tensor:
        """The published network: colours in 0..255, (B, 3, H, W) to the same, not clamped."""
        x = F.relu(self.in1(self.conv1(picture)))
        x = F.relu(self.in2(self.conv2(x)))
        x = F.relu(self.in3(self.conv3(x)))
        for i in range(1, BLOCKS + 1):
            x = self.get_submodule(f"res{i}")(x)
        x = F.relu(self.in4(self.deconv1(x)))
        x = F.relu(self.in5(self.deconv2(x)))
        painted: Tensor = self.deconv3(x)
        return painted

    def forward(self, content: Tensor) -> Tensor:
        """Paint pictures: RGB (B, 3, H, W) in [0, 1] to the same; H and W are multiples of `multiple`."""
        painted = self.paint(PEAK * (content.flip(1) if self.early else content)).clamp(0.0, PEAK) / PEAK
        return painted.flip(1) if self.early else painted

    def folded(self) -> nn.Module:
        """The module to export."""
        return RgbTransformerNet(self)


class RgbTransformerNet(nn.Module):
    """The same as `TransformerNet.forward`: the range of its pictures and BGR are folded into the outer convolutions.

    It saves two passes over the picture, and at INT8 the first convolution reads the bytes of the photo themselves.
    """

    def __init__(self, network: TransformerNet) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)
        first, last = self.network.conv1.conv2d, self.network.deconv3.conv2d
        assert last.bias is not None
        first.weight.data *= PEAK
        if network.early:
            first.weight.data = first.weight.data.flip(1)
            last.weight.data, last.bias.data = last.weight.data.flip(0), last.bias.data.flip(0)

    def forward(self, content: Tensor) -> Tensor:
        """See `TransformerNet.forward`."""
        return self.network.paint(content).clamp(0.0, PEAK) / PEAK
