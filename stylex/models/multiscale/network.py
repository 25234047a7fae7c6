"""Composition, strokes and grain from their own scales, on the shared backbone.

MicroAST (Wang et al. 2023) modulates two levels of its decoder with encodings of the style at two depths. Here the
style picture is encoded in three sizes, and each modulates its own level, coarse to fine: a quarter of the size shows
the composition and modulates 1/16, half of it shows strokes and modulates 1/8, all of it shows the grain and modulates
1/4.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.models.shared.arbitrary_style import WIDTHS, ArbitraryStyleNetwork, StyleStatisticsExtractor, as_code
from stylex.models.shared.backbone import Backbone, BackboneSpec

MULTISCALE_SPEC = BackboneSpec(sixteenth=96, deep_blocks=2, least_variance=0.03)
SHRUNK = (4, 2, 1)
"""Factors by which the style picture is shrunk that modulates 1/16, 1/8 and 1/4."""


class ScaleEncoder(StyleStatisticsExtractor):
    """Encodes a picture of any size as one style code; the scales share the convolutions and not the layers behind."""

    def __init__(self, spec: BackboneSpec, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__(widths)
        self.levels = spec.levels
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(self.statistics_size, 384), nn.ReLU(), nn.Linear(384, 2 * sum(widths)))
            for widths in self.levels
        )

    def forward(self, style: Tensor) -> Tensor:
        """Converts RGB (B, 3, H, W) in [0, 1], at least 64x64, to codes (B, D)."""
        parts = []
        for shrunk, head, widths in zip(SHRUNK, self.heads, self.levels, strict=True):
            scaled = F.avg_pool2d(style, shrunk) if shrunk > 1 else style
            parts.append(as_code(head(self.statistics(scaled)), widths))
        return torch.cat(parts, 1)


class Multiscale(ArbitraryStyleNetwork):
    """Style encoder and backbone, as they are trained together."""

    def __init__(self, spec: BackboneSpec = MULTISCALE_SPEC, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.spec = spec
        self.code_size = spec.code_size
        self.style = ScaleEncoder(spec, widths)
        self.backbone = Backbone(spec)
        nn.init.zeros_(self.backbone.rise.conv.weight)  # a new network begins with what happens at 1/8 and 1/4
        assert self.backbone.rise.conv.bias is not None
        nn.init.zeros_(self.backbone.rise.conv.bias)

    def site_code(self, style: Tensor) -> Tensor:
        """See `ScaleEncoder.forward`."""
        codes: Tensor = self.style(style)
        return codes
