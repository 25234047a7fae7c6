"""Attention to the style's places (Park and Lee 2019; Liu et al. 2021) on the shared backbone.

Both papers let every position of the photo's VGG features look for positions of the style that are like it, and take
the style's features from there. Here a style comes down to `TOKENS` places of its picture, each a key and the mean and
mean square of what is to be painted there. At the first site at 1/8 every position of the photo mixes the tokens by the
softmax of its likeness to their keys; mean and standard deviation of the mixture restyle it, as in AdaAttN (Liu et al.,
equations 4 to 8). The other sites are those of AdaIN, for the whole picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.models.adain.network import AdaIN
from stylex.models.shared.arbitrary_style import WIDTHS, style_statistics, twice
from stylex.models.shared.backbone import BORDER, Backbone, BackboneSpec, Site, channel_statistics

GRID = 8
TOKENS = GRID * GRID
"""Places of a style picture that are attended to."""
FINE_GRID = 8 * GRID
"""Features are brought to so many positions, down and across, before they are averaged over each place."""
KEY = 32
"""Length of queries and keys."""
SHARPNESS = 2.0
"""Factor of the products of queries and keys in a new network."""
LEAST_VARIANCE = 1e-6


class AttentiveBackbone(Backbone):
    """A backbone whose first site attends to tokens; they stand in a code before what the other sites take."""

    def __init__(self, spec: BackboneSpec) -> None:
        super().__init__(spec)
        assert not spec.sixteenth, "the first site is the first one at 1/8"
        self.query = nn.Linear(spec.eighth, KEY, bias=False)
        nn.init.orthogonal_(self.query.weight)

    @property
    def token_size(self) -> int:
        """Returns floats of one token: key, means, mean squares."""
        return KEY + 2 * self.spec.eighth

    @property
    def code_size(self) -> int:
        """Returns D, floats of a code."""
        return TOKENS * self.token_size + self.spec.code_size - 2 * self.spec.eighth

    def tokens(self, codes: Tensor) -> Tensor:
        """Returns the tokens of codes, (..., D) to (..., T, `token_size`)."""
        ahead = codes[..., : TOKENS * self.token_size]
        return ahead.reshape(*codes.shape[:-1], TOKENS, self.token_size)

    def restyle(self, x: Tensor, site: Site) -> Tensor:
        """See `Backbone.restyle`."""
        if site.number == 0:
            return attend(x, self.query, self.tokens(site.codes), site)
        behind = TOKENS * self.token_size - 2 * self.spec.eighth
        return super().restyle(x, replace(site, codes=site.codes[..., behind:]))


def attend(x: Tensor, query: nn.Linear, tokens: Tensor, site: Site) -> Tensor:
    """Restyles every position by the mean and standard deviation of the tokens that it is like.

    With several styles the mixture goes over the tokens of all of them, weighted by their masks. Masks that sum up to
    m leave `1 - m` of x; `first` and `second` are m times the mean and the mean square, which saves dividing by m.

    Args:
        x: features (B, C, H, W).
        query: of normalized features.
        tokens: (G, K, T, `KEY` + 2 C), G is 1 or B.
        site: see `Backbone.restyle`.

    Returns:
        (B, C, H, W), float32.
    """
    height, width, channels = *x.shape[2:], x.shape[1]
    keys, means, squares = torch.split(tokens.float(), [KEY, channels, channels], -1)
    inverse = 1 / site.std  # (B, C)
    asking = inverse[:, :, None] * query.weight.float().T  # (B, C, KEY), of features as they are
    rows = x.float().permute(0, 2, 3, 1).flatten(1, 2)  # (B, H*W, C)
    asked = rows @ asking - site.mean[:, None] @ asking
    likeness = asked[:, None] @ keys.transpose(-1, -2)  # (B, K, H*W, T)
    masks = site.masks[..., :-1]  # (G, H*W, K)
    weights = (likeness.softmax(-1).permute(0, 2, 1, 3) * masks[..., None]).flatten(2)
    first, second = weights @ means.flatten(1, 2), weights @ squares.flatten(1, 2)  # (B, H*W, C)
    share = masks.sum(-1, keepdim=True)
    relative = ((share * second - first.square()).clamp(min=0) + LEAST_VARIANCE).sqrt() * inverse[:, None]
    scale, shift = relative + (1 - share), first - relative * site.mean[:, None]
    scale, shift = (v.view(v.shape[0], height, width, channels).permute(0, 3, 1, 2) for v in (scale, shift))
    restyled: Tensor = x.float() * scale + shift
    return restyled


def _maps(values: Tensor) -> Tensor:
    """Returns (B, C) as (B, C, 1, 1)."""
    return values[:, :, None, None]


class Attention(AdaIN):
    """Style encoder and backbone; a new one can take over AdaIN's weights, and paints the same with them."""

    backbone: AttentiveBackbone

    def __init__(self, spec: BackboneSpec | None = None, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__(spec, 0, widths)
        self.backbone = AttentiveBackbone(self.spec)
        self.code_size = self.backbone.code_size
        eighth = self.spec.eighth
        last = nn.Linear(192, 2 * eighth)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.values = nn.Sequential(nn.Linear(eighth + widths[2], 192), nn.ReLU(), last)
        self.sharpness = nn.Parameter(torch.tensor(SHARPNESS / KEY**0.5))

    def site_code(self, style: Tensor) -> Tensor:
        """Returns what the backbone takes of a style, (B, D), of RGB (B, 3, H, W) in [0, 1], at least 64x64.

        Keys are queries of the picture's own places, as the backbone sees it. Means and deviations of a token differ
        from AdaIN's by what two layers make of its place.
        """
        features = self.style.features(style)
        code, eighth = self.style.to_code(style_statistics(features)), self.spec.eighth
        sigma, beta = code[:, None, :eighth], code[:, None, eighth : 2 * eighth]
        border = F.pad(style, [BORDER] * 4, mode="reflect")
        seen = _places(_normalized(self.backbone.descend(self.backbone.stem(border))[1]))
        keys = self.backbone.query(seen) * self.sharpness
        offset, log_scale = self.values(torch.cat((seen, _places(_normalized(features[2]))), 2)).split(eighth, 2)
        mean = beta + sigma * offset
        deviation = sigma * torch.exp(torch.tanh(log_scale))
        tokens = torch.cat((keys, mean, deviation.square() + mean.square()), 2)
        return torch.cat((tokens.flatten(1), code[:, 2 * eighth :]), 1)

    def sigmas(self, codes: Tensor) -> list[Tensor]:
        """See `ArbitraryStyleNetwork.sigmas`; of the first site, the standard deviation of all tokens together."""
        tokens = self.backbone.tokens(codes)
        mean, square = tokens[..., KEY:].mean(1).chunk(2, 1)
        first = ((square - mean.square()).clamp(min=0) + LEAST_VARIANCE).sqrt()
        behind = codes[:, TOKENS * self.backbone.token_size :]
        return [first, *torch.split(behind, twice(self.spec.sites[1:]), 1)[::2]]


def _normalized(x: Tensor) -> Tensor:
    mean, std = channel_statistics(x)
    return (x.float() - _maps(mean)) / _maps(std)


def _places(x: Tensor) -> Tensor:
    """Averages of features over the places of a picture of any size, (B, C, H, W) to (B, T, C)."""
    fine = F.interpolate(x, size=(FINE_GRID, FINE_GRID), mode="bilinear", align_corners=False)
    return F.avg_pool2d(fine, FINE_GRID // GRID).flatten(2).transpose(1, 2)
