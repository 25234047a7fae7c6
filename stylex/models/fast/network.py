"""One style in the weights of one network (Johnson et al. 2016; Ulyanov et al. 2016), on the shared trunk.

The papers normalize in every layer. Here nothing is normalized on the way: the photo's contrast is brought to a fixed
one at the entrance, from three numbers of it, and the trunk is half as deep as the one of AdaIN.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.models.shared.backbone import BORDER, BackboneSpec, Trunk

FAST_SPEC = BackboneSpec(blocks=1)
"""0.55 M parameters."""

STATISTICS = 3
"""Numbers of a photo that its contrast is normalized from."""
MIDDLE, CONTRAST, SOFTENING = 0.5, 0.25, 0.05
"""Where a photo's mean and contrast are brought to; how gently where there is hardly any contrast."""
SAMPLED = 8
"""Every so many pixels, down and across, one is measured."""


def exposure(content: Tensor) -> Tensor:
    """Returns the mean lightness, standard deviation of lightness and standard deviation of colour of pictures.

    Args:
        content: RGB (B, 3, H + 4, W + 4) in [0, 1]; the border doesn't count, so that tiles add up to the whole.

    Returns:
        (B, 3), where lightness is the mean of the channels and colour the distance from it.
    """
    inner = slice(BORDER, -BORDER, SAMPLED)
    sampled = content[:, :, inner, inner].float()
    lightness = sampled.mean(1, keepdim=True)
    mean = lightness.mean((1, 2, 3))
    deviation = (lightness - mean.view(-1, 1, 1, 1)).square().mean((1, 2, 3)).sqrt()
    color = (sampled - lightness).square().mean((1, 2, 3)).sqrt()
    return torch.stack((mean, deviation, color), 1)


class Fast(nn.Module):
    """Stylizes photos in the single style of the weights."""

    def __init__(self, spec: BackboneSpec = FAST_SPEC) -> None:
        super().__init__()
        self.trunk = Trunk(spec)

    def forward(self, content: Tensor, frozen: Tensor, freeze: Tensor) -> tuple[Tensor, Tensor]:
        """Paints pictures.

        Args:
            content: RGB (B, 3, H + 4, W + 4) in [0, 1], see `Trunk.paint`.
            frozen: three numbers to use, (B, 3), as an earlier call returned them.
            freeze: (1,), 1 to use `frozen`, 0 to measure the content.

        Returns:
            RGB (B, 3, H, W), not clamped, and the numbers that were measured (B, 3).
        """
        measured = exposure(content)
        used = measured + freeze * (frozen - measured)
        return self.trunk.paint(entered(self.trunk, content, used)), measured


def entered(trunk: Trunk, content: Tensor, used: Tensor) -> Tensor:
    """Returns the stem's features of the content at the contrast that the network was trained at.

    The contrast is normalized behind the convolution, whose input then stays the photo itself: 8 bits without loss.

    Args:
        content: RGB (B, 3, H + 4, W + 4) in [0, 1].
        used: its `exposure` (B, 3).

    Returns:
        (B, C, H/4, W/4), the same as `stem(content * gain + offset)`.
    """
    gain, offset = _contrast(used)
    stem = trunk.stem
    assert stem.bias is not None
    plain = F.conv2d(content, stem.weight, None, stem.stride)
    shift = offset[:, None] * stem.weight.sum((1, 2, 3)) + stem.bias  # (B, C)
    return plain.float() * gain.view(-1, 1, 1, 1) + shift[:, :, None, None]


def _contrast(used: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the gain and the offset (B,) that bring photos of some exposure (B, 3) to the fixed contrast."""
    contrast = (used[:, 1].square() + used[:, 2].square()).sqrt()
    gain = (CONTRAST + SOFTENING) / (contrast + SOFTENING)
    return gain, MIDDLE - used[:, 0] * gain


def normalized(content: Tensor) -> Tensor:
    """Returns photos (B, 3, H, W) at the contrast that the network was trained at."""
    gain, offset = _contrast(exposure(content))
    return content * gain.view(-1, 1, 1, 1) + offset.view(-1, 1, 1, 1)
