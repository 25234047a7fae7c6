"""AdaIN as it was published (Huang and Belongie 2017): VGG-19 up to relu4_1, and a decoder that mirrors it.

The code of a style is the mean and the standard deviation of its relu4_1, and the one modulation site stands there too.
Masks and frozen statistics are ours; with a mask of ones this is the published network, 7 M parameters.
"""

from __future__ import annotations

from torch import Tensor, nn

from stylex.models.shared.adaptive_norm import chosen_statistics, restyle, sample_statistics
from stylex.models.shared.published_network import PublishedArbitraryStyle
from stylex.models.shared.vgg import RELU4_1, SCALE


class VggAdaIN(PublishedArbitraryStyle):
    """The published encoder and decoder, see `stylex.models.shared.vgg`.

    Args:
        encoder: the normalized VGG-19; what lies behind relu4_1 is not used.
        decoder: its mirror image.
    """

    multiple = SCALE
    smallest = 2 * SCALE
    """relu4_1 must have two cells on each side for its reflecting pad."""

    def __init__(self, encoder: nn.Sequential, decoder: nn.Sequential) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder[:RELU4_1], decoder
        last = decoder[1]
        assert isinstance(last, nn.Conv2d)
        self.code_size = self.statistics_size = 2 * last.in_channels

    def encode(self, style: Tensor) -> Tensor:
        """Returns the code of a style: RGB (1, 3, H, W) in [0, 1] to mean and standard deviation (1, D)."""
        return sample_statistics(self.encoder(style))

    def forward(
        self, content: Tensor, codes: Tensor, masks: Tensor, frozen: Tensor, freeze: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Paints a picture, see `PublishedArbitraryStyle.forward`."""
        x = self.encoder(content)
        measured = sample_statistics(x)
        return self.decoder(restyle(x, codes, masks, chosen_statistics(measured, frozen, freeze))).clamp(0, 1), measured
