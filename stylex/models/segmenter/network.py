"""People against background: a quarter-resolution network with a way down to 1/32 and back up to 1/4.

The way down from 1/4 is VGG-19's (Simonyan and Zisserman 2015), at the widths of Collaborative Distillation (Wang et
al. 2020), so that training can begin with weights that have seen a million photos: 3x3 convolutions, ReLU, max pools,
no normalization. In front of it, where INT8 gains nothing, one strided convolution replaces VGG's first two stages. The
way up adds what each resolution knows, as in a feature pyramid (Lin et al. 2017).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.models.shared.backbone import doubled

CLASSES = ("background", "person")
MULTIPLE = 32
"""Height and width of a picture are multiples of this many pixels."""
OUTPUT_STRIDE = 4
"""Pixels of the picture to a cell of the output, down and across."""
ENTRY, QUARTER, EIGHTH, SIXTEENTH, CONTEXT, UP = 48, 64, 128, 128, 64, 64
"""Channels: of the first convolution, at 1/4, at 1/8, at 1/16, at 1/32, on the way up."""
POOLED = 32
"""Channels of VGG's second stage, which the first two convolutions stand for."""
DOWN = {
    "3_1": (POOLED, QUARTER),
    "3_2": (QUARTER, QUARTER),
    "3_3": (QUARTER, QUARTER),
    "3_4": (QUARTER, QUARTER),
    "4_1": (QUARTER, EIGHTH),
    "4_2": (EIGHTH, EIGHTH),
    "4_3": (EIGHTH, EIGHTH),
    "5_1": (EIGHTH, SIXTEENTH),
}
"""Convolutions of the way down, by VGG's names. Its conv4_4 is left out: what it weighs goes into the way up."""


class Segmenter(nn.Module):
    """RGB pictures (B, 3, H, W) in [0, 1] to how likely each cell shows a person; 0.84 M parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, ENTRY, 8, 4, padding=2)
        self.entry = _convolution(ENTRY, POOLED)
        self.down = nn.ModuleDict({name: _convolution(*widths) for name, widths in DOWN.items()})
        self.context = nn.ModuleList([_convolution(SIXTEENTH, CONTEXT), _convolution(CONTEXT, CONTEXT)])
        self.skips = nn.ModuleList(nn.Conv2d(width, UP, 1) for width in (CONTEXT, SIXTEENTH, EIGHTH, QUARTER))
        self.mix = nn.ModuleList([_convolution(UP, UP), _convolution(UP, UP), _convolution(UP, UP // 2)])
        self.head = _convolution(UP // 2, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                assert module.bias is not None
                nn.init.zeros_(module.bias)

    def features(self, photo: Tensor) -> dict[str, Tensor]:
        """Returns activations on the way down: "pooled", then by VGG's names."""
        x = found = F.relu(self.entry(F.relu(self.stem(photo))))
        known = {"pooled": found}
        for name, conv in self.down.items():
            if name in ("4_1", "5_1"):
                x = F.max_pool2d(x, 2)
            x = known[name] = F.relu(conv(x))
        return known

    def logits(self, known: dict[str, Tensor]) -> Tensor:
        """Returns logits of a person (B, 1, H/4, W/4), from the features."""
        x = F.max_pool2d(known["5_1"], 2)
        for conv in self.context:
            x = F.relu(conv(x))
        x = self.skips[0](x)
        for skip, mix, name in zip(self.skips[1:], self.mix, ("5_1", "4_3", "3_4"), strict=True):
            x = F.relu(mix(F.relu(doubled(x) + skip(known[name]))))
        logits: Tensor = self.head(x)
        return logits

    def forward(self, photo: Tensor) -> Tensor:
        """Returns the probability of each class.

        Args:
            photo: RGB (B, 3, H, W) in [0, 1], H and W multiples of `MULTIPLE`.

        Returns:
            (B, 2, H/4, W/4) float32, in the order of `CLASSES`; the two add up to 1.
        """
        person = torch.sigmoid(self.logits(self.features(photo)).float())
        return torch.cat((1 - person, person), 1)


def _convolution(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)
