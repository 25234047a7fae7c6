"""Losses that the techniques are trained with, over pictures and over activations of the loss networks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from stylex.models.encoders.features import Features
from stylex.models.shared.backbone import fast_statistics

Statistics = dict[str, tuple[Tensor, Tensor]]
"""Mean and standard deviation (B, C) by layer name."""

FAINTEST = 2 / 255
"""Amplitude of detail that can't be seen."""

FLAT = 12 / 255
"""Deviation of a window's colours up to which it is flat."""

CONTRAST_FLOOR = 0.03**2
"""Keeps the contrast of flat areas from counting (Wang et al. 2003)."""


def statistics(features: Features) -> Statistics:
    """Returns mean and standard deviation of every layer's channels."""
    return {name: fast_statistics(x) for name, x in features.items()}


def pooled(many: Sequence[Statistics]) -> Statistics:
    """Returns the statistics of all pictures of all batches together, each (1, C)."""
    found = {}
    for name in many[0]:
        means, deviations = (torch.cat([one[name][i] for one in many]) for i in (0, 1))
        mean = means.mean(0, keepdim=True)
        found[name] = (mean, (deviations.square() + (means - mean).square()).mean(0, keepdim=True).sqrt())
    return found


def interpolate(a: Statistics, b: Statistics, weight: Tensor) -> Statistics:
    """Returns the statistics on the way from `a` (weight 0) to `b` (weight 1); weight is (B,)."""
    w = weight[:, None]
    return {name: (a[name][0].lerp(b[name][0], w), a[name][1].lerp(b[name][1], w)) for name in a}


def style_loss(have: Statistics, want: Statistics, layers: tuple[str, ...] | None = None) -> Tensor:
    """Penalizes the distance of statistics: squared, relative to the wanted ones' size at every layer, summed.

    The relative form lets layers of different scale count alike (Huang and Belongie 2017, equation 13, without it).

    Returns:
        one loss for every picture, (B,).
    """
    total: Tensor | None = None
    for name in layers or have:
        (mean, std), (target_mean, target_std) = have[name], want[name]
        scale = target_mean.square().mean(1) + target_std.square().mean(1)
        distance = (mean - target_mean).square().mean(1) + (std - target_std).square().mean(1)
        total = distance / scale if total is None else total + distance / scale
    assert total is not None, "no layers"
    return total


def gram_matrices(features: Features) -> dict[str, Tensor]:
    """Returns the mean products of every layer's channels, (B, C, C) float32 (Gatys et al. 2016, equation 3)."""
    found = {}
    for name, x in features.items():
        with torch.autocast(x.device.type, enabled=False):
            flat = x.float().flatten(2)
            found[name] = flat @ flat.transpose(1, 2) / flat.shape[2]
    return found


def gram_loss(have: dict[str, Tensor], want: dict[str, Tensor]) -> Tensor:
    """Penalizes the distance of Gram matrices: squared, relative to the wanted one's square, summed over layers; (B,).

    The papers (Gatys et al. 2016; Johnson et al. 2016, equation 4) have fixed factors in place of the wanted square.
    """
    parts = [(have[name] - want[name]).square().sum((1, 2)) / want[name].square().sum((1, 2)) for name in have]
    return torch.stack(parts).sum(0)


def content_loss(have: Tensor, want: Tensor) -> Tensor:
    """Penalizes lost content: mean squared distance of instance-normalized features; (B,)."""
    return (_normalized(have) - _normalized(want)).square().mean((1, 2, 3))


def total_variation(x: Tensor) -> Tensor:
    """Penalizes roughness: mean squared difference of neighbouring pixels; (B,)."""
    down, right = x[:, :, 1:] - x[:, :, :-1], x[:, :, :, 1:] - x[:, :, :, :-1]
    return down.square().mean((1, 2, 3)) + right.square().mean((1, 2, 3))


