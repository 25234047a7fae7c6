"""How a network that paints in any style is trained: losses, their weights, and what one batch is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.models import loss_networks, losses
from stylex.models.any_style import AnyStyle
from stylex.models.data import load_folder
from stylex.models.painting import (
    PaintingSettings,
    Teachers,
    common_losses,
    noisy,
    pictures,
    shift_loss,
    tensor,
    through_clamp,
    wide_photos,
    wide_side,
    with_border,
)
from stylex.models.weights import CALIBRATION

QUARTER = 4
"""Times smaller that a picture is looked at for its composition."""


@dataclass(frozen=True)
class AnyStyleSettings(PaintingSettings):
    """Weights of the losses and shape of the batches; the defaults of `stylex train adain`.

    Attributes:
        spread: weight of the gap between the content's standard deviations and the codes' sigmas.
        identity: weight of the pixels where the photo must come back.
        describe: weight of the style statistics that AdaIN's encoder learns to tell.
        structure: weight of the photo's structure, as MS-SSIM sees it.
        local: weight of the style's features where they are like the photo's.
        quarter: weight of the statistics of the slim VGG-19 at a quarter of the resolution.
    """

    spread: float = 0.2
    identity: float = 30.0
    describe: float = 0.5
    structure: float = 0.0
    local: float = 0.0
    quarter: float = 0.0


class AnyStyleRecipe(ABC):
    """Training of what a technique's own recipe calls `begun`; see `stylex.models.recipe.Recipe`."""

    name = ""
    not_exported: tuple[str, ...] = ("\0",)

    def __init__(self, content: Path, style: Path, teachers: Teachers, settings: AnyStyleSettings) -> None:
        self.settings, self.teachers = settings, teachers
        self.photos = load_folder(content, 288, hold_out=settings.hold_out)
        self.paintings = load_folder(style, 384, favour="hi-", hold_out=settings.hold_out)
        self.network = self.begun()

    @abstractmethod
    def begun(self) -> AnyStyle:
        """A network to begin with."""

    def restart(self, seed: int) -> None:
        """Make the network anew, from a seed."""
        torch.manual_seed(seed)
        self.network = self.begun()

    def coded(self, style: Tensor, _features: loss_networks.Features) -> tuple[Tensor, dict[str, Tensor]]:
        """Codes (B, D) of style pictures, and losses of their own."""
        return self.network.encode(style).float(), {}

    def step(self, rng: np.random.Generator, device: torch.device) -> tuple[Tensor, dict[str, float]]:
        """One batch: most pictures at full strength, some at a random one, some that must stay as they are."""
        s = self.settings
        wide, content, photo = wide_photos(self.photos.sample(s.batch, wide_side(s), rng), s.size, device)
        style = tensor(self.paintings.sample(s.batch, s.size, rng), device)
        strength, same = _draw_strengths(s.batch, rng)
        strength = strength.to(device)
        style[same] = photo[same]
        with torch.autocast(device.type, torch.bfloat16):
            with torch.no_grad():
                photo_features, style_features = self.teachers.features(photo), self.teachers.features(style)
            codes, parts = self.coded(style, style_features)
            painted, statistics = self.network(noisy(content, s.noise, rng), codes, strength)
        kept = (strength == 0).float()
        kept[same] = 1.0
        parts |= self._losses(photo, style, painted, (photo_features, style_features), (strength, kept), rng)
        parts["spread"] = s.spread * self.network.spread_gap(codes, statistics)
        if s.shifted:
            last = slice(-s.shifted, None)

            def paint(moved: Tensor) -> Tensor:
                again: Tensor = self.network(noisy(moved, s.noise, rng), codes[last], strength[last])[0]
                return again

            parts["shift"] = s.shift * shift_loss(s, paint, wide, painted, rng)
        return torch.stack(list(parts.values())).sum(), {k: float(v.detach()) for k, v in parts.items()}

    def _losses(
        self,
        photo: Tensor,
        style: Tensor,
        painted: Tensor,
        known: tuple[loss_networks.Features, loss_networks.Features],
        shares: tuple[Tensor, Tensor],
        rng: np.random.Generator,
    ) -> dict[str, Tensor]:
        """Losses of a batch by name; `known` are features of photo and style, `shares` strengths and what is kept."""
        s, teachers, (photo_features, style_features), (strength, kept) = self.settings, self.teachers, known, shares
        clamped, full = through_clamp(painted), (strength == 1).float()
        with torch.autocast(photo.device.type, torch.bfloat16):
            with torch.no_grad():
                texture_target = teachers.texture(style, s.crop, rng)
            features = teachers.features(clamped)
            texture = teachers.texture(clamped, s.crop, rng)
            target = losses.interpolate(losses.statistics(photo_features), losses.statistics(style_features), strength)
        parts = common_losses(s, painted, photo, features, photo_features) | {
            "style": s.style * losses.style_loss(losses.statistics(features), target).mean(),
            "texture": s.texture * (full * losses.style_loss(texture, texture_target)).mean(),
            "identity": s.identity * (kept * (painted - photo).abs().mean((1, 2, 3))).mean(),
        }
        if s.structure:
            parts["structure"] = s.structure * losses.structure(clamped, photo).mean()
        if s.local:
            layer = "4_1"
            local = losses.local_style(features[layer], photo_features[layer], style_features[layer])
            parts["local"] = s.local * (full * local).mean()
        if s.quarter:
            parts["quarter"] = s.quarter * (full * self._quarter_loss(clamped, style)).mean()
        return parts

    def _quarter_loss(self, painted: Tensor, style: Tensor) -> Tensor:
        small, wanted = (F.avg_pool2d(x, QUARTER) for x in (painted, style))
        with torch.autocast(painted.device.type, torch.bfloat16):
            have = losses.statistics(self.teachers.features(small))
            with torch.no_grad():
                want = losses.statistics(self.teachers.features(wanted))
        return losses.style_loss(have, want)

    @torch.no_grad()
    def sample(self, network: nn.Module) -> npt.NDArray[np.uint8]:
        """Four photos down, five paintings across, always the same ones."""
        assert isinstance(network, AnyStyle)
        size, cpu = 256, torch.device("cpu")
        rng = np.random.default_rng(7)
        photos = self.photos.sample(4, size, rng)
        styles = np.concatenate([self.paintings.sample(1, size, rng) for _ in range(5)])
        rows = [np.concatenate([np.full_like(photos[0], 255), *styles], 1)]
        codes = network.encode(tensor(styles, cpu))
        for photo in photos:
            content = tensor(with_border(photo[None].repeat(len(styles), 0)), cpu)
            rows.append(np.concatenate([photo, *pictures(network(content, codes)[0])], 1))
        return np.concatenate(rows, 0)

    @torch.no_grad()
    def extras(self, network: nn.Module) -> dict[str, Tensor]:
        """Codes of 64 training styles, for calibration."""
        assert isinstance(network, AnyStyle)
        styles = tensor(self.paintings.sample(64, 256, np.random.default_rng(11)), torch.device("cpu"))
        return {CALIBRATION: network.encode(styles)}

    def describe(self) -> dict[str, Any]:
        """Data and loss weights for the training card."""
        return {
            "data": {"content": self.photos.facts(), "style": self.paintings.facts()},
            "teachers": self.teachers.name,
            "settings": asdict(self.settings),
        }


def _draw_strengths(batch: int, rng: np.random.Generator) -> tuple[Tensor, list[int]]:
    """Strengths (B,) and the pictures that are painted in their own style.

    The first picture of a batch must come back untouched most of the time, at strength 0 or in its own style at
    strength 1; the second has a strength anywhere in between half of the time.
    """
    strength = torch.ones(batch)
    draw = rng.random(2)
    same = [0] if draw[0] < 0.15 else []
    if 0.15 <= draw[0] < 0.65:
        strength[0] = 0.0
    if draw[1] < 0.5 and batch > 1:
        strength[1] = float(rng.random())
    return strength, same
