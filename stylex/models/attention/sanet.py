"""SANet (Park and Lee 2019): every position of the photo attends to the positions of the style that resemble it.

Two attention networks work at relu4_1 and relu5_1 of the normalized VGG-19; their sum goes through one convolution into
AdaIN's decoder. The code of a style is its features at both layers, of a picture brought to 256 pixels, the size of the
training pictures: 1,024 and 256 positions of 512 numbers.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.models.shared.adaptive_norm import chosen_statistics, normalized, sample_statistics
from stylex.models.shared.published_network import PublishedArbitraryStyle
from stylex.models.shared.vgg import RELU4_1, RELU5_1, SCALE, STAGES


class StyleAttention(nn.Module):
    """Style-attentional network: content positions ask, style positions answer.

    Args:
        channels: of the features.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.f, self.g, self.h, self.out_conv = (nn.Conv2d(channels, channels, 1) for _ in range(4))

    def forward(self, x: Tensor, styles: Tensor, masks: Tensor, statistics: Tensor) -> Tensor:
        """Rearranges the features of K styles after those of the photo.

        The paper has no masks. Its strength interpolates with features where the photo attends to its own positions;
        here every position attends to itself alone, because those weights would grow with the square of the picture.

        Args:
            x: features of the photo (1, C, H, W).
            styles: features of the styles (K, C, h, w).
            masks: (K, 1, H, W) in units of strength.
            statistics: of the photo, (1, 2 C).

        Returns:
            (1, C, H, W).
        """
        questions = self.f(normalized(x, statistics)).flatten(2).transpose(1, 2)  # (1, H*W, C)
        keys = self.g(normalized(styles, sample_statistics(styles))).flatten(2)  # (K, C, h*w)
        answers = self.h(styles).flatten(2).transpose(1, 2)  # (K, h*w, C)
        found = torch.softmax(questions @ keys, 2) @ answers  # (K, H*W, C)
        flat = masks.flatten(2).transpose(1, 2)  # (K, H*W, 1)
        styled = (flat * found).sum(0).t().view(x.shape)
        own = (1 - masks.sum(0)) * self.h(x)
        attended: Tensor = self.out_conv(styled + own)
        return x + attended


class Transform(nn.Module):
    """Both attention networks and what merges them."""

    def __init__(self) -> None:
        super().__init__()
        channels = STAGES[3][0]
        self.sanet4_1, self.sanet5_1 = StyleAttention(channels), StyleAttention(channels)
        self.merge_conv = nn.Conv2d(channels, channels, 3)

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:
        """Merges the outputs at relu4_1 (1, C, H, W) and at relu5_1 (1, C, H/2, W/2) to (1, C, H, W)."""
        merged = fine + F.interpolate(coarse, scale_factor=2, mode="nearest")
        transformed: Tensor = self.merge_conv(F.pad(merged, [1] * 4, mode="reflect"))
        return transformed


class SANet(PublishedArbitraryStyle):
    """The published encoder, transform and decoder.

    Args:
        encoder: the normalized VGG-19; what lies behind relu5_1 is not used.
        transform: the attention networks.
        decoder: as AdaIN's.
    """

    multiple = 2 * SCALE
    """Height and width are whole cells at relu5_1."""
    smallest = 4 * SCALE
    """relu4_1 must have two cells on each side in front of the last pool, and two behind it."""
    style_side = 256

    def __init__(self, encoder: nn.Sequential, transform: Transform, decoder: nn.Sequential) -> None:
        super().__init__()
        self.to_4_1, self.to_5_1 = encoder[:RELU4_1], encoder[RELU4_1:RELU5_1]
        self.transform, self.decoder = transform, decoder
        self.channels = transform.merge_conv.in_channels
        self.statistics_size = 4 * self.channels
        self.sides = (self.style_side // SCALE, self.style_side // (2 * SCALE))
        self.code_size = self.channels * sum(side * side for side in self.sides)

    def encode(self, style: Tensor) -> Tensor:
        """Returns the code of a style: RGB (1, 3, 256, 256) in [0, 1] to its features (1, D)."""
        fine = self.to_4_1(style)
        return torch.cat((fine.flatten(1), self.to_5_1(fine).flatten(1)), 1)

    def forward(
        self, content: Tensor, codes: Tensor, masks: Tensor, frozen: Tensor, freeze: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Paints a picture, see `PublishedArbitraryStyle.forward`."""
        x = self.to_4_1(content)
        y = self.to_5_1(x)
        measured = torch.cat((sample_statistics(x), sample_statistics(y)), 1)
        statistics = chosen_statistics(measured, frozen, freeze)
        of_x, of_y = statistics.chunk(2, 1)
        fine_styles, coarse_styles = self._features(codes)
        fine_masks = F.interpolate(masks, scale_factor=2, mode="nearest")
        fine = self.transform.sanet4_1(x, fine_styles, fine_masks, of_x)
        coarse = self.transform.sanet5_1(y, coarse_styles, masks, of_y)
        return self.decoder(self.transform(fine, coarse)).clamp(0, 1), measured

    def _features(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Returns codes (K, D) as features at relu4_1 (K, C, 32, 32) and relu5_1 (K, C, 16, 16)."""
        fine, coarse = self.sides
        at = self.channels * fine * fine
        first = codes[:, :at].reshape(-1, self.channels, fine, fine)
        return first, codes[:, at:].reshape(-1, self.channels, coarse, coarse)
