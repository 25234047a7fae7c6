"""The generator of CycleGAN (Zhu et al. 2017), with the published parameter names.

Its layers are numbered, so that a parameter is called `model.10.conv_block.1.weight`. Nine residual blocks are what the
paper takes for pictures of 256 pixels and more (11.4 M parameters), six for smaller ones.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from stylex.models.shared.published_network import PublishedSingleStyle

WIDTH = 64
SATURATED = 4.0
"""tanh of this is within a tenth of a grey level of 1. What lies beyond is cut off, so that the 8-bit steps in front of
the tanh are spent where it still rises."""


class ResnetBlock(nn.Module):
    """Two normalized 3x3 convolutions, and the input added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            *(nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels), nn.ReLU()),
            *(nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        changed: Tensor = self.conv_block(x)
        return x + changed


class ResnetGenerator(PublishedSingleStyle):
    """Photo to painting, or back.

    Args:
        blocks: residual blocks.
    """

    multiple = 4
    """Two convolutions halve the picture, two transposed ones double it."""
    smallest = 16
    """The 7x7 convolutions reflect 3 pixels, those of the blocks 1 at a quarter of the size."""

    def __init__(self, blocks: int = 9) -> None:
        super().__init__()
        narrow, middle, wide = WIDTH, 2 * WIDTH, 4 * WIDTH
        self.model = nn.Sequential(
            *(nn.ReflectionPad2d(3), *_normalized(nn.Conv2d(3, narrow, 7), narrow)),
            *_normalized(nn.Conv2d(narrow, middle, 3, 2, 1), middle),
            *_normalized(nn.Conv2d(middle, wide, 3, 2, 1), wide),
            *(ResnetBlock(wide) for _ in range(blocks)),
            *_normalized(nn.ConvTranspose2d(wide, middle, 3, 2, 1, 1), middle),
            *_normalized(nn.ConvTranspose2d(middle, narrow, 3, 2, 1, 1), narrow),
            *(nn.ReflectionPad2d(3), nn.Conv2d(narrow, 3, 7), nn.Tanh()),
        )

    def paint(self, picture: Tensor) -> Tensor:
        """The published network: colours in -1..1, (B, 3, H, W) to the same."""
        painted: Tensor = self.model(picture)
        return painted

    def forward(self, content: Tensor) -> Tensor:
        """Paint pictures: RGB (B, 3, H, W) in [0, 1] to the same; H and W are multiples of `multiple`."""
        return (self.paint(2 * content - 1) + 1) / 2

    def folded(self) -> nn.Module:
        """The module to export."""
        return RgbResnetGenerator(self)


class RgbResnetGenerator(nn.Module):
    """The same as `ResnetGenerator.forward`: the range of the photo is folded into the first convolution.

    The convolution reflects the borders, so that the offset is the same everywhere.
    """

    def __init__(self, network: ResnetGenerator) -> None:
        super().__init__()
        self.model = nn.Sequential(*list(copy.deepcopy(network.model).children())[:-1])
        first = self.model[1]
        assert isinstance(first, nn.Conv2d) and first.bias is not None
        first.bias.data -= first.weight.data.sum((1, 2, 3))
        first.weight.data *= 2

    def forward(self, content: Tensor) -> Tensor:
        """See `ResnetGenerator.forward`; less than a tenth of a grey level is cut off, see `SATURATED`."""
        x: Tensor = self.model(content)
        return (torch.tanh(x.clamp(-SATURATED, SATURATED)) + 1) / 2


def _normalized(convolution: nn.Module, channels: int) -> list[nn.Module]:
    return [convolution, nn.InstanceNorm2d(channels), nn.ReLU()]
