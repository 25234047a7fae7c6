"""The slim encoder that `gatys` uses where nothing can be downloaded.

It has the shape of VGG-19 (Simonyan and Zisserman 2015) up to relu5_1, with fewer and narrower layers, and is distilled
from VGG-19's activations; see `stylex.models.slim_encoder.recipe`. Every channel has a mean activation of about 1 over
photos, so that losses of different layers compare, as in the normalized network of Gatys et al. 2016.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.models.encoders.features import Features

WIDTHS = (32, 64, 128, 192, 192)
"""Channels of each stage."""
DEPTHS = (2, 2, 3, 2, 1)
"""Convolutions in each stage; stages are as deep as their first activation and those after them need."""
CONTENT_LAYER = "4_1"
"""Where `gatys` compares the content; relu4_2, which Gatys et al. 2016 take, isn't learnt."""
LAYERS = ("1_1", "2_1", "3_1", "4_1", "5_1")
MEAN = (0.485, 0.456, 0.406)
"""Mean colour of ImageNet's photos."""
FAINTEST = 1e-3
"""Least mean activation of a channel that is rescaled to 1."""


class SlimEncoder(nn.Module):
    """RGB pictures (B, 3, H, W) in [0, 1], from 16x16 up, to the activations relu1_1 to relu5_1.

    Args:
        target_channels: of the activations that each layer learns to predict through a 1x1 map; only training needs
            them.
    """

    def __init__(self, target_channels: Sequence[int] = ()) -> None:
        super().__init__()
        inputs, self.convs = 3, nn.ModuleDict()
        for stage, (width, depth) in enumerate(zip(WIDTHS, DEPTHS, strict=True), 1):
            for index in range(1, depth + 1):
                conv = nn.Conv2d(inputs, width, 3, padding=int(bool(self.convs)))
                nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
                nn.init.zeros_(conv.get_parameter("bias"))
                self.convs[f"{stage}_{index}"] = conv
                inputs = width
        targets = zip(LAYERS, WIDTHS, target_channels, strict=False)
        self.maps = nn.ModuleDict({name: nn.Conv2d(width, target, 1) for name, width, target in targets})

    def forward(self, x: Tensor) -> Features:
        """Returns activations by layer name, "1_1" to "5_1"."""
        return {name: y for name, y in self.activations(x).items() if name in LAYERS}

    def activations(self, x: Tensor) -> Features:
        """Returns activations of all convolutions.

        The picture is padded with its own edge, which costs little in front of three channels; further in the padding
        is zero, as in VGG-19.
        """
        x = F.pad(x - x.new_tensor(MEAN).view(1, 3, 1, 1), [1] * 4, mode="replicate")
        found: Features = {}
        for name, conv in self.convs.items():
            if name.endswith("_1") and found:
                x = F.max_pool2d(x, 2)
            x = found[name] = F.relu(conv(x))
        return found


@torch.no_grad()
def normalize(encoder: SlimEncoder, pictures: Tensor) -> None:
    """Rescales the layers in place so that every channel's mean activation over `pictures` (B, 3, H, W) is 1.

    A ReLU lets positive factors pass, so that what a channel sees doesn't change.
    """
    means = {name: y.mean((0, 2, 3)).clamp(min=FAINTEST) for name, y in encoder.activations(pictures).items()}
    before: Tensor | None = None
    for name, conv in encoder.convs.items():
        assert isinstance(conv, nn.Conv2d) and conv.bias is not None
        if before is not None:
            conv.weight.mul_(before[None, :, None, None])
        conv.weight.div_(means[name][:, None, None, None])
        conv.bias.div_(means[name])
        before = means[name]
