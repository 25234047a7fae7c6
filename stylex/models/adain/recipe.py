"""How AdaIN is trained: losses, their weights, and what one batch is made of."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from stylex.models import losses
from stylex.models.adain.network import AdaIN
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


@dataclass(frozen=True)
class AdaINSettings(PaintingSettings):
    """Weights of the losses and shape of the batches; the defaults of `stylex train adain`.

    Attributes:
        spread: weight of the gap between the content's standard deviations and the codes' sigmas.
        identity: weight of the pixels where the photo must come back.
        describe: weight of the style statistics that the encoder learns to tell.
    """

    spread: float = 0.2
    identity: float = 30.0
    describe: float = 0.5


class AdaINRecipe:
    """Training of AdaIN; see `stylex.models.recipe.Recipe`."""

    name = "adain"
    not_exported = ("style.describe.",)

    def __init__(
        self, content: Path, style: Path, teacher: Path, settings: AdaINSettings, device: torch.device
    ) -> None:
        self.settings = settings
        held = settings.hold_out
        self.photos = load_folder(content, 288, hold_out=held)
        self.paintings = load_folder(style, 384, favour="hi-", hold_out=held)
        self.teachers = Teachers(teacher, device)
        self.described = 2 * sum(self.teachers.slim.get_buffer(f"conv{i}_1_bias").numel() for i in range(1, 6))
        self.network = AdaIN(described=self.described)

    def restart(self, seed: int) -> None:
        """Make the network anew, from a seed."""
        torch.manual_seed(seed)
        self.network = AdaIN(described=self.described)

    def step(self, rng: np.random.Generator, device: torch.device) -> tuple[Tensor, dict[str, float]]:
        """One batch: most pictures at full strength, some at a random one, some that must stay as they are."""
        s = self.settings
        wide, content, photo = wide_photos(self.photos.sample(s.batch, wide_side(s.size), rng), s.size, device)
        style = tensor(self.paintings.sample(s.batch, s.size, rng), device)
        strength, same = _draw_strengths(s.batch, rng)
        style[same] = photo[same]
        with torch.autocast(device.type, torch.bfloat16):
            measured = self.network.style.measure(style)
            codes = self.network.style.to_code(measured).float()
            painted, statistics = self.network(noisy(content, s.noise, rng), codes, strength.to(device))
            description = self.network.style.describe(measured) if self.network.style.describe else None
        loss, parts = self._loss(photo, style, painted, strength.to(device), same, description, rng)
        more = {"spread": s.spread * self.network.style.spread_gap(codes, statistics)}
        if s.shifted:
            last = slice(-s.shifted, None)

            def paint(moved: Tensor) -> Tensor:
                again: Tensor = self.network(noisy(moved, s.noise, rng), codes[last], strength.to(device)[last])[0]
                return again

            more["shift"] = s.shift * shift_loss(s, paint, wide, painted, rng)
        loss = loss + torch.stack(list(more.values())).sum()
        return loss, parts | {k: float(v.detach()) for k, v in more.items()}

    def _loss(
        self,
        photo: Tensor,
        style: Tensor,
        painted: Tensor,
        strength: Tensor,
        same: list[int],
        description: Tensor | None,
        rng: np.random.Generator,
    ) -> tuple[Tensor, dict[str, float]]:
        s, device, teachers = self.settings, photo.device, self.teachers
        clamped = through_clamp(painted)
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
            photo_features, style_features = teachers.features(photo), teachers.features(style)
            texture_target = teachers.texture(style, s.crop, rng)
            style_statistics = losses.statistics(style_features)
            target = losses.interpolate(losses.statistics(photo_features), style_statistics, strength)
        with torch.autocast(device.type, torch.bfloat16):
            features = teachers.features(clamped)
            texture = teachers.texture(clamped, s.crop, rng)
        full = (strength == 1).float()
        kept = (strength == 0).float()
        kept[same] = 1.0
        parts = common_losses(s, painted, photo, features, photo_features) | {
            "style": s.style * losses.style_loss(losses.statistics(features), target).mean(),
            "texture": s.texture * (full * losses.style_loss(texture, texture_target)).mean(),
            "identity": s.identity * (kept * (painted - photo).abs().mean((1, 2, 3))).mean(),
        }
        if description is not None:
            wanted = torch.cat([x for pair in style_statistics.values() for x in pair], 1)
            parts["describe"] = s.describe * _relative(description.float(), wanted)
        return torch.stack(list(parts.values())).sum(), {k: float(v.detach()) for k, v in parts.items()}

    @torch.no_grad()
    def sample(self, network: nn.Module) -> npt.NDArray[np.uint8]:
        """Four photos down, five paintings across, always the same ones."""
        assert isinstance(network, AdaIN)
        size = 256
        rng = np.random.default_rng(7)
        photos = self.photos.sample(4, size, rng)
        styles = np.concatenate([self.paintings.sample(1, size, rng) for _ in range(5)])
        rows = [np.concatenate([np.full_like(photos[0], 255), *styles], 1)]
        codes = network.style(tensor(styles, torch.device("cpu")))
        for photo in photos:
            content = tensor(with_border(photo[None].repeat(len(styles), 0)), torch.device("cpu"))
            rows.append(np.concatenate([photo, *pictures(network(content, codes)[0])], 1))
        return np.concatenate(rows, 0)

    @torch.no_grad()
    def extras(self, network: nn.Module) -> dict[str, Tensor]:
        """Codes of 64 training styles, for calibration."""
        assert isinstance(network, AdaIN)
        styles = tensor(self.paintings.sample(64, 256, np.random.default_rng(11)), torch.device("cpu"))
        return {CALIBRATION: network.style(styles)}

    def describe(self) -> dict[str, Any]:
        """Data and loss weights for the training card."""
        return {
            "data": {"content": self.photos.facts(), "style": self.paintings.facts()},
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


def _relative(have: Tensor, want: Tensor) -> Tensor:
    return ((have - want).square().mean(1) / want.square().mean(1)).mean()
