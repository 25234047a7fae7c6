"""AdaIN (Huang and Belongie 2017) on the shared backbone: any style from one network.

The paper aligns the mean and standard deviation of the content's VGG features with the style's. Here the style's
statistics are measured at four scales of a small encoder of our own, and two linear layers turn them into one sigma and
beta for every modulation site, so that VGG-19 is needed for neither and a style becomes a code of a few KB.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.models.backbone import Backbone, BackboneSpec, channel_statistics

WIDTHS = (32, 64, 96, 128)
SIGMA_AT_ZERO = 0.5413
"""softplus of this is 1: a new network begins with sigma = 1."""


class StyleEncoder(nn.Module):
    """One picture of any size to one style code.

    Args:
        spec: the backbone that the codes are for.
        described: length of the description of the style that is learnt beside the code, to teach the encoder; 0 for
            none.
    """

    def __init__(self, spec: BackboneSpec, described: int = 0) -> None:
        super().__init__()
        self.spec = spec
        inputs = (3, *WIDTHS)
        self.enter = nn.ModuleList(nn.Conv2d(i, o, 4, 2, 1) for i, o in zip(inputs, WIDTHS, strict=False))
        self.refine = nn.ModuleList(nn.Conv2d(o, o, 3, 1, 1) for o in WIDTHS)
        self.hidden = nn.Linear(2 * sum(WIDTHS), 384)
        self.code = nn.Linear(384, spec.code_size)
        self.describe = nn.Linear(2 * sum(WIDTHS), described) if described else None

    def spread_gap(self, codes: Tensor, statistics: Tensor) -> Tensor:
        """How far the content's standard deviations lie from the codes' sigmas, squared and in logarithms, on average.

        At strength 0 a site passes its features on as they are, at strength 1 with the code's sigma. Left alone,
        training lets the two drift a factor of 50 apart, and every strength in between explodes.
        """
        gaps, at = [], 0
        for width in self.spec.sites:
            sigma, std = codes[:, at : at + width], statistics[:, at + width : at + 2 * width]
            gaps.append((std.log().mean(0) - sigma.log().mean(0)).square().mean())
            at += 2 * width
        return torch.stack(gaps).mean()

    def measure(self, style: Tensor) -> Tensor:
        """Mean and standard deviation of the features at 1/2, 1/4, 1/8 and 1/16 resolution, (B, 640)."""
        found: list[Tensor] = []
        x = style
        for enter, refine in zip(self.enter, self.refine, strict=True):
            x = F.relu(enter(x))
            x = x + F.relu(refine(x))
            found.extend(channel_statistics(x))
        return torch.cat(found, 1)

    def forward(self, style: Tensor) -> Tensor:
        """RGB (B, 3, H, W) in [0, 1], at least 16x16, to codes (B, D)."""
        return self.to_code(self.measure(style))

    def to_code(self, measured: Tensor) -> Tensor:
        """Sigma (positive) and beta for every site, in the order of the sites, (B, D)."""
        raw = self.code(F.relu(self.hidden(measured)))
        parts = raw.split([c for site in self.spec.sites for c in (site, site)], 1)
        made = [F.softplus(p + SIGMA_AT_ZERO) if i % 2 == 0 else p for i, p in enumerate(parts)]
        return torch.cat(made, 1)


class AdaIN(nn.Module):
    """Style encoder and backbone, as they are trained together."""

    def __init__(self, spec: BackboneSpec | None = None, described: int = 0) -> None:
        super().__init__()
        self.spec = spec or BackboneSpec()
        self.style = StyleEncoder(self.spec, described)
        self.backbone = Backbone(self.spec)

    def forward(self, content: Tensor, codes: Tensor, strength: Tensor | float = 1.0) -> tuple[Tensor, Tensor]:
        """Paint every content picture with the code beside it.

        Args:
            content: RGB (B, 3, H + 4, W + 4) in [0, 1], see `Backbone.forward`.
            codes: (B, D), as `self.style` makes them.
            strength: one number, or (B,).

        Returns:
            RGB (B, 3, H, W), not clamped, and the content statistics (B, D).
        """
        batch, _, height, width = content.shape
        cells = (batch, 1, height // 8, width // 8)
        masks = (
            torch.as_tensor(strength, dtype=torch.float32, device=content.device)
            .expand(batch)
            .view(-1, 1, 1, 1)
            .expand(cells)
        )
        frozen = codes.new_zeros(batch, self.spec.code_size)
        picture, statistics = self.backbone(content, codes[:, None], masks, frozen, codes.new_zeros(1))
        return picture.float(), statistics
