"""Trains the upscaler: photos and paintings, halved, against themselves."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.models.training.batches import packed, pictures, tensor
from stylex.models.training.data import Picture, PictureFolder, load_folder
from stylex.models.training.recipe import Recipe
from stylex.models.training.request import Request
from stylex.models.upscaler.network import SCALE, Upscaler
from stylex.techniques import row_named

USUAL = row_named("upscaler").training
SHARPEST = "bsds-"
"""Photos whose names begin so are drawn more often: they were never reduced for a classifier."""
WELL_SEEN = 100.0
"""Losses are told in hundredths of the range, so that the gradient isn't lost in Adam's epsilon."""


@dataclass(frozen=True)
class UpscalerSettings:
    """Shape of the batches.

    Attributes:
        size: pixels of the crops that are to be restored, a multiple of 8.
        batch: crops in a step.
        paintings: share of them that comes from the paintings, where there are any.
        spread: a crop is taken from the picture as it is, or reduced by up to this factor: reduced ones are sharper.
        hold_out: share of the files that training never sees.
    """

    size: int = USUAL.size
    batch: int = USUAL.batch
    paintings: float = 0.25
    spread: float = 2.0
    hold_out: float = USUAL.hold_out


class UpscalerRecipe(Recipe):
    """Training of the upscaler.

    Args:
        content: folder of photos.
        style: folder of paintings; None to see photos only.
    """

    name = "upscaler"
    network: Upscaler

    def __init__(self, content: Path, style: Path | None, settings: UpscalerSettings) -> None:
        self.settings = settings
        held = settings.hold_out
        self.photos = load_folder(content, 480, favour=SHARPEST, hold_out=held)
        self.paintings = load_folder(style, 480, favour="hi-", hold_out=held) if style else None

    @classmethod
    def from_request(cls, request: Request) -> UpscalerRecipe:
        """Returns the training that is asked for."""
        return cls(request["content"], request["style"], UpscalerSettings(**request.shape))

    @property
    def folders(self) -> tuple[PictureFolder, ...]:
        """See `Recipe.folders`."""
        return (self.photos,) if self.paintings is None else (self.photos, self.paintings)

    def initial_network(self) -> Upscaler:
        """Returns a new network."""
        return Upscaler()

    def step(self, rng: np.random.Generator, device: torch.device) -> tuple[Tensor, dict[str, float]]:
        """Returns the loss of one batch: the mean absolute difference, as ESPCN's successors use it."""
        large = self._crops(rng)
        small = packed(tensor(np.stack([halved(one) for one in large]), device))
        wanted = packed(tensor(large, device))
        with torch.autocast(device.type, torch.bfloat16):
            detail = self.network.detail(small)
        restored = F.pixel_shuffle(self.network.plain(small) + detail.float(), SCALE)
        inner = slice(SCALE * self.network.border, -SCALE * self.network.border)
        gap = (restored - wanted)[:, :, inner, inner]
        loss = WELL_SEEN * gap.abs().mean()
        return loss, {"difference": float(loss.detach()), "psnr": -10 * float(gap.detach().square().mean().log10())}

    def _crops(self, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
        """Returns (batch, size, size, 3) uint8."""
        s = self.settings
        painted = 0 if self.paintings is None else int(rng.binomial(s.batch, s.paintings))
        drawn = [self._draw(self.photos, rng) for _ in range(s.batch - painted)]
        if self.paintings is not None:
            drawn += [self._draw(self.paintings, rng) for _ in range(painted)]
        return np.stack(drawn)

    def _draw(self, folder: PictureFolder, rng: np.random.Generator) -> Picture:
        picture = folder.pictures[int(rng.choice(len(folder.pictures), p=folder.weights))]
        return sharp_crop(picture, self.settings.size, self.settings.spread, rng)

    @torch.no_grad()
    def sample(self, network: nn.Module) -> npt.NDArray[np.uint8]:
        """Returns four crops, always the same ones: bicubic, enlarged by the network, as they were."""
        large = self._crops(np.random.default_rng(7))[:4]
        small = np.stack([halved(one) for one in large])
        plain = np.stack([cv2.resize(s, large.shape[2:0:-1], interpolation=cv2.INTER_CUBIC) for s in small])
        restored = pictures(network(tensor(small, torch.device("cpu"))))
        rows = [np.concatenate(list(row), 1) for row in (plain, restored, large)]
        return np.asarray(np.concatenate(rows, 0), np.uint8)

    def describe(self) -> dict[str, Any]:
        """Returns data and settings for the training card."""
        data = {"content": self.photos.description()}
        if self.paintings is not None:
            data["style"] = self.paintings.description()
        return {"data": data, "settings": asdict(self.settings)}


def halved(picture: Picture) -> Picture:
    """Returns (H, W, 3) at half the size, every pixel the mean of four; H and W even."""
    height, width = picture.shape[:2]
    return np.asarray(cv2.resize(picture, (width // SCALE, height // SCALE), interpolation=cv2.INTER_AREA), np.uint8)


def sharp_crop(picture: Picture, size: int, spread: float, rng: np.random.Generator) -> Picture:
    """Returns a random crop (size, size, 3), turned or flipped, of the picture or of it reduced by up to `spread`."""
    height, width = picture.shape[:2]
    side = min(int(size * spread ** rng.uniform(0, 1)) if rng.random() < 0.5 else size, height, width)
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    cut = picture[top : top + side, left : left + side]
    if side != size:
        method = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
        cut = np.asarray(cv2.resize(cut, (size, size), interpolation=method), np.uint8)
    turned = np.rot90(cut, int(rng.integers(4)))
    return np.ascontiguousarray(turned[:, ::-1] if rng.random() < 0.5 else turned)
