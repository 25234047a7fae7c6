"""Loss terms and tensor helpers that the training of every stylizing network shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from stylex.models.encoders.features import Features
from stylex.models.encoders.loss_networks import LossNetworks
from stylex.models.shared.backbone import BORDER, MULTIPLE, through_clamp
from stylex.models.training import losses


@dataclass(frozen=True)
class PaintingSettings:
    """Weights of the shared losses and shape of the batches.

    Attributes:
        size: pixels of the training crops, a multiple of 8.
        batch: pictures in a step.
        crop: pixels of the crops that the real VGG-19 sees.
        content: weight of the normalized features at relu4_1.
        style: weight of the statistics of the slim VGG-19, relu1_1 to relu5_1, over the whole picture.
        texture: weight of the statistics of the real VGG-19, relu1_1 to relu3_1, over crops.
        total_variation: weight of the squared total variation.
        checkerboard: weight of checkerboard artifacts, which repeat on the network's own grid.
        shift: weight of the change when the photo moves by some pixels.
        shifted: pictures of a batch that are painted a second time for it, 0 for none.
        flat_area_noise: weight of noise in flat areas: fine detail where the photo has none.
        noise: largest standard deviation of the noise added to the photo, which keeps flat areas free of patterns.
        hold_out: share of the files that training never sees.
        grid: pixels of the network's own grid, a divisor of `size`.
    """

    size: int = 192
    batch: int = 8
    crop: int = 96
    content: float = 1.0
    style: float = 2.5
    texture: float = 2.5
    total_variation: float = 2.0
    checkerboard: float = 4.0
    shift: float = 100.0
    shifted: int = 4
    flat_area_noise: float = 600.0
    noise: float = 0.02
    hold_out: float = 0.05
    grid: int = MULTIPLE


def texture_statistics(networks: LossNetworks, x: Tensor, size: int, rng: np.random.Generator) -> losses.Statistics:
    """Returns statistics of the network for crops over one crop of `size` pixels of every picture.

    Args:
        x: RGB (B, 3, H, W) in [0, 1]; the crop is at the same random place in each.
    """
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    found: Features = networks.vgg(packed(losses.random_crops(x, size, generator)))
    return losses.statistics(found)


def wide_photos(photos: npt.NDArray[np.uint8], size: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Returns pictures with room to move, the part that the network is given, and the part that it paints.

    Args:
        photos: (B, S, S, 3) uint8, S pixels as `wide_side` says.

    Returns:
        RGB in [0, 1]: the whole, (B, 3, size + 2 BORDER, ...) and (B, 3, size, size).
    """
    wide = tensor(photos, device)
    content = wide[:, :, : size + 2 * BORDER, : size + 2 * BORDER]
    return wide, content, content[:, :, BORDER:-BORDER, BORDER:-BORDER]


def wide_side(s: PaintingSettings) -> int:
    """Returns the side of a picture that is painted with room to move by less than the network's own grid."""
    return s.size + 2 * BORDER + s.grid - 1


def noisy(content: Tensor, most: float, rng: np.random.Generator) -> Tensor:
    """Returns the content with noise of a random standard deviation up to `most`."""
    noise = rng.normal(0, rng.uniform(0, most), content.shape)
    return content + torch.from_numpy(noise.astype(np.float32)).to(content.device)


def common_losses(
    s: PaintingSettings,
    painted: Tensor,
    photo: Tensor,
    features: Features,
    photo_features: Features,
) -> dict[str, Tensor]:
    """Returns the content loss and the losses against invented detail."""
    content = s.content * losses.content_loss(features["4_1"], photo_features["4_1"]).mean()
    return {"content": content} | regularizers(s, painted, photo)


def regularizers(s: PaintingSettings, painted: Tensor, photo: Tensor) -> dict[str, Tensor]:
    """Returns the losses against invented detail: total variation, checkerboard, flat-area noise, range."""
    clamped = through_clamp(painted)
    return {
        "total_variation": s.total_variation * losses.total_variation(painted).mean(),
        "checkerboard": s.checkerboard * losses.checkerboard(clamped, s.grid).mean(),
        "flat_area_noise": s.flat_area_noise * losses.flat_area_noise(clamped, photo).mean(),
        "range": losses.out_of_range(painted).mean(),
    }


def shift_loss(
    s: PaintingSettings, paint: Callable[[Tensor], Tensor], wide: Tensor, painted: Tensor, rng: np.random.Generator
) -> Tensor:
    """Penalizes changes of the picture when the photo moves by less than the network's own grid.

    Squared difference of the last pictures of the batch to the same photos painted some pixels further, where both
    overlap. It is what takes the scales out of flat areas: they stand on an 8-pixel grid and don't move with the photo.

    Args:
        paint: paints the last `s.shifted` pictures of the batch, noise included.
        wide: the photos with room to move, see `wide_photos`.
        painted: what was painted of them, (B, 3, size, size).
    """
    last = slice(-s.shifted, None)
    down, right = (int(d) for d in rng.integers(0, s.grid, 2))
    side = s.size + 2 * BORDER
    with torch.autocast(wide.device.type, torch.bfloat16):
        again = paint(wide[last, :, down : down + side, right : right + side])
    a, b = painted[last, :, down:, right:], again[:, :, : s.size - down, : s.size - right]
    inner = slice(s.grid, -s.grid)
    gap: Tensor = (a - b)[:, :, inner, inner]
    return gap.square().mean()


def tensor(pictures: npt.NDArray[np.uint8], device: torch.device) -> Tensor:
    """Converts (B, H, W, 3) uint8 to (B, 3, H, W) float32 in [0, 1], channels last."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).to(device).permute(0, 3, 1, 2).float().div(255)


def pictures(planes: Tensor) -> npt.NDArray[np.uint8]:
    """Converts (B, 3, H, W) in [0, 1] to (B, H, W, 3) uint8, rounded."""
    return planes.clamp(0, 1).mul(255).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def with_border(photos: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Pads photos by `BORDER` reflected pixels: (B, H, W, 3) to (B, H + 4, W + 4, 3)."""
    around = (BORDER, BORDER)
    return np.pad(photos, ((0, 0), around, around, (0, 0)), mode="reflect")


def packed(x: Tensor) -> Tensor:
    """Returns the same tensor, channels last."""
    return x.contiguous(memory_format=torch.channels_last)
