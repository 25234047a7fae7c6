"""Trains a network of a single style, from scratch or from a baked AdaIN code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from stylex.models.adain import embedded
from stylex.models.adain.network import AdaIN
from stylex.models.encoders.loss_networks import LossNetworks
from stylex.models.fast.bake import baked
from stylex.models.fast.network import STATISTICS, Fast
from stylex.models.fast.styles import Style, code_style, picture_style
from stylex.models.shared.backbone import through_clamp
from stylex.models.training import losses
from stylex.models.training.batches import (
    PaintingSettings,
    common_losses,
    noisy,
    pictures,
    shift_loss,
    tensor,
    texture_statistics,
    wide_photos,
    wide_side,
    with_border,
)
from stylex.models.training.data import PictureFolder, crop, load_folder
from stylex.models.training.recipe import Recipe, total
from stylex.models.training.request import Request
from stylex.techniques import technique_named

STYLE_CROPS = 48
"""Number of crops of the style picture over which its statistics are averaged."""
USUAL = technique_named("fast").training
BAKED_PHOTOS = 32
"""Number of photos over which the content statistics that are folded in are averaged."""


@dataclass(frozen=True)
class FastSettings(PaintingSettings):
    """Weights of the losses and shape of the batches, from scratch and baked.

    Larger crops than AdaIN's, since a single style needs fewer pictures a step and its strokes are to be long; freer in
    flat areas, where a style of one's own may put its strokes.
    """

    size: int = USUAL.size
    batch: int = USUAL.batch
    crop: int = 128
    content: float = USUAL.default("content_weight")
    style: float = USUAL.default("style_weight")
    texture: float = USUAL.default("style_weight")
    flat_area_noise: float = 120.0
    shifted: int = 2

    @classmethod
    def sized(cls, size: int, batch: int, **changed: Any) -> FastSettings:
        """Settings for crops of `size` pixels and so many of them."""
        return cls(size=size, batch=batch, crop=min(cls.crop, size), shifted=min(cls.shifted, batch), **changed)


class FastRecipe(Recipe):
    """Training of a single style.

    The style's statistics are those of its picture; where there is only a code, those of what AdaIN paints with it.

    Args:
        adain: that the code belongs to; None to train from scratch.
    """

    name = "fast"
    network: Fast

    def __init__(
        self,
        content: Path,
        style: Style,
        teachers: LossNetworks,
        settings: FastSettings,
        device: torch.device,
        adain: AdaIN | None = None,
    ) -> None:
        assert style.picture is not None or (adain is not None and style.code is not None)
        self.settings, self.style, self.teachers, self.device = settings, style, teachers, device
        self.photos = load_folder(content, 384, hold_out=settings.hold_out)
        self.adain = adain.eval().requires_grad_(False) if adain else None
        self.targets = self._from_picture(style.picture) if style.picture is not None else self._from_painting

    @classmethod
    def from_request(cls, request: Request) -> FastRecipe:
        """Returns the training that is asked for, from scratch."""
        return cls._of(request, picture_style(request["style"], request["name"]))

    @classmethod
    def from_code(cls, request: Request) -> FastRecipe:
        """Returns the training that is asked for, which begins with AdaIN's code of the style."""
        adain, weights = embedded.embedded_adain()
        return cls._of(request, code_style(request["style"], request["name"], adain, weights.sha256), adain)

    @classmethod
    def _of(cls, request: Request, style: Style, adain: AdaIN | None = None) -> FastRecipe:
        weights = request.weights("content", "style")
        settings = FastSettings.sized(**request.shape, **weights, texture=weights["style"])
        networks = request.loss_networks(request["content"])
        return cls(request["content"], style, networks, settings, request.device, adain)

    @property
    def folders(self) -> tuple[PictureFolder, ...]:
        """See `Recipe.folders`."""
        return (self.photos,)

    def initial_network(self) -> Fast:
        """Returns a new network, or one with the code folded in."""
        if self.adain is None or self.style.code is None:
            return Fast()
        rng = np.random.default_rng(torch.initial_seed())
        photos = with_border(self.photos.sample(BAKED_PHOTOS, self.settings.size, rng))
        return baked(self.adain.cpu(), self.style.code, tensor(photos, torch.device("cpu")))

    def step(self, rng: np.random.Generator, device: torch.device) -> tuple[Tensor, dict[str, float]]:
        """One batch of photos."""
        s = self.settings
        wide, content, photo = wide_photos(self.photos.sample(s.batch, wide_side(s), rng), s.size, device)
        content = noisy(content, s.noise, rng)
        with torch.autocast(device.type, torch.bfloat16):
            painted = self._paint(content)
            with torch.no_grad():
                photo_features = self.teachers.features(photo)
                target, texture_target = self.targets(content, rng)
            clamped = through_clamp(painted)
            features = self.teachers.features(clamped)
            texture = texture_statistics(self.teachers, clamped, s.crop, rng)
        parts = common_losses(s, painted, photo, features, photo_features) | {
            "style": s.style * losses.style_loss(losses.statistics(features), target).mean(),
            "texture": s.texture * losses.style_loss(texture, texture_target).mean(),
        }
        if s.shifted:
            parts["shift"] = s.shift * shift_loss(
                s, lambda moved: self._paint(noisy(moved, s.noise, rng)), wide, painted, rng
            )
        return total(parts)

    def _paint(self, content: Tensor) -> Tensor:
        painted: Tensor = self.network(content, content.new_zeros(1, STATISTICS), content.new_zeros(1))[0]
        return painted.float()

    @torch.no_grad()
    def _from_picture(
        self, picture: npt.NDArray[np.uint8]
    ) -> Callable[[Tensor, np.random.Generator], tuple[losses.Statistics, losses.Statistics]]:
        """Statistics of the style picture, averaged over crops of it."""
        s, rng = self.settings, np.random.default_rng(5)
        wholes, textures = [], []
        for _ in range(0, STYLE_CROPS, s.batch):
            style = tensor(np.stack([crop(picture, s.size, rng) for _ in range(s.batch)]), self.device)
            with torch.autocast(self.device.type, torch.bfloat16):
                wholes.append(losses.statistics(self.teachers.features(style)))
                textures.append(texture_statistics(self.teachers, style, s.crop, rng))
        whole, texture = losses.pooled(wholes), losses.pooled(textures)
        return lambda _content, _rng: (whole, texture)

    @torch.no_grad()
    def _from_painting(self, content: Tensor, rng: np.random.Generator) -> tuple[losses.Statistics, losses.Statistics]:
        """Statistics of what AdaIN paints of the same photos."""
        assert self.adain is not None and self.style.code is not None
        codes = self.style.code.to(content.device).expand(len(content), -1)
        painted = self.adain.to(content.device)(content, codes)[0].clamp(0, 1)
        return losses.statistics(self.teachers.features(painted)), texture_statistics(
            self.teachers, painted, self.settings.crop, rng
        )

    @torch.no_grad()
    def sample(self, network: nn.Module) -> npt.NDArray[np.uint8]:
        """Four photos, always the same ones, and what becomes of them."""
        photos = self.photos.sample(4, 320, np.random.default_rng(7))
        content = tensor(with_border(photos), torch.device("cpu"))
        painted = network(content, content.new_zeros(1, STATISTICS), content.new_zeros(1))[0]
        return np.concatenate([np.concatenate(list(row), 1) for row in (photos, pictures(painted))], 0)

    def describe(self) -> dict[str, Any]:
        """Style, data and loss weights for the training card."""
        return {
            "style": {"name": self.style.name, "work": self.style.work},
            "start": "random" if self.adain is None else "AdaIN's code of the style, folded in",
            "data": {"content": self.photos.facts()},
            "teachers": self.teachers.name,
            "settings": asdict(self.settings),
        }
