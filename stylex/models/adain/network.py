"""AdaIN (Huang and Belongie 2017) on the shared backbone: arbitrary styles from one network.

The paper aligns the mean and standard deviation of the content's VGG features with the style's. Here the style's
statistics are measured at four scales of a small encoder of our own, and two linear layers turn them into one sigma and
beta for every modulation site, so that VGG-19 is needed for neither and a style becomes a code of a few KB.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from stylex.models.shared.arbitrary_style import WIDTHS, ArbitraryStyleNetwork, StyleStatisticsExtractor, as_code
from stylex.models.shared.backbone import Backbone, BackboneSpec


class StyleEncoder(StyleStatisticsExtractor):
    """Encodes a picture of any size as one style code.

    Args:
        spec: the backbone that the codes are for.
        described: length of the description of the style that is learnt beside the code, to teach the encoder; 0 for
            none.
        widths: see `StyleStatisticsExtractor`.
    """

    def __init__(self, spec: BackboneSpec, described: int = 0, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__(widths)
        self.spec = spec
        self.hidden = nn.Linear(self.statistics_size, 384)
        self.code = nn.Linear(384, spec.code_size)
        self.describe = nn.Linear(self.statistics_size, described) if described else None

    def forward(self, style: Tensor) -> Tensor:
        """Encodes RGB (B, 3, H, W) in [0, 1], at least 16x16, as codes (B, D)."""
        return self.to_code(self.statistics(style))

    def to_code(self, statistics: Tensor) -> Tensor:
        """Returns the code (B, D) of style statistics (B, M)."""
        return as_code(self.code(F.relu(self.hidden(statistics))), self.spec.sites)


class AdaIN(ArbitraryStyleNetwork):
    """Style encoder and backbone, as they are trained together."""

    def __init__(self, spec: BackboneSpec | None = None, described: int = 0, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.spec = spec or BackboneSpec()
        self.code_size = self.spec.code_size
        self.style = StyleEncoder(self.spec, described, widths)
        self.backbone = Backbone(self.spec)

    def site_code(self, style: Tensor) -> Tensor:
        """See `StyleEncoder.forward`."""
        codes: Tensor = self.style(style)
        return codes
