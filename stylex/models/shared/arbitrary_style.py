"""Parts that the networks for arbitrary styles share: style statistics, codes, and palettes around the backbone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.imaging.palette import MOST_AFTER
from stylex.imaging.sizes import PALETTE_SIZE
from stylex.models.shared import palette
from stylex.models.shared.backbone import BORDER, MULTIPLE, Backbone, BackboneSpec, channel_statistics, through_clamp

WIDTHS = (32, 64, 96, 128)
"""Channels of the style statistics extractor, at 1/2, 1/4, 1/8 and 1/16 resolution."""
SIGMA_AT_ZERO = 0.5413
"""softplus of this is 1: a new network begins with sigma = 1."""


class StyleStatisticsExtractor(nn.Module):
    """Extracts style statistics: channel means and deviations of a few convolutions over a style picture.

    Attributes:
        widths: channels at 1/2, 1/4, 1/8 and 1/16 resolution.
        statistics_size: M, how many numbers describe a style: the mean and the standard deviation of every channel.
    """

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.widths, self.statistics_size = tuple(widths), 2 * sum(widths)
        inputs = (3, *widths)
        self.enter = nn.ModuleList(nn.Conv2d(i, o, 4, 2, 1) for i, o in zip(inputs, widths, strict=False))
        self.refine = nn.ModuleList(nn.Conv2d(o, o, 3, 1, 1) for o in widths)

    def features(self, style: Tensor) -> list[Tensor]:
        """Returns the features at 1/2, 1/4, 1/8 and 1/16 resolution."""
        found: list[Tensor] = []
        x = style
        for enter, refine in zip(self.enter, self.refine, strict=True):
            x = F.relu(enter(x))
            x = x + F.relu(refine(x))
            found.append(x)
        return found

    def statistics(self, style: Tensor) -> Tensor:
        """Returns the mean and standard deviation of the features at 1/2, 1/4, 1/8 and 1/16 resolution, (B, M)."""
        return style_statistics(self.features(style))


def style_statistics(features: list[Tensor]) -> Tensor:
    """Returns the mean and standard deviation of all features' channels, concatenated, (B, M)."""
    return torch.cat([x for found in features for x in channel_statistics(found)], 1)


def twice(sites: Sequence[int]) -> list[int]:
    """Returns every site's width, twice: of sigma and beta, or of mean and standard deviation."""
    return [width for site in sites for width in (site, site)]


def as_code(raw: Tensor, sites: Sequence[int]) -> Tensor:
    """Turns unbounded numbers (B, D) into sigma (positive) and beta for every site, in the order of the sites."""
    parts = torch.split(raw, twice(sites), 1)
    return torch.cat([F.softplus(p + SIGMA_AT_ZERO) if i % 2 == 0 else p for i, p in enumerate(parts)], 1)


@dataclass(frozen=True)
class StylizedBatch:
    """A batch that was painted, with what stood on the way.

    Attributes:
        picture: RGB (B, 3, H, W), not clamped.
        statistics: of the content at the sites, (B, S).
        mapped: the photos as the backbone was given them, RGB (B, 3, H + 4, W + 4) in [0, 1].
        raw: what the backbone painted, RGB (B, 3, H, W), not clamped.
        raw_palette: of what the backbone painted, clamped.
        wanted_palette: that the picture was given by the last map.
    """

    picture: Tensor
    statistics: Tensor
    mapped: Tensor
    raw: Tensor
    raw_palette: palette.Palette
    wanted_palette: palette.Palette


