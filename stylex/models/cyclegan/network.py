"""Two generators on the shared trunk and two PatchGAN discriminators (Zhu et al. 2017).

The paper's generator has nine residual blocks with instance normalization behind two strided convolutions. Here it is
the trunk without its sites: with the weights of AdaIN's content path it begins as an identity, so that nothing of the
training goes into learning to copy.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.models.shared.backbone import BORDER, BackboneSpec, Trunk

GENERATOR_SPEC = BackboneSpec()
DISCRIMINATOR_WIDTHS = (32, 64, 128)
BLUR = 8
"""Pixels over which colours are averaged before the discriminator sees them."""


class Generator(nn.Module):
    """A picture of one kind to the same picture of the other kind."""

    def __init__(self, spec: BackboneSpec = GENERATOR_SPEC) -> None:
        super().__init__()
        self.trunk = Trunk(spec)

    def forward(self, content: Tensor) -> Tensor:
        """Converts RGB (B, 3, H + 4, W + 4) in [0, 1] to RGB (B, 3, H, W), not clamped; see `Trunk.paint`."""
        return self.trunk.paint(self.trunk.stem(content))

    def again(self, picture: Tensor) -> Tensor:
        """Translates the output of a generator: RGB (B, 3, H, W), padded here."""
        translated: Tensor = self(F.pad(picture, [BORDER] * 4, mode="reflect"))
        return translated


def seen(picture: Tensor) -> Tensor:
    """Returns what a discriminator sees of RGB (B, 3, H, W): lightness in full detail, colours blurred, (B, 4, H, W).

    Texture and colour apart, as in White-box Cartoonization (Wang and Yu 2020): a discriminator of the pixels
    themselves cares for the background colour of the other kind first.
    """
    lightness = picture.mean(1, keepdim=True)
    blurred = F.avg_pool2d(picture, BLUR, BLUR // 2, BLUR // 4)
    return torch.cat((lightness, F.interpolate(blurred, picture.shape[2:], mode="bilinear")), 1)


class Discriminator(nn.Module):
    """A PatchGAN discriminator (Isola et al. 2017) of three strided convolutions: one score a patch."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = 4
        for i, wider in enumerate(DISCRIMINATOR_WIDTHS):
            layers += [nn.Conv2d(width, wider, 4, 2, 1), *([nn.InstanceNorm2d(wider)] if i else []), nn.LeakyReLU(0.2)]
            width = wider
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, 1, 4, 1, 1))

    def forward(self, picture: Tensor) -> Tensor:
        """Converts RGB (B, 3, H, W) to scores (B, 1, H/8 - 1, W/8 - 1): 1 for a real picture, 0 for a fake."""
        scores: Tensor = self.layers(seen(picture)).float()
        return scores


class CycleGan(Generator):
    """The wanted direction, and what is trained with it: the way back and the discriminators of both kinds."""

    def __init__(self, spec: BackboneSpec = GENERATOR_SPEC) -> None:
        super().__init__(spec)
        self.back = Generator(spec)
        # named so in the state_dict of existing checkpoints
        self.judge_a, self.judge_b = Discriminator(), Discriminator()
