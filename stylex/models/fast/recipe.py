"""Trains a network of a single style, from scratch or from a baked AdaIN code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from stylex.models.adain import embedded
from stylex.models.adain.network import AdaIN
from stylex.models.encoders.features import Features
from stylex.models.encoders.loss_networks import LossNetworks
from stylex.models.fast.bake import baked
from stylex.models.fast.network import STATISTICS, Fast
from stylex.models.fast.styles import Style, code_style, picture_style
from stylex.models.shared.backbone import through_clamp
from stylex.models.training import losses
from stylex.models.training.batches import (
    PaintingSettings,
    noisy,
    pictures,
    regularizers,
    shift_loss,
    tensor,
    wide_photos,
    wide_side,
    with_border,
)
from stylex.models.training.data import PictureFolder, crop, load_folder
from stylex.models.training.distributions import distance, quantiles
from stylex.models.training.recipe import Recipe, total
from stylex.models.training.request import Request
from stylex.models.training.reviving import PHOTOS, revive
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

    Attributes:
        gram: weight of the Gram matrices, of the same layers as `style`.
        palette: weight of the quantiles of the pixels.
    """

    size: int = USUAL.size
    batch: int = USUAL.batch
    content: float = USUAL.default("content_weight")
    style: float = USUAL.default("style_weight")
    gram: float = USUAL.default("style_weight")
    palette: float = 2.0
    total_variation: float = 0.5
    flat_area_noise: float = 20.0
    shift: float = 40.0
    shifted: int = 1

    @classmethod
    def sized(cls, size: int, batch: int, **changed: Any) -> FastSettings:
        """Returns settings for crops of `size` pixels and so many of them."""
        return cls(size=size, batch=batch, shifted=min(cls.shifted, batch), **changed)


@dataclass(frozen=True)
class Target:
    """Statistics of the style's pictures in the loss networks' layers, each for one picture or for a batch.

    Attributes:
        statistics: mean and standard deviation of the channels.
        grams: their Gram matrices.
        colors: quantiles of the pixels.
    """

    statistics: losses.Statistics
    grams: dict[str, Tensor]
    colors: Tensor

    @classmethod
    def of(cls, x: Tensor, features: Features, generator: torch.Generator | None = None) -> Target:
        """Measures pictures, RGB (B, 3, H, W) in [0, 1], and their features."""
        return cls(losses.statistics(features), losses.gram_matrices(features), quantiles(x, generator))

    @classmethod
    def pooled(cls, many: Sequence[Target]) -> Target:
        """Returns what the pictures of all batches have together, as that of one picture."""
        grams = {name: torch.cat([one.grams[name] for one in many]).mean(0, keepdim=True) for name in many[0].grams}
        colors = torch.cat([one.colors for one in many])  # (N, P, Q): slices of all crops, sorted again
        ordered = colors.transpose(0, 1).flatten(1).sort(1).values.reshape(*colors.shape[1:], len(colors)).mean(2)
        return cls(losses.pooled([one.statistics for one in many]), grams, ordered[None])


