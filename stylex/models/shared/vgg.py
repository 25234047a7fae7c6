"""The normalized VGG-19 and its mirror image, with the names that their published files use.

Both are chains whose layers are numbered, so that a parameter is called `29.weight`. The encoder is VGG-19 (Simonyan
and Zisserman 2015) with reflecting pads, each channel rescaled to a mean activation of 1 (Gatys et al. 2016), behind a
1x1 convolution that turns RGB in [0, 1] into what VGG was trained on. The decoder is that of AdaIN (Huang and Belongie
2017), which SANet (Park and Lee 2019) uses too.
"""

from __future__ import annotations

from itertools import pairwise

from torch import nn

STAGES = ((64, 64), (128, 128), (256, 256, 256, 256), (512, 512, 512, 512), (512, 512, 512, 512))
"""Widths of the convolutions between two pools."""
RELU4_1, RELU5_1 = 31, 44
"""Layers of the encoder up to and with that activation."""
SCALE = 8
"""Pixels of the picture to a cell of relu4_1."""


def _convolution(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.ReflectionPad2d(1), nn.Conv2d(inputs, outputs, 3), nn.ReLU()]


def normalized_vgg() -> nn.Sequential:
    """Returns the encoder up to relu5_4: RGB (B, 3, H, W) in [0, 1] to features."""
    layers: list[nn.Module] = [nn.Conv2d(3, 3, 1)]
    inputs = 3
    for stage in STAGES:
        if inputs != 3:
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
        for outputs in stage:
            layers += _convolution(inputs, outputs)
            inputs = outputs
    return nn.Sequential(*layers)


def mirrored_decoder() -> nn.Sequential:
    """Converts features at relu4_1 (B, 512, H/8, W/8) to RGB (B, 3, H, W), not clamped."""
    layers: list[nn.Module] = []
    widths = [STAGES[3][0], *reversed(STAGES[2]), *reversed(STAGES[1]), *reversed(STAGES[0])]
    ups = {1, 1 + len(STAGES[2]), 1 + len(STAGES[2]) + len(STAGES[1])}
    for index, (inputs, outputs) in enumerate(pairwise([*widths, 3])):
        if index in ups:
            layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
        layers += _convolution(inputs, outputs)
    return nn.Sequential(*layers[:-1])