class ArbitraryStyleNetwork(nn.Module, ABC):
    """A backbone and a style encoder: the base of the networks that take arbitrary styles.

    Attributes:
        spec: of the backbone.
        backbone: what paints.
        code_size: D, floats in what the backbone takes of a code; the style's palette stands behind them.
        palette_mapped: whether the network stands between the maps of palettes, as it was trained; codes of one that
            doesn't have no palette.
    """

    spec: BackboneSpec
    backbone: Backbone
    code_size: int
    palette_mapped: bool = True

    @abstractmethod
    def site_code(self, style: Tensor) -> Tensor:
        """Returns what the backbone takes of a style, (B, D), of RGB (B, 3, H, W) in [0, 1], at least 64x64."""

    def encode(self, style: Tensor) -> Tensor:
        """Returns codes (B, D + 9) of style pictures, RGB (B, 3, H, W) in [0, 1], at least 64x64."""
        code = self.site_code(style).float()
        return self.with_palette(code, style) if self.palette_mapped else code

    @property
    def full_code_size(self) -> int:
        """Returns floats of a code: D, and nine more where palettes are mapped."""
        return self.code_size + PALETTE_SIZE * self.palette_mapped

    def with_palette(self, site_code: Tensor, style: Tensor) -> Tensor:
        """Returns the whole code: what the backbone takes (B, D), and the palette of the style (B, 9) behind it."""
        return torch.cat((site_code, palette.as_numbers(palette.measured(style))), 1)

    def sigmas(self, codes: Tensor) -> list[Tensor]:
        """Returns the sigmas of a batch of site codes, (B, C) for every site."""
        return list(torch.split(codes, twice(self.spec.sites), 1)[::2])

    def sigma_mismatch(self, codes: Tensor, statistics: Tensor) -> Tensor:
        """Penalizes a gap between the content's standard deviations and the codes' sigmas, squared and in logarithms.

        At strength 0 a site passes its features on as they are, at strength 1 with the code's sigma. Left alone,
        training lets the two drift a factor of 50 apart, and every strength in between explodes.
        """
        deviations = torch.split(statistics, twice(self.spec.sites), 1)[1::2]
        pairs = zip(self.sigmas(codes[:, : self.code_size]), deviations, strict=True)
        gaps = [(std.log().mean(0) - sigma.log().mean(0)).square().mean() for sigma, std in pairs]
        return torch.stack(gaps).mean()

    def forward(self, content: Tensor, codes: Tensor, strength: Tensor | float = 1.0) -> tuple[Tensor, Tensor]:
        """Paints every content picture with the code beside it, between the two maps of `stylex.imaging.palette`.

        Args:
            content: RGB (B, 3, H + 4, W + 4) in [0, 1], see `Backbone.forward`.
            codes: (B, D + 9), as `encode` makes them.
            strength: one number, or (B,).

        Returns:
            RGB (B, 3, H, W), not clamped, and the content statistics (B, S).
        """
        stylized = self.paint(content, codes, strength)
        return stylized.picture, stylized.statistics

    def paint(
        self, content: Tensor, codes: Tensor, strength: Tensor | float = 1.0, masks: Tensor | None = None
    ) -> StylizedBatch:
        """Paints as `forward` does, and returns the steps between the two maps too.

        Args:
            content, codes, strength: see `forward`.
            masks: shares of the strength in [0, 1] in every cell of 8 pixels, (B, 1, H/8, W/8); None for ones.
        """
        batch, _, height, width = content.shape
        cells = (batch, 1, height // MULTIPLE, width // MULTIPLE)
        strengths = torch.as_tensor(strength, dtype=torch.float32, device=content.device).expand(batch)
        amounts = strengths.clamp(max=1)
        places = strengths.view(-1, 1, 1, 1).expand(cells) * (1 if masks is None else masks)
        behind, wide = (amounts > 0).float(), amounts
        if masks is not None:
            strength_map = amounts.view(-1, 1, 1, 1) * F.interpolate(masks, scale_factor=MULTIPLE, mode="bilinear")
            behind = F.interpolate((places > 0).float(), scale_factor=MULTIPLE, mode="bilinear")
            wide = F.pad(strength_map, [BORDER] * 4, mode="replicate")
        photo = palette.measured(content[:, :, BORDER:-BORDER, BORDER:-BORDER])
        style, mapped = photo, content
        if self.palette_mapped:
            style = palette.toned(palette.of_numbers(codes[:, self.code_size :]), photo)
            mapped = palette.recolored(content.float(), palette.before(photo, style), wide).clamp(0, 1)
        frozen = codes.new_zeros(batch, self.spec.code_size)
        sites = codes[:, None, : self.code_size]
        raw, statistics = self.backbone(mapped, sites, places, frozen, codes.new_zeros(1))
        raw = raw.float()
        shown = through_clamp(raw)
        picture = raw
        wanted = palette.between(photo, style, amounts)
        have = palette.measured(shown)
        if self.palette_mapped:
            picture = palette.recolored(shown, palette.transport(have, wanted, MOST_AFTER), behind)
        return StylizedBatch(picture, statistics, mapped, raw, have, wanted)
