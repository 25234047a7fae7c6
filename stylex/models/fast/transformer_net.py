"""TransformerNet, one small network a style (Johnson et al. 2016), with the published parameter names.

The network is that of the paper's supplement as PyTorch's examples publish it: instance normalization (Ulyanov et al.
2016) in place of batch normalization, and a nearest-neighbour resize and a convolution in place of each transposed one
(Odena et al. 2016). 1.68 M parameters.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.models.shared.channels import Normalization, fold_input, fold_norm, fold_output, from_rgb, to_rgb
from stylex.models.shared.published_network import PublishedSingleStyle

PEAK = 255.0
"""Largest value of the pictures that the network takes and gives."""
WIDTHS = (32, 64, 128)
BLOCKS = 5
CONVOLUTIONS = ("conv1", "conv2", "conv3", "deconv1", "deconv2")
NORMS = ("in1", "in2", "in3", "in4", "in5")
"""Each stands behind the convolution of the same place; residual blocks have the first two."""
AFFINE = Normalization()


class EarlyNorm(nn.Module):
    """Instance normalization as the first checkpoints have it: `scale`, `shift` and an epsilon of 1e-9."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Converts (B, C, H, W) to the same."""
        return F.instance_norm(x, weight=self.scale, bias=self.shift, eps=1e-9)


class ReflectedConv(nn.Module):
    """A convolution behind a reflecting pad of half its kernel, and a resize before both where `upsample` is not 1."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, upsample: int = 1) -> None:
        super().__init__()
        self.upsample, self.pad = upsample, kernel // 2
        self.conv2d = nn.Conv2d(inputs, outputs, kernel, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Returns features (B, C, H, W)."""
        if self.upsample > 1:
            x = F.interpolate(x, scale_factor=self.upsample, mode="nearest")
        convolved: Tensor = self.conv2d(F.pad(x, [self.pad] * 4, mode="reflect"))
        return convolved


class ResidualBlock(nn.Module):
    """Two normalized 3x3 convolutions, and the input added."""

    def __init__(self, channels: int, norm: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.conv1, self.in1 = ReflectedConv(channels, channels, 3), norm(channels)
        self.conv2, self.in2 = ReflectedConv(channels, channels, 3), norm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Converts (B, C, H, W) to the same."""
        changed: Tensor = self.in2(self.conv2(F.relu(self.in1(self.conv1(x)))))
        return x + changed


class TransformerNet(PublishedSingleStyle):
    """The network of fast-neural-style.

    Args:
        early: as its first author published it, before it came to PyTorch's examples: BGR instead of RGB, and
            normalization parameters of other names.
        widths: channels at full, half and quarter resolution.
        blocks: residual blocks.
        inputs, outputs: channels of the pictures that it takes and gives, see `stylex.models.shared.channels`.
        normalization: its kind, unless early.
    """

    multiple = 4
    """Two convolutions halve the picture, two resizes double it."""
    smallest = 16
    """The 9x9 convolutions reflect 4 pixels, those of the blocks 1 at a quarter of the size."""

    def __init__(
        self,
        early: bool = False,
        widths: tuple[int, int, int] = WIDTHS,
        blocks: int = BLOCKS,
        inputs: int = 3,
        outputs: int = 3,
        normalization: Normalization = AFFINE,
    ) -> None:
        super().__init__()
        self.early, self.blocks = early, blocks
        norm: Callable[[int], nn.Module] = EarlyNorm if early else normalization.layer
        full, half, quarter = widths
        self.conv1, self.in1 = ReflectedConv(inputs, full, 9), norm(full)
        self.conv2, self.in2 = ReflectedConv(full, half, 3, 2), norm(half)
        self.conv3, self.in3 = ReflectedConv(half, quarter, 3, 2), norm(quarter)
        for i in range(1, blocks + 1):
            self.add_module(f"res{i}", ResidualBlock(quarter, norm))
        self.deconv1, self.in4 = ReflectedConv(quarter, half, 3, upsample=2), norm(half)
        self.deconv2, self.in5 = ReflectedConv(half, full, 3, upsample=2), norm(full)
        self.deconv3 = ReflectedConv(full, outputs, 9)

    @staticmethod
    def arguments(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
        """Returns the arguments that parameters of these shapes show; those that they don't show are left out."""
        found: dict[str, Any] = {}
        kernels = [shapes.get(f"conv{i}.conv2d.weight", ()) for i in (1, 2, 3)]
        if all(len(kernel) == 4 for kernel in kernels):
            found |= {"widths": tuple(kernel[0] for kernel in kernels), "inputs": kernels[0][1]}
        if last := shapes.get("deconv3.conv2d.bias"):
            found["outputs"] = last[0]
        numbers = [int(match[1]) for name in shapes if (match := re.match(r"res(\d{1,3})\.conv1\.", name))]
        found["blocks"] = max(numbers, default=0)
        return found | {"normalization": Normalization("in1.weight" in shapes, "in1.running_mean" in shapes)}

    def paint(self, picture: Tensor) -> Tensor:
        """Returns the published network: colours in 0..255, (B, inputs, H, W) to (B, outputs, H, W), not clamped."""
        x = F.relu(self.in1(self.conv1(picture)))
        x = F.relu(self.in2(self.conv2(x)))
        x = F.relu(self.in3(self.conv3(x)))
        for i in range(1, self.blocks + 1):
            x = self.get_submodule(f"res{i}")(x)
        x = F.relu(self.in4(self.deconv1(x)))
        x = F.relu(self.in5(self.deconv2(x)))
        painted: Tensor = self.deconv3(x)
        return painted

    def forward(self, content: Tensor) -> Tensor:
        """Paints pictures: RGB (B, 3, H, W) in [0, 1] to the same; H and W are multiples of `multiple`."""
        picture = from_rgb(content, self.conv1.conv2d.in_channels)
        painted = to_rgb(self.paint(PEAK * (picture.flip(1) if self.early else picture))).clamp(0.0, PEAK) / PEAK
        return painted.flip(1) if self.early else painted

    def folded(self) -> nn.Module:
        """Returns the module to export."""
        return RgbTransformerNet(self)


class RgbTransformerNet(nn.Module):
    """The same as `TransformerNet.forward`: the range of its pictures and BGR are folded into the outer convolutions.

    It saves two passes over the picture, and at INT8 the first convolution reads the bytes of the photo themselves.
    """

    def __init__(self, network: TransformerNet) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)
        first, last = fold_input(self.network.conv1.conv2d, PEAK), fold_output(self.network.deconv3.conv2d)
        if network.early:
            assert last.bias is not None
            first.weight.data = first.weight.data.flip(1)
            last.weight.data, last.bias.data = last.weight.data.flip(0), last.bias.data.flip(0)
        self.network.conv1.conv2d, self.network.deconv3.conv2d = first, last
        self._fold_norms(self.network)
        for i in range(1, network.blocks + 1):
            self._fold_norms(self.network.get_submodule(f"res{i}"))

    @staticmethod
    def _fold_norms(module: nn.Module) -> None:
        """Folds the normalizations that stand directly in a module."""
        for convolution, norm in zip(CONVOLUTIONS, NORMS, strict=True):
            if hasattr(module, convolution) and hasattr(module, norm):
                reflected = module.get_submodule(convolution)
                assert isinstance(reflected, ReflectedConv)
                setattr(module, norm, fold_norm(reflected.conv2d, module.get_submodule(norm)))

    def forward(self, content: Tensor) -> Tensor:
        """See `TransformerNet.forward`."""
        return self.network.paint(content).clamp(0.0, PEAK) / PEAK
