"""The classical networks, as their papers describe them, for timing; seeded weights, no checkpoint."""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def reflecting(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """A convolution behind a reflecting pad of half its kernel."""
    return nn.Sequential(nn.ReflectionPad2d(kernel // 2), nn.Conv2d(inputs, outputs, kernel, stride))


class Residual(nn.Module):
    """Two 3x3 convolutions with instance normalization, and the input added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            reflecting(channels, channels, 3),
            nn.InstanceNorm2d(channels, affine=True),
            nn.ReLU(),
            reflecting(channels, channels, 3),
            nn.InstanceNorm2d(channels, affine=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        result: Tensor = x + self.body(x)
        return result


class TransformerNet(nn.Module):
    """Johnson et al. 2016 with resize convolutions and instance normalization, 1.68 M parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *self._layer(3, 32, 9),
            *self._layer(32, 64, 3, 2),
            *self._layer(64, 128, 3, 2),
            *(Residual(128) for _ in range(5)),
            nn.Upsample(scale_factor=2),
            *self._layer(128, 64, 3),
            nn.Upsample(scale_factor=2),
            *self._layer(64, 32, 3),
            reflecting(32, 3, 9),
        )

    @staticmethod
    def _layer(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
        return [reflecting(inputs, outputs, kernel, stride), nn.InstanceNorm2d(outputs, affine=True), nn.ReLU()]

    def forward(self, content: Tensor) -> Tensor:
        """RGB 0..255 (B, 3, H, W) to the same."""
        result: Tensor = self.body(content)
        return result


class VggAdaIN(nn.Module):
    """Huang and Belongie 2017: VGG-19 up to relu4_1, AdaIN, mirrored decoder, 7 M parameters.

    The statistics of the style's relu4_1 are an input: a style is encoded once, a photo every time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 3, 1),
            *self._convolutions(3, 64, 64),
            nn.MaxPool2d(2),
            *self._convolutions(64, 128, 128),
            nn.MaxPool2d(2),
            *self._convolutions(128, 256, 256, 256, 256),
            nn.MaxPool2d(2),
            *self._convolutions(256, 512),
        )
        self.decoder = nn.Sequential(
            *self._convolutions(512, 256),
            nn.Upsample(scale_factor=2),
            *self._convolutions(256, 256, 256, 256, 128),
            nn.Upsample(scale_factor=2),
            *self._convolutions(128, 128, 64),
            nn.Upsample(scale_factor=2),
            *self._convolutions(64, 64),
            reflecting(64, 3, 3),
        )

    @staticmethod
    def _convolutions(*widths: int) -> list[nn.Module]:
        pairs = itertools.pairwise(widths)
        return [m for i, o in pairs for m in (reflecting(i, o, 3), nn.ReLU())]

    def forward(self, content: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        """RGB (B, 3, H, W), the style's mean and standard deviation (B, 512, 1, 1), to RGB."""
        x = self.encoder(content)
        normalized = F.instance_norm(x, eps=1e-5)
        result: Tensor = self.decoder(normalized * std + mean)
        return result


def build() -> dict[str, tuple[nn.Module, dict[str, tuple[int, ...]]]]:
    """Peers by name, with the shapes of their inputs at 512x512."""
    torch.manual_seed(0)
    picture, vector = (1, 3, 512, 512), (1, 512, 1, 1)
    return {
        "TransformerNet": (TransformerNet().eval(), {"content": picture}),
        "VGG-19 AdaIN": (VggAdaIN().eval(), {"content": picture, "mean": vector, "std": vector}),
    }
