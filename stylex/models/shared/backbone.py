"""The shared backbone: a quarter-resolution network with masked affine modulation.

Everything a feed-forward technique of this package has in common stands here: the content path, the modulation that
restyles it, and the statistics that can be read out and fed back. What differs between techniques is who makes the
codes.

Shape of the network, and why (measured figures in docs/decisions.md):

- one 8x8 convolution of stride 4 enters; its windows overlap, and no convolution runs at full or half resolution, where
  INT8 gains nothing;
- what follows are 3x3 convolutions at 1/4 and 1/8, reflect-padded, in residual blocks two to a pad;
- the way up from 1/8 to 1/4 is a bilinear resize; the one sub-pixel shuffle stands at the very end (ICNR
  initialization).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STYLE_EPSILON = 1e-4
"""Added to a channel's variance before the square root; features are of the order of 1."""


@dataclass(frozen=True)
class BackboneSpec:
    """Widths and depths of a `Backbone`.

    Attributes:
        quarter: channels at 1/4 resolution.
        eighth: channels at 1/8 resolution.
        blocks: residual blocks at 1/8, each behind a modulation site.
        fine_blocks: residual blocks at 1/4, each behind a modulation site.
        sixteenth: channels at 1/16 resolution; 0 for a network that doesn't go there.
        deep_blocks: residual blocks at 1/16, each behind a modulation site.
        least_variance: added to the variance of the content's channels that a site divides by, so that a flat picture
            doesn't become the rounding of its own sums.
    """

    quarter: int = 48
    eighth: int = 96
    blocks: int = 3
    fine_blocks: int = 2
    sixteenth: int = 0
    deep_blocks: int = 0
    least_variance: float = 0.0

    @property
    def levels(self) -> tuple[tuple[int, ...], ...]:
        """Returns the channels of the modulation sites at 1/16, 1/8 and 1/4, in the order of a code."""
        return (self.sixteenth,) * self.deep_blocks, (self.eighth,) * self.blocks, (self.quarter,) * self.fine_blocks

    @property
    def sites(self) -> tuple[int, ...]:
        """Returns the channels of each modulation site."""
        return tuple(width for level in self.levels for width in level)

    @property
    def code_size(self) -> int:
        """Returns the count of two floats per channel and site: (sigma, beta) in a code, (mean, std) in statistics."""
        return 2 * sum(self.sites)

    @property
    def multiple(self) -> int:
        """Returns the pixels that height and width of painted pictures are multiples of."""
        return 2 * MULTIPLE if self.sixteenth else MULTIPLE

    @property
    def receptive_radius(self) -> int:
        """Returns the pixels around a painted pixel that it depends on, where the statistics are frozen.

        From the picture back to the photo: a 3x3 convolution sees one cell further at its resolution, so do the resize
        and the strided convolution where the resolution changes, and the first convolution sees five pixels further.
        """
        quarter = 1 + 2 * self.fine_blocks + 2  # head and blocks; down and entry
        eighth = 1 + 1 + 2 * self.blocks + 2  # resize, up and blocks; encode
        sixteenth = 1 + 1 + 2 * self.deep_blocks if self.sixteenth else 0
        deeper = 1 if self.sixteenth else 0
        return 4 * quarter + 8 * (eighth + deeper) + 16 * sixteenth + 5


MULTIPLE = 8
"""Pixels of a cell at 1/8, down and across; a mask has one value for each."""

FEWEST = 4
"""Cells of the coarsest resolution that a picture must have, down and across: fewer can't be reflected."""

BORDER = 2
"""Pixels of real or reflected picture that the first convolution needs around what is painted."""