def structure(x: Tensor, photo: Tensor, window: int = 8, scales: int = 4) -> Tensor:
    """Penalizes lost structure of the photo: 1 less the contrast-structure term of MS-SSIM; (B,).

    Wang et al. 2003, equations 2 and 3, averaged over scales instead of multiplied, over square windows instead of
    Gaussian ones, which the whole picture is covered with half overlapping.
    """
    total = x.new_zeros(len(x))
    for scale in range(scales):
        if scale:
            x, photo = F.avg_pool2d(x, 2), F.avg_pool2d(photo, 2)
        a, b, aa, bb, ab = (F.avg_pool2d(v, window, window // 2) for v in (x, photo, x * x, photo * photo, x * photo))
        similar = (2 * (ab - a * b) + CONTRAST_FLOOR) / (aa - a * a + bb - b * b + CONTRAST_FLOOR)
        total = total + similar.mean((1, 2, 3))
    return 1 - total / scales


def local_style(have: Tensor, photo: Tensor, style: Tensor) -> Tensor:
    """Penalizes the distance to the style's features where they are like the photo's: AdaAttN's local loss; (B,).

    Liu et al. 2021, equation 9, without weights of its own: softmax of the normalized features' likeness, and by it
    mean and standard deviation of the style's features for every position, which the normalized photo's are given.
    """
    with torch.no_grad():
        query, key = (_normalized(v).flatten(2) for v in (photo, style))  # (B, C, N)
        value = style.float().flatten(2)
        weights = (query.transpose(1, 2) @ key).softmax(-1).transpose(1, 2)  # (B, M, N)
        mean, square = value @ weights, value.square() @ weights
        wanted = (square - mean.square()).clamp(min=0).sqrt() * query + mean
        scale = wanted.square().mean((1, 2))
    return (have.float().flatten(2) - wanted).square().mean((1, 2)) / scale


def checkerboard(x: Tensor, period: int = 8, repeats: int = 4) -> Tensor:
    """Penalizes checkerboard artifacts: the share of the fine detail that repeats on the network's own grid; (B,).

    Pictures repeat there only by chance (Odena et al. 2016 show why networks do).

    Sub-pixel shuffles and strided convolutions leave patterns of period 4 and 8 in flat areas. The picture is
    high-passed and cut into cells of `repeats` periods; in every cell the power of the mean over the periods is set
    against the cell's whole power. In a photo it is one part in `repeats` squared, in a checkerboard all of it. The
    whole power is taken as given, so that the gradient removes what repeats and adds nothing; detail below `FAINTEST`
    doesn't count.
    """
    x = _fine_detail(x)
    cell = period * repeats
    rows, columns = x.shape[2] // cell, x.shape[3] // cell
    assert rows and columns, f"no cell of {cell} pixels fits into {tuple(x.shape[2:])}"
    cut = x[:, :, : rows * cell, : columns * cell]
    cells = cut.reshape(*x.shape[:2], rows, repeats, period, columns, repeats, period)
    phases = cells.mean((3, 6))  # (B, C, rows, period, columns, period)
    repeating = (phases - phases.mean((3, 5), keepdim=True)).square().mean((1, 3, 5))  # (B, rows, columns)
    whole = cells.detach().square().mean((1, 3, 4, 6, 7))
    share: Tensor = repeating / (whole + FAINTEST**2)
    return share.mean((1, 2))


def flat_area_noise(x: Tensor, photo: Tensor) -> Tensor:
    """Penalizes noise in flat areas: the power of the fine detail of x where the photo has none; (B,).

    Echoes of nearby edges settle in skies and walls, where nothing in the photo holds them. A place counts the more,
    the less the photo's own fine detail, over 9x9 pixels, rises above `FAINTEST`.
    """
    roughness = F.avg_pool2d(_fine_detail(photo).square().mean(1, keepdim=True), 9, 1, 4)
    flat = 1 / (1 + (roughness / (2 * FAINTEST) ** 2).square())
    return (flat * _fine_detail(x).square()).mean((1, 2, 3))


def iridescence(x: Tensor, photo: Tensor, window: int = 32) -> Tensor:
    """Penalizes colours that change where the photo is flat, such as bands of pink and green beside an edge; (B,).

    The variance of two opponent colours, red less green and yellow less blue, over windows that overlap by three
    quarters. A window counts the more, the less the photo's own deviation there rises above `FLAT`.

    Args:
        x, photo: RGB (B, 3, H, W) in [0, 1].
    """
    red, green, blue = x.unbind(1)
    opponents = torch.stack((red - green, (red + green) / 2 - blue), 1)
    varied = _local_variance(opponents, window).sum(1)
    flat = 1 / (1 + (_local_variance(photo, window).sum(1) / FLAT**2).square())
    return (flat * varied).mean((1, 2))


def _local_variance(x: Tensor, window: int) -> Tensor:
    mean, square = (F.avg_pool2d(v, window, window // 4) for v in (x, x.square()))
    return (square - mean.square()).clamp(min=0)


def _fine_detail(x: Tensor) -> Tensor:
    """Returns a picture less its 5x5 mean: its high frequencies."""
    return x - F.avg_pool2d(F.pad(x, [2] * 4, mode="reflect"), 5, 1)


def out_of_range(x: Tensor) -> Tensor:
    """Penalizes pixels outside of [0, 1] by their mean distance from it; (B,)."""
    return (x - x.clamp(0, 1)).abs().mean((1, 2, 3))


def _normalized(x: Tensor) -> Tensor:
    mean, std = fast_statistics(x)
    return (x.float() - mean[:, :, None, None]) / (std[:, :, None, None] + 1e-2)


def random_crops(x: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """Returns one crop of `size` pixels, at the same random place in every picture of the batch."""
    top, left = (int(torch.randint(0, side - size + 1, (1,), generator=generator)) for side in x.shape[2:])
    return x[:, :, top : top + size, left : left + size]
