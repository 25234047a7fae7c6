"""A small sub-pixel network that enlarges pictures, made for 8 bits.

As in ESPCN (Shi et al. 2016) everything is computed at the small picture's resolution and one shuffle ends it. As in
the anchor-based plain net (Du et al. 2021) there are plain 3x3 convolutions and ReLU alone, and they predict the
difference to an enlargement that needs no training. There the anchor repeats pixels; here it is bicubic, a convolution
with fixed weights, so that less is left to predict and the steps of 8 bits are finer.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SCALE = 2
"""Factor by which the picture is enlarged, down and across."""
TAPS = 5
"""Pixels that the bicubic enlargement reads, down and across; of each phase one row and one column are zero."""
LARGEST_WEIGHT = 127
SHARPNESS = -0.5
"""Parameter of the cubic kernel (Keys 1981)."""


def bicubic_weights() -> Tensor:
    """Returns weights of a convolution that enlarges RGB by two: (12, 3, 5, 5), shuffled by `F.pixel_shuffle`.

    They are whole numbers up to 127 over their sum, which 8 bits hold exactly: a flat area keeps its colour.
    """
    row = torch.tensor([_cubic(d) for d in (1.75, 0.75, 0.25, 1.25)] + [0.0])
    rows = torch.stack((row, row.flip(0)))  # a fine pixel lies a quarter before or behind the coarse one
    phases = torch.einsum("py,qx->pqyx", rows, rows).flatten(0, 1)  # (4, 5, 5)
    whole = (phases / phases.max() * LARGEST_WEIGHT).round()
    weights = torch.zeros(3, SCALE**2, 3, TAPS, TAPS)
    for colour in range(3):
        weights[colour, :, colour] = whole / whole[0].sum()
    return weights.flatten(0, 1)


def _cubic(d: float) -> float:
    """Returns Keys's kernel at a distance of 0 to 2 pixels."""
    a = SHARPNESS
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * (d**3 - 5 * d**2 + 8 * d - 4)


class Upscaler(nn.Module):
    """A picture to one of twice the size.

    Args:
        width: channels.
        depth: convolutions between the first and the last one.
    """

    anchor: Tensor

    def __init__(self, width: int = 32, depth: int = 5) -> None:
        super().__init__()
        self.enter = nn.Conv2d(3, width, 3, padding=1)
        self.body = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(depth))
        self.head = nn.Conv2d(width, 3 * SCALE**2, 3, padding=1)
        self.register_buffer("anchor", bicubic_weights(), persistent=False)
        self._initialize()

    def _initialize(self) -> None:
        """Sets He's initialization; the head begins near zero, alike for a shuffle's pixels (Aitken et al. 2017)."""
        for layer in (self.enter, *self.body):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
        weight = self.head.weight.data
        weight.copy_(0.1 * weight[:: SCALE**2].repeat_interleave(SCALE**2, 0))
        assert self.head.bias is not None
        nn.init.zeros_(self.head.bias)

    @property
    def border(self) -> int:
        """Returns the pixels around a picture that it depends on; as many of the output are of no use at each side."""
        return len(self.body) + 2

    def forward(self, content: Tensor) -> Tensor:
        """Enlarges pictures.

        Args:
            content: RGB (B, 3, H, W) in [0, 1], with `border` pixels more on each side than are wanted.

        Returns:
            RGB (B, 3, 2 H, 2 W), not clamped; what the border made is still there.
        """
        return F.pixel_shuffle(self.plain(content) + self.detail(content), SCALE)

    def plain(self, content: Tensor) -> Tensor:
        """Returns the bicubic enlargement before the shuffle, (B, 12, H, W)."""
        return F.conv2d(content, self.anchor, padding=TAPS // 2)

    def detail(self, content: Tensor) -> Tensor:
        """Returns the detail that the bicubic enlargement lacks, (B, 12, H, W)."""
        x = F.relu(self.enter(content))
        for layer in self.body:
            x = F.relu(layer(x))
        missing: Tensor = self.head(x)
        return missing