def _measure(x: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the mean and standard deviation as one sum and one norm over x as it is; only these are float32.

    In ONNX that is a ReduceMean and a ReduceL2, which run in the layout of the convolutions around them. Subtracting
    the mean first would cost two more passes over x and two transposes. The features are of the order of 1, so that the
    difference of the squares keeps its digits.
    """
    mean = x.mean(3, dtype=torch.float32).mean(2)
    norm = torch.linalg.vector_norm(torch.linalg.vector_norm(x, 2, 3, dtype=torch.float32), 2, 2)
    variance = norm.square() / (x.shape[2] * x.shape[3]) - mean.square()
    return mean, (variance.clamp(min=0) + STYLE_EPSILON).sqrt()


def _measured_as_batches(x: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the mean and standard deviation as `_measure` returns them, each picture a batch of its own."""
    pixels = x.shape[2] * x.shape[3]
    mean, variance = (torch.zeros(x.shape[:2], device=x.device) for _ in range(2))
    for picture, m, v in zip(x, mean, variance, strict=True):
        torch.ops.aten.batch_norm_update_stats(picture[None], m, v, 1.0)
    return mean, (variance * ((pixels - 1) / pixels) + STYLE_EPSILON).sqrt()


class _FastStatistics(torch.autograd.Function):
    """`_measure` in one pass and with a gradient in one pass; single operations took half of a training step.

    What batch normalization measures of one picture is wanted here; torch reads channels-last maps for it only once.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, std = _measured_as_batches(x)
        ctx.save_for_backward(x, mean, std)
        return mean, std

    @staticmethod
    def backward(ctx: Any, grad_mean: Tensor, grad_std: Tensor) -> Tensor:
        x, mean, std = ctx.saved_tensors
        count = x.shape[2] * x.shape[3]
        slope = grad_std / (std * count)
        offset = grad_mean / count - slope * mean
        slope, offset = (v.to(x.dtype)[:, :, None, None] for v in (slope, offset))
        return torch.addcmul(offset, x, slope)


def channel_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the mean and standard deviation of every channel over the picture.

    Args:
        x: features (B, C, H, W), float32 or bfloat16.

    Returns:
        mean and standard deviation, each (B, C), float32; `STYLE_EPSILON` is added to the variance.
    """
    return fast_statistics(x) if torch.is_grad_enabled() and x.requires_grad else _measure(x)


def fast_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """Returns what `channel_statistics` does, by operations that no ONNX graph has."""
    if x.shape[2] * x.shape[3] == 1:
        return _measure(x)  # a batch of one pixel has no variance
    mean, std = _FastStatistics.apply(x)  # type: ignore[no-untyped-call]  # torch ships `apply` untyped
    return mean, std


def modulate(x: Tensor, sigma: Tensor, beta: Tensor, masks: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Modulates features under masks: `(1 - sum m_k) x + sum m_k (sigma_k (x - mean) / std + beta_k)`.

    With a single style and a mask of ones this is adaptive instance normalization (Huang and Belongie 2017, eq. 8). It
    is computed as `x * scale + shift`, whose two maps come from (H*W, K) by (K, C) products, so that a second style
    costs nothing that shows; channels come last in them, as in the convolutions around. The 1 of `1 - sum m_k` is one
    more row.

    Args:
        x: features (B, C, H, W).
        sigma, beta: (G, K, C), where G is 1 or B.
        masks: (G, H*W, K + 1), in units of strength: 0 keeps x, 1 restyles it; the last column is 1, see `flat_masks`.
        mean, std: content statistics (B, C).

    Returns:
        (B, C, H, W), float32.
    """
    height, width = x.shape[2:]
    gain = sigma / std[:, None] - 1  # (B, K, C)
    offset = beta - sigma * (mean / std)[:, None]
    ones = torch.ones_like(std)[:, None]
    scale = masks @ torch.cat((gain, ones), 1)  # (B, H*W, C)
    shift = masks @ torch.cat((offset, 0 * ones), 1)
    scale, shift = (v.view(v.shape[0], height, width, v.shape[2]).permute(0, 3, 1, 2) for v in (scale, shift))
    return x.float() * scale + shift


def flat_masks(masks: Tensor) -> Tensor:
    """Returns masks (G, K, H, W) as `modulate` takes them, (G, H*W, K + 1)."""
    flat = masks.flatten(2).transpose(1, 2)
    return torch.cat((flat, torch.ones_like(flat[:, :, :1])), 2)


class PaddedConv(nn.Module):
    """A 3x3 convolution behind a reflecting pad; `pad=2` leaves a rim for the convolution that follows."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, pad: int = 1) -> None:
        super().__init__()
        self.pad = pad
        self.conv = nn.Conv2d(inputs, outputs, 3, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Returns features (B, C, H, W), H and W greater than `pad`."""
        convolved: Tensor = self.conv(F.pad(x, [self.pad] * 4, mode="reflect"))
        return convolved


class ResidualBlock(nn.Module):
    """`x + conv(relu(conv(x)))`, without normalization, one pad for both convolutions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = PaddedConv(channels, channels, pad=2)
        self.second = nn.Conv2d(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Converts features (B, C, H, W) to features of the same shape."""
        changed: Tensor = self.second(F.relu(self.first(x)))
        return x + changed


class Trunk(nn.Module):
    """The content path: from a padded photo down to 1/8 resolution and back up to a picture.

    It has no normalization. What happens at its modulation sites is up to who calls `paint`.
    """

    def __init__(self, spec: BackboneSpec) -> None:
        super().__init__()
        self.spec = spec
        quarter, eighth = spec.quarter, spec.eighth
        self.stem = nn.Conv2d(3, quarter, 8, 4)
        self.entry = PaddedConv(quarter, quarter)
        self.down = PaddedConv(quarter, eighth, stride=2)
        self.encode = ResidualBlock(eighth)
        if spec.sixteenth:
            self.deeper = PaddedConv(eighth, spec.sixteenth, stride=2)
            self.deep = nn.ModuleList(ResidualBlock(spec.sixteenth) for _ in range(spec.deep_blocks))
            self.rise = PaddedConv(spec.sixteenth, eighth)
        self.coarse = nn.ModuleList(ResidualBlock(eighth) for _ in range(spec.blocks))
        self.up = PaddedConv(eighth, quarter)
        self.skip = nn.Conv2d(quarter, quarter, 1)
        self.fine = nn.ModuleList(ResidualBlock(quarter) for _ in range(spec.fine_blocks))
        self.head = PaddedConv(quarter, 48)
        self._initialize()

    def _initialize(self) -> None:
        """Sets small residual branches, ICNR for the shuffle (Aitken et al. 2017), mid-grey to begin with."""
        for module in self.modules():
            if isinstance(module, ResidualBlock):
                module.second.weight.data.mul_(0.5)
        weight = self.head.conv.weight.data
        weight.copy_(weight[::16].repeat_interleave(16, 0))
        assert self.head.conv.bias is not None
        self.head.conv.bias.data.fill_(0.5)

    def descend(self, entered: Tensor) -> tuple[Tensor, Tensor]:
        """Returns features at 1/4 and at 1/8 of what `stem` makes of pictures; see `paint`."""
        q = F.relu(self.entry(F.relu(entered)))
        return q, self.encode(F.relu(self.down(q)))

    def paint(self, entered: Tensor, site: Callable[[Tensor], Tensor] = lambda x: x) -> Tensor:
        """Paints pictures.

        Args:
            entered: what `stem` makes of RGB (B, 3, H + 4, W + 4), H and W multiples of `spec.multiple`: `BORDER`
                pixels more on each side.
            site: what the features are put through in front of every block at 1/16, at 1/8, then at 1/4.

        Returns:
            RGB (B, 3, H, W), not clamped.
        """
        q, x = self.descend(entered)
        if self.spec.sixteenth:
            y = F.relu(self.deeper(F.relu(x)))
            for block in self.deep:
                y = block(site(y))
            x = x + doubled(self.rise(F.relu(y)))
        for block in self.coarse:
            x = block(site(x))
        x = doubled(self.up(F.relu(x))) + self.skip(q)
        for block in self.fine:
            x = block(site(x))
        return F.pixel_shuffle(self.head(F.relu(x)), 4)


def through_clamp(painted: Tensor) -> Tensor:
    """Returns pictures clamped to [0, 1]; the gradient passes where the clamp cuts."""
    return painted + (painted.clamp(0, 1) - painted).detach()


def doubled(x: Tensor) -> Tensor:
    """Returns features (B, C, H, W) at twice the resolution, bilinear."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


@dataclass(frozen=True)
class Site:
    """Holds the inputs of a modulation site.

    Attributes:
        number: of the site, from 0.
        codes: of every style, (G, K, D), where G is 1 or B.
        masks: of the site's resolution, (G, H*W, K + 1), see `flat_masks`.
        mean, std: of the content's channels, (B, C).
    """

    number: int
    codes: Tensor
    masks: Tensor
    mean: Tensor
    std: Tensor


class Backbone(Trunk):
    """Content path with modulation sites at 1/8 and 1/4 resolution, and at 1/16 where the spec has it."""

    def forward(
        self, content: Tensor, codes: Tensor, masks: Tensor, frozen: Tensor, freeze: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Paints pictures.

        Args:
            content: RGB in [0, 1], (B, 3, H + 4, W + 4), H and W multiples of `spec.multiple`: `BORDER` pixels more on
                each side.
            codes: (K, D), or (B, K, D) for codes of its own for every picture.
            masks: (K, 1, H/8, W/8), or (B, K, H/8, W/8); 0 is the photo, 1 the style.
            frozen: statistics to use, (B, S), as an earlier call returned them.
            freeze: (1,), 1 to use `frozen`, 0 to measure the content.

        Returns:
            RGB (B, 3, H, W), not clamped, and the statistics that were measured (B, S): mean and standard deviation of
            every site. What is used of them is up to `freeze`.
        """
        codes, masks = _grouped(codes, masks)
        levels = [F.avg_pool2d(masks, 2)] if self.spec.sixteenth else [masks]
        levels += [masks, F.interpolate(masks, scale_factor=2, mode="nearest")]
        flat = [flat_masks(m) for m, widths in zip(levels, self.spec.levels, strict=True) for _ in widths]
        used, at = frozen.float(), 0
        statistics: list[Tensor] = []

        def site(x: Tensor) -> Tensor:
            nonlocal at
            width, number = x.shape[1], len(statistics) // 2
            mean, std = channel_statistics(x)
            statistics.extend((mean, std))
            mean = mean + freeze * (used[:, at : at + width] - mean)
            std = std + freeze * (used[:, at + width : at + 2 * width] - std)
            at += 2 * width
            if self.spec.least_variance:
                std = (std.square() + self.spec.least_variance).sqrt()
            return self.restyle(x, Site(number, codes, flat[number], mean, std))

        return self.paint(self.stem(content), site), torch.cat(statistics, 1)

    def restyle(self, x: Tensor, site: Site) -> Tensor:
        """Returns features (B, C, H, W) in the styles' manner: by sigma and beta, which a code lists site by site."""
        at, width = 2 * sum(self.spec.sites[: site.number]), x.shape[1]
        sigma, beta = site.codes[..., at : at + width], site.codes[..., at + width : at + 2 * width]
        return modulate(x, sigma, beta, site.masks, site.mean, site.std)


def _grouped(codes: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Brings (K, D) and (K, 1, h, w), the shapes of the exported graph, to (1, K, D) and (1, K, h, w)."""
    if codes.ndim == 2:
        return codes[None], masks.transpose(0, 1)
    return codes, masks
