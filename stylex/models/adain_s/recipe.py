"""Trains the small network for arbitrary styles: pruned from AdaIN, it learns to paint what AdaIN paints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from stylex.models.adain.network import AdaIN
from stylex.models.adain_s.network import pruned_adain
from stylex.models.training.arbitrary_style import PaintingsRecipe
from stylex.models.training.batches import noisy, tensor, with_border
from stylex.models.training.data import load_folder
from stylex.models.training.distillation import DistillationRecipe, DistillationSettings, picture_distance
from stylex.models.training.recipe import total
from stylex.models.training.request import Request
from stylex.models.weights import Weights, embedded, read_weights


class SmallAdaINRecipe(DistillationRecipe, PaintingsRecipe):
    """Distillation of AdaIN."""

    name = "adain-s"
    network: AdaIN
    teacher: AdaIN

    def __init__(
        self, content: Path, style: Path, weights: Weights, settings: DistillationSettings, start: Path | None = None
    ) -> None:
        super().__init__(AdaIN(), weights, settings, start)
        self.photos = load_folder(content, 288, hold_out=settings.hold_out)
        self.paintings = load_folder(style, 384, favour="hi-", hold_out=settings.hold_out)

    @classmethod
    def from_request(cls, request: Request) -> SmallAdaINRecipe:
        """Returns the training that is asked for."""
        weights = read_weights(request["teacher"] or embedded("adain"))
        settings = replace(cls.defaults, **request.shape)
        return cls(request["content"], request["style"], weights, settings, request["start"])

    def pruned(self) -> AdaIN:
        """See `DistillationRecipe.pruned`."""
        network = pruned_adain(self.teacher)
        network.palette_mapped = self.teacher.palette_mapped
        return network

    def step(self, rng: np.random.Generator, device: torch.device) -> tuple[Tensor, dict[str, float]]:
        """Paints one batch of photos, a third of them at a strength in between.

        The picture is compared as the backbone paints it too: the map of colours behind it would hide that its own
        have drifted.
        """
        s = self.settings
        self.teacher.to(device)
        content = tensor(with_border(self.photos.sample(s.batch, s.size, rng)), device)
        style = tensor(self.paintings.sample(s.batch, s.size, rng), device)
        drawn = rng.random((2, s.batch))
        strength = torch.from_numpy(np.where(drawn[0] < 1 / 3, 1.5 * drawn[1], 1)).float().to(device)
        with torch.autocast(device.type, torch.bfloat16):
            with torch.no_grad():
                wanted = self.teacher.paint(content, self.teacher.encode(style).float(), strength)
            painted = self.network.paint(noisy(content, s.noise, rng), self.network.encode(style).float(), strength)
        raw = picture_distance(painted.raw, wanted.raw).mean()
        return total(self.distance(painted.picture, wanted.picture) | {"raw": raw})
