"""MicroAST (Wang et al. 2023): two small encoders, and a decoder whose statistics and filters the style modulates.

No VGG is needed to paint. The code of a style is what its side of the network comes down to: at each of two levels the
mean and the standard deviation of its features, and one factor and one offset per channel for the filters. 0.47 M
parameters in four files, 0.31 M of them at work for a style that is already encoded.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.models.shared.adaptive_norm import chosen_statistics, restyle, sample_statistics
from stylex.models.shared.published_network import PublishedArbitraryStyle

WIDTH = 64
"""Channels at 1/4 resolution."""
FAINT = 1e-6
"""Added to every mask where shares of styles are taken, so that they exist where no style applies."""


class ReflectedConv(nn.Module):
    """A convolution behind a reflecting pad of half its kernel."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.pad = kernel // 2
        self.conv_layer = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """Returns features (B, C, H, W)."""
        padded = F.pad(x, [self.pad] * 4, mode="reflect") if self.pad else x
        convolved: Tensor = self.conv_layer(padded)
        return convolved


class ResidualLayer(nn.Module):
    """Two 3x3 convolutions, and the input added."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = ReflectedConv(WIDTH, WIDTH, 3), ReflectedConv(WIDTH, WIDTH, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Converts (B, C, H, W) to the same."""
        changed: Tensor = self.conv2(F.relu(self.conv1(x)))
        return x + changed

    def modulated(self, x: Tensor, factor: Tensor, offset: Tensor) -> Tensor:
        """Returns the same with the style's filters: each convolution times `factor`, plus its input times `offset`."""
        inner = F.relu(factor * self.conv1(x) + offset * x)
        changed: Tensor = factor * self.conv2(inner) + offset * inner
        return x + changed


class MicroEncoder(nn.Module):
    """RGB (B, 3, H, W) in [0, 1] to features at two levels, both (B, 64, H/4, W/4); photo and style have one each."""

    def __init__(self) -> None:
        super().__init__()
        widths = (WIDTH // 4, WIDTH // 2, WIDTH)
        layers: list[nn.Module] = [ReflectedConv(3, widths[0], 9), nn.ReLU()]
        for inputs, outputs in pairwise(widths):
            layers += [ReflectedConv(inputs, outputs, 3, 2, inputs), nn.ReLU()]
            layers += [ReflectedConv(outputs, outputs, 1), nn.ReLU()]
        self.enc1 = nn.Sequential(*layers, ResidualLayer())
        self.enc2 = nn.Sequential(ResidualLayer())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Returns features of the first and of the second level."""
        first = self.enc1(x)
        return first, self.enc2(first)


class Modulator(nn.Module):
    """Features of a style to the factors and offsets of the decoder's filters."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("weight1", "bias1", "weight2", "bias2"):
            self.add_module(name, nn.Sequential(ReflectedConv(WIDTH, WIDTH, 3, groups=WIDTH), nn.AdaptiveAvgPool2d(1)))

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Returns factor and offset of the first level, then of the second, (B, 256)."""
        parts = {"weight1": first, "bias1": first, "weight2": second, "bias2": second}
        return torch.cat([self.get_submodule(name)(x).flatten(1) for name, x in parts.items()], 1)


class MicroDecoder(nn.Module):
    """Two modulated layers, and the way up to RGB."""

    def __init__(self) -> None:
        super().__init__()
        self.dec1, self.dec2 = ResidualLayer(), ResidualLayer()
        widths = (WIDTH, WIDTH // 2, WIDTH // 4)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers.append(nn.Upsample(scale_factor=2, mode="bilinear"))
            layers += [ReflectedConv(inputs, outputs, 3, groups=outputs), nn.ReLU()]
            layers += [ReflectedConv(outputs, outputs, 1), nn.ReLU()]
        self.dec3 = nn.Sequential(*layers, ReflectedConv(widths[-1], 3, 9))


class MicroAST(PublishedArbitraryStyle):
    """The published encoders, modulator and decoder."""

    multiple = 8
    """Two convolutions halve the picture; masks are kept at 1/8, as everywhere."""
    smallest = 16
    """The 9x9 convolutions reflect 4 pixels, those at a quarter of the size 1."""
    code_size, statistics_size = 8 * WIDTH, 4 * WIDTH

    def __init__(self, content: MicroEncoder, style: MicroEncoder, modulator: Modulator, decoder: MicroDecoder) -> None:
        super().__init__()
        self.content, self.style, self.modulator, self.decoder = content, style, modulator, decoder

    def encode(self, style: Tensor) -> Tensor:
        """Returns the code of a style: RGB (1, 3, H, W) in [0, 1] to statistics and filters of both levels (1, 512)."""
        first, second = self.style(style)
        return torch.cat((sample_statistics(first), sample_statistics(second), self.modulator(first, second)), 1)

    def forward(
        self, content: Tensor, codes: Tensor, masks: Tensor, frozen: Tensor, freeze: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Paints a picture, see `PublishedArbitraryStyle.forward`.

        As in the paper, strength reaches the statistics alone: the filters are the style's at every strength. Several
        styles share them as their masks say.
        """
        masks = F.interpolate(masks, scale_factor=2, mode="nearest")
        weights = (masks + FAINT) / (masks + FAINT).sum(0, keepdim=True)
        first, second, *filters = torch.split(codes, [2 * WIDTH, 2 * WIDTH, WIDTH, WIDTH, WIDTH, WIDTH], 1)
        factor1, offset1, factor2, offset2 = (_mixed(v, weights) for v in filters)
        _, x = self.content(content)
        of_second = sample_statistics(x)
        x = restyle(x, second, masks, chosen_statistics(of_second, frozen[:, : 2 * WIDTH], freeze))
        x = self.decoder.dec1.modulated(x, factor2, offset2)
        of_first = sample_statistics(x)
        x = restyle(x, first, masks, chosen_statistics(of_first, frozen[:, 2 * WIDTH :], freeze))
        x = self.decoder.dec2.modulated(x, factor1, offset1)
        return self.decoder.dec3(x).clamp(0, 1), torch.cat((of_second, of_first), 1)


def _mixed(values: Tensor, weights: Tensor) -> Tensor:
    """Returns one value per channel and style (K, C), and the styles' shares (K, 1, H, W), to (1, C, H, W)."""
    flat = weights.flatten(2).permute(1, 2, 0)  # (1, H*W, K)
    mixed = (flat @ values).transpose(1, 2)
    return mixed.reshape(1, values.shape[1], *weights.shape[2:])
