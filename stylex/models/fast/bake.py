"""A style code and the average photo's statistics and palette, folded into the convolutions of a network without sites.

With sigma, beta, mean and std fixed, a modulation site is one factor and one summand a channel. Both go into the
convolutions around it: a factor runs back along the residual stream to the convolution that opened it; the blocks on
the way divide it out where they read and put it on where they write. The maps of palettes around AdaIN are linear and
go into the first and the last convolution.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from stylex.imaging.palette import MOST_AFTER, MOST_BEFORE
from stylex.imaging.sizes import PALETTE_SIZE
from stylex.models.adain.network import AdaIN
from stylex.models.fast.network import FAST_SPEC, Fast, entered, exposure, normalized
from stylex.models.shared import palette
from stylex.models.shared.backbone import BackboneSpec, ResidualBlock, Trunk, channel_statistics
from stylex.models.training.pruning import deeper_name

Affine = tuple[Tensor, Tensor]
"""Factor (positive) and summand, each (C,)."""


@torch.no_grad()
def baked(adain: AdaIN, code: Tensor, photos: Tensor, spec: BackboneSpec = FAST_SPEC) -> Fast:
    """Returns a network of a single style, as deep as `spec` says: of AdaIN's blocks and sites the last ones stay.

    Where no block is left out, a photo with the average statistics comes out as AdaIN paints it.

    Args:
        code: (D + 9,), of the style.
        photos: RGB (B, 3, H + 4, W + 4) in [0, 1], to average the statistics over.
    """
    network = Fast(spec)
    trunk = network.trunk
    kept = adain.backbone.state_dict()
    trunk.load_state_dict({name: kept[deeper_name(name, adain.spec, spec)] for name in trunk.state_dict()})
    code, style = code[:-PALETTE_SIZE], palette.of_numbers(code[None, -PALETTE_SIZE:])
    _recolor_input(trunk.stem, palette.transport(_pooled_palette(normalized(photos)), style, MOST_BEFORE))
    parts = torch.split(code, [c for site in adain.spec.sites for c in (site, site)])
    sites = list(zip(parts[::2], parts[1::2], strict=True))
    chosen = sites[adain.spec.blocks - spec.blocks : adain.spec.blocks] + sites[len(sites) - spec.fine_blocks :]
    affines = _measured(trunk, entered(trunk, photos, exposure(photos)), chosen)
    _fold([trunk.down.conv], [trunk.encode, *trunk.coarse], affines[: spec.blocks], opened=True)
    _fold([trunk.up.conv, trunk.skip], [*trunk.fine], affines[spec.blocks :], opened=False)
    painted = trunk.paint(entered(trunk, photos, exposure(photos))).clamp(0, 1)
    _recolor_output(trunk.head.conv, palette.transport(_pooled_palette(painted), style, MOST_AFTER))
    return network


def _pooled_palette(x: Tensor) -> palette.Palette:
    """Returns the palette of all pictures of a batch (B, 3, H, W) together, as a batch of one."""
    means, covariances = palette.measured(x)
    mean = means.mean(0, keepdim=True)
    apart = means - mean
    return mean, covariances.mean(0, keepdim=True) + (apart.T @ apart / len(x))[None]


def _recolor_input(conv: nn.Conv2d, colors: palette.ColorMap) -> None:
    """Lets a convolution of pictures take them as they were before a map of their colours, in place."""
    (matrix, offset), bias = (v[0].to(conv.weight.dtype) for v in colors), conv.bias
    assert bias is not None
    bias.add_(torch.einsum("ojhw,j->o", conv.weight, offset))
    conv.weight.copy_(torch.einsum("ojhw,ji->oihw", conv.weight, matrix))


def _recolor_output(conv: nn.Conv2d, colors: palette.ColorMap) -> None:
    """Lets the convolution in front of the last shuffle paint what a map of its colours makes of them, in place."""
    (matrix, offset), bias = (v[0].to(conv.weight.dtype) for v in colors), conv.bias
    assert bias is not None
    weight = conv.weight.view(3, -1, *conv.weight.shape[1:])  # the shuffle takes the channels colour by colour
    conv.weight.copy_(torch.einsum("ij,jsohw->isohw", matrix, weight).reshape(conv.weight.shape))
    bias.copy_((matrix @ bias.view(3, -1) + offset[:, None]).flatten())


def _measured(trunk: Trunk, stemmed: Tensor, sites: Sequence[Affine]) -> list[Affine]:
    """Returns the affine map of every site for the average photo, measured with the sites before it in force."""
    found: list[Affine] = []

    def site(x: Tensor) -> Tensor:
        sigma, beta = sites[len(found)]
        means, deviations = channel_statistics(x)
        mean = means.mean(0)
        std = (deviations.square() + (means - mean).square()).mean(0).sqrt()
        found.append((sigma / std, beta - sigma * mean / std))
        scale, shift = (v.view(1, -1, 1, 1) for v in found[-1])
        return x * scale + shift

    trunk.paint(stemmed, site)
    return found


def _fold(openers: Sequence[nn.Conv2d], blocks: Sequence[nn.Module], sites: Sequence[Affine], *, opened: bool) -> None:
    """Folds the sites of one residual stream into its convolutions, in place.

    Args:
        openers: convolutions whose sum is the input of the residual stream.
        blocks: those on the stream; a site stands in front of each.
        opened: True if `blocks[0]` has no modulation site.
    """
    ones = torch.ones_like(sites[0][0])
    ahead = [*itertools.accumulate((scale for scale, _ in reversed(sites)), torch.mul, initial=ones)][::-1]
    for conv in openers:
        _scale_outputs(conv, ahead[0])
    writers = [b.second for b in blocks if isinstance(b, ResidualBlock)]
    before = writers if opened else [openers[0], *writers]
    readers = ahead if opened else ahead[1:]
    for block, factor in zip(blocks, readers, strict=True):
        assert isinstance(block, ResidualBlock)
        block.first.conv.weight.div_(factor.view(1, -1, 1, 1))
        _scale_outputs(block.second, factor)
    for conv, (_, shift), factor in zip(before, sites, ahead[1:], strict=False):
        assert conv.bias is not None
        conv.bias.add_(shift * factor)


def _scale_outputs(conv: nn.Conv2d, factor: Tensor) -> None:
    assert conv.bias is not None
    conv.weight.mul_(factor.view(-1, 1, 1, 1))
    conv.bias.mul_(factor)