class FastRecipe(Recipe):
    """Training of a single style.

    The style's statistics are those of its picture; where there is only a code, those of what AdaIN paints with it.

    Args:
        adain: that the code belongs to; None to train from scratch.
        start: weights to begin with instead; None for new ones.
    """

    name = "fast"
    network: Fast

    def __init__(
        self,
        content: Path,
        style: Style,
        loss_networks: LossNetworks,
        settings: FastSettings,
        device: torch.device,
        adain: AdaIN | None = None,
        start: Path | None = None,
    ) -> None:
        assert style.picture is not None or (adain is not None and style.code is not None)
        self.settings, self.style, self.loss_networks, self.device = settings, style, loss_networks, device
        self.start, self.revived = start, 0
        self.photos = load_folder(content, 384, hold_out=settings.hold_out)
        self.adain = adain.eval().requires_grad_(False) if adain else None
        self.targets = self._from_picture(style.picture) if style.picture is not None else self._from_painting

    @classmethod
    def from_request(cls, request: Request) -> FastRecipe:
        """Returns the training that is asked for, from scratch."""
        return cls._of(request, picture_style(request["style"], request["name"]), start=request["start"])

    @classmethod
    def from_code(cls, request: Request) -> FastRecipe:
        """Returns the training that is asked for, which begins with AdaIN's code of the style."""
        adain, weights = embedded.embedded_adain()
        return cls._of(request, code_style(request["style"], request["name"], adain, weights.sha256), adain)

    @classmethod
    def _of(cls, request: Request, style: Style, adain: AdaIN | None = None, start: Path | None = None) -> FastRecipe:
        weights = request.weights("content", "style")
        settings = FastSettings.sized(**request.shape, **weights, gram=weights["style"])
        networks = request.loss_networks(request["content"])
        return cls(request["content"], style, networks, settings, request.device, adain, start)

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

    def restart(self, seed: int) -> None:
        """Makes the network anew, from a seed or from the weights to begin with."""
        super().restart(seed)
        if self.beginning is not None:
            self.beginning.fill(self.network)
        seen = with_border(self.photos.sample(PHOTOS, self.settings.size, np.random.default_rng(seed)))
        photos = tensor(seen, torch.device("cpu"))
        self.revived = revive(self.network.trunk, lambda: self._paint(photos), seed)

    def step(self, rng: np.random.Generator, device: torch.device) -> tuple[Tensor, dict[str, float]]:
        """Returns the loss of one batch of photos."""
        s = self.settings
        wide, content, photo = wide_photos(self.photos.sample(s.batch, wide_side(s), rng), s.size, device)
        content = noisy(content, s.noise, rng)
        with torch.autocast(device.type, torch.bfloat16):
            painted = self._paint(content)
            with torch.no_grad():
                structure = self.loss_networks.features(photo)["4_1"]
                target = self.targets(content)
            clamped = through_clamp(painted)
            features, deep = self.loss_networks.seen(clamped)
        have = Target.of(clamped, features, torch.Generator().manual_seed(int(rng.integers(2**31))))
        parts = regularizers(s, painted, photo) | {
            "content": s.content * losses.content_loss(deep, structure).mean(),
            "style": s.style * losses.style_loss(have.statistics, target.statistics).mean(),
            "gram": s.gram * losses.gram_loss(have.grams, target.grams).mean(),
            "palette": s.palette * distance(have.colors, target.colors).mean(),
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
    def _from_picture(self, picture: npt.NDArray[np.uint8]) -> Callable[[Tensor], Target]:
        """Returns what gives the target of the style picture, averaged over crops of it."""
        s, rng = self.settings, np.random.default_rng(5)
        found = []
        for _ in range(0, STYLE_CROPS, s.batch):
            found.append(self._measured(np.stack([crop(picture, s.size, rng) for _ in range(s.batch)])))
        target = Target.pooled(found)
        return lambda _content: target

    def _measured(self, crops: npt.NDArray[np.uint8]) -> Target:
        style = tensor(crops, self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            features, _ = self.loss_networks.seen(style)
        return Target.of(style, features)

    @torch.no_grad()
    def _from_painting(self, content: Tensor) -> Target:
        """Returns the target of what AdaIN paints of the same photos."""
        assert self.adain is not None and self.style.code is not None
        codes = self.style.code.to(content.device).expand(len(content), -1)
        painted = self.adain.to(content.device)(content, codes)[0].float().clamp(0, 1)
        return Target.of(painted, self.loss_networks.seen(painted)[0])

    @torch.no_grad()
    def sample(self, network: nn.Module) -> npt.NDArray[np.uint8]:
        """Returns four photos, always the same ones, and what becomes of them."""
        photos = self.photos.sample(4, 320, np.random.default_rng(7))
        content = tensor(with_border(photos), torch.device("cpu"))
        painted = network(content, content.new_zeros(1, STATISTICS), content.new_zeros(1))[0]
        return np.concatenate([np.concatenate(list(row), 1) for row in (photos, pictures(painted))], 0)

    def describe(self) -> dict[str, Any]:
        """Returns style, data, loss networks and loss weights for the training card."""
        return {
            "style": {"name": self.style.name, "work": self.style.work},
            "start": self._begins_with(),
            "data": {"content": self.photos.description()},
            "teachers": self.loss_networks.name,
            "trained_on": self.loss_networks.layers,
            "settings": asdict(self.settings),
            "revived": self.revived,
        }

    def _begins_with(self) -> str | dict[str, Any]:
        """Returns what the training begins with, for the card."""
        if self.beginning is not None:
            return {"weights_sha256": self.beginning.sha256, "card": self.beginning.card}
        return "random" if self.adain is None else "AdaIN's code of the style, folded in"
