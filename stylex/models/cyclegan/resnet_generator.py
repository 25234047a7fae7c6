"""The generator of CycleGAN (Zhu et al. 2017), with the published parameter names.

Its layers are numbered, so that a parameter is called `model.10.conv_block.1.weight`. Nine residual blocks are what the
paper takes for pictures of 256 pixels and more (11.4 M parameters), six for smaller ones.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from stylex.models.shared.channels import Normalization, fold_input, fold_norm, fold_output, from_rgb, to_rgb
from stylex.models.shared.published_network import PublishedSingleStyle

WIDTH = 64
HALVINGS = 2
PLAIN = Normalization(affine=False)
SATURATED = 4.0
"""tanh of this is within a tenth of a grey level of 1. What lies beyond is cut off, so that the 8-bit steps in front of
the tanh are spent where it still rises."""


class ResnetBlock(nn.Module):
    """Two normalized 3x3 convolutions, and the input added."""

    def __init__(self, channels: int, norm: Normalization = PLAIN, bias: bool = True, dropout: bool = False) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            *(nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3, bias=bias), norm.layer(channels), nn.ReLU()),
            *[nn.Dropout(0.5)] * dropout,
            *(nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3, bias=bias), norm.layer(channels)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Converts (B, C, H, W) to the same."""
        changed: Tensor = self.conv_block(x)
        return x + changed


class ResnetGenerator(PublishedSingleStyle):
    """Photo to painting, or back.

    Args:
        blocks: residual blocks.
        width: channels at full resolution; every halving doubles them.
        inputs, outputs: channels of the pictures that it takes and gives, see `stylex.models.shared.channels`.
        halvings: convolutions that halve the picture, and transposed ones that double it.
        normalization: its kind.
        bias: whether the normalized convolutions have one.
        dropout: whether the blocks have it, which moves their second convolution by a number.
    """

    smallest = 16
    """The 7x7 convolutions reflect 3 pixels, those of the blocks 1 at a quarter of the size."""

    def __init__(
        self,
        blocks: int = 9,
        width: int = WIDTH,
        inputs: int = 3,
        outputs: int = 3,
        halvings: int = HALVINGS,
        normalization: Normalization = PLAIN,
        bias: bool = True,
        dropout: bool = False,
    ) -> None:
        super().__init__()
        self.multiple = 2**halvings
        self.smallest = max(type(self).smallest, 2 * self.multiple)
        widths = [width * 2**i for i in range(halvings + 1)]

        def normalized(convolution: nn.Module, channels: int) -> list[nn.Module]:
            return [convolution, normalization.layer(channels), nn.ReLU()]

        layers = [nn.ReflectionPad2d(3), *normalized(nn.Conv2d(inputs, width, 7, bias=bias), width)]
        for c in widths[:-1]:
            layers += normalized(nn.Conv2d(c, 2 * c, 3, 2, 1, bias=bias), 2 * c)
        layers += [ResnetBlock(widths[-1], normalization, bias, dropout) for _ in range(blocks)]
        for c in reversed(widths[:-1]):
            layers += normalized(nn.ConvTranspose2d(2 * c, c, 3, 2, 1, 1, bias=bias), c)
        self.model = nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, outputs, 7), nn.Tanh())

    @staticmethod
    def arguments(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
        """Returns the arguments that parameters of these shapes show; those that they don't show are left out."""
        first = shapes.get("model.1.weight", ())
        numbers = {int(match[1]) for name in shapes if (match := re.match(r"model\.(\d{1,3})\.conv_block\.", name))}
        if len(first) != 4 or not numbers:
            return {}
        start = min(numbers)
        last = max((int(m[1]) for name in shapes if (m := re.fullmatch(r"model\.(\d{1,3})\.bias", name))), default=0)
        return {
            "blocks": len(numbers),
            "width": first[0],
            "inputs": first[1],
            "outputs": shapes.get(f"model.{last}.bias", (3,))[0],
            "halvings": max(0, start - 4) // 3,
            "normalization": Normalization("model.2.weight" in shapes, "model.2.running_mean" in shapes),
            "bias": "model.1.bias" in shapes,
            "dropout": len(shapes.get(f"model.{start}.conv_block.6.weight", ())) == 4,  # else a normalization
        }

    def paint(self, picture: Tensor) -> Tensor:
        """Returns the published network: colours in -1..1, (B, inputs, H, W) to (B, outputs, H, W)."""
        painted: Tensor = self.model(picture)
        return painted

    def forward(self, content: Tensor) -> Tensor:
        """Paints pictures: RGB (B, 3, H, W) in [0, 1] to the same; H and W are multiples of `multiple`."""
        first = self.model[1]
        assert isinstance(first, nn.Conv2d)
        return (to_rgb(self.paint(2 * from_rgb(content, first.in_channels) - 1)) + 1) / 2

    def folded(self) -> nn.Module:
        """Returns the module to export."""
        return RgbResnetGenerator(self)


class RgbResnetGenerator(nn.Module):
    """The same as `ResnetGenerator.forward`: the range of the photo is folded into the first convolution.

    The convolution reflects the borders, so that the offset is the same everywhere.
    """

    def __init__(self, network: ResnetGenerator) -> None:
        super().__init__()
        layers = list(copy.deepcopy(network.model).children())[:-1]  # without the tanh
        first, last = layers[1], layers[-1]
        assert isinstance(first, nn.Conv2d) and isinstance(last, nn.Conv2d)
        layers[1], layers[-1] = fold_input(first, 2.0, -1.0), fold_output(last)
        self.model = _without_statistics(nn.Sequential(*layers))
        for block in self.model:
            if isinstance(block, ResnetBlock):
                _without_statistics(block.conv_block)

    def forward(self, content: Tensor) -> Tensor:
        """See `ResnetGenerator.forward`; less than a tenth of a grey level is cut off, see `SATURATED`."""
        x: Tensor = self.model(content)
        return (torch.tanh(x.clamp(-SATURATED, SATURATED)) + 1) / 2


def _without_statistics(layers: nn.Sequential) -> nn.Sequential:
    """Returns the same layers after running statistics were folded into the convolutions before them."""
    for place in range(1, len(layers)):
        before = layers[place - 1]
        if isinstance(before, (nn.Conv2d, nn.ConvTranspose2d)):
            layers[place] = fold_norm(before, layers[place])
    return layers
