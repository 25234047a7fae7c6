"""Knowledge distillation: a student learns to paint the pictures that its teacher paints (Hinton et al. 2015).

The pixels alone would let strokes fade whose place a student can't guess, so that the Gram matrices of the encoder that
comes with the package are compared too. No other loss network is asked.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.models.encoders.loss_networks import EmbeddedEncoder
from stylex.models.shared.backbone import MULTIPLE, through_clamp
from stylex.models.training import losses
from stylex.models.training.recipe import Recipe
from stylex.models.weights import Weights, read_weights

ROLES = ("content", "style")
"""The roles of the folders in the training card."""
SCALES = 3
"""Resolutions at which pictures are compared: whole, half and quarter."""


@dataclass(frozen=True)
class DistillationSettings:
    """Shape of the batches.

    Attributes:
        size: pixels of the training crops, a multiple of 8.
        batch: pictures in a step.
        gram: weight of the Gram matrices beside the pixels.
        checkerboard: weight of what repeats on the network's own grid.
        noise: largest standard deviation of the noise added to the student's photo, which keeps flat areas flat.
        hold_out: share of the files that training never sees.
    """

    size: int = 192
    batch: int = 4
    gram: float = 0.03
    checkerboard: float = 0.3
    noise: float = 0.01
    hold_out: float = 0.05


def picture_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """Returns how far a student's pictures are from its teacher's.

    Mean absolute difference of the pixels and of the steps between neighbours, which keep strokes sharp, over three
    resolutions.

    Args:
        student, teacher: RGB (B, 3, H, W), not clamped.

    Returns:
        (B,).
    """
    x, y = through_clamp(student), teacher.clamp(0, 1)
    total = x.new_zeros(len(x))
    for scale in range(SCALES):
        if scale:
            x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
        gap = x - y
        down, right = gap[:, :, 1:] - gap[:, :, :-1], gap[:, :, :, 1:] - gap[:, :, :, :-1]
        total = total + sum(v.abs().mean((1, 2, 3)) for v in (gap, down, right))
    return total / SCALES


class DistillationRecipe(Recipe):
    """Training of a student that is pruned from its teacher: the base.

    Attributes:
        teacher: the network to learn from, frozen.
        weights: that fill it.
        start: weights to begin with instead of the pruned teacher; None for those.
    """

    defaults: ClassVar[DistillationSettings] = DistillationSettings()

    def __init__(
        self, teacher: nn.Module, weights: Weights, settings: DistillationSettings, start: Path | None = None
    ) -> None:
        weights.fill(teacher)
        self.teacher, self.weights = teacher.requires_grad_(False), weights
        self.settings, self.start = settings, start
        self.encoder = EmbeddedEncoder()

    def distance(self, student: Tensor, teacher: Tensor) -> dict[str, Tensor]:
        """Returns the losses of a student's pictures, RGB (B, 3, H, W), not clamped, against its teacher's."""
        self.encoder.to(student.device)
        last = slice(-1, None)  # one of a batch: the encoder takes longer than student and teacher together
        with torch.autocast(student.device.type, torch.bfloat16):
            have = self.encoder(through_clamp(student[last]))
            with torch.no_grad():
                want = self.encoder(teacher[last].clamp(0, 1))
        gap = losses.gram_loss(losses.gram_matrices(have), losses.gram_matrices(want))
        grid = losses.checkerboard(through_clamp(student), MULTIPLE)
        return {
            "picture": picture_distance(student, teacher).mean(),
            "gram": self.settings.gram * gap.mean(),
            "checkerboard": self.settings.checkerboard * grid.mean(),
        }

    @abstractmethod
    def pruned(self) -> nn.Module:
        """Returns what is left of the teacher, which lies in main memory."""

    def initial_network(self) -> nn.Module:
        """Returns what is left of the teacher, or the weights to begin with."""
        self.teacher.cpu()
        network = self.pruned()
        if self.start is not None:
            read_weights(self.start).fill(network)
        return network

    def describe(self) -> dict[str, Any]:
        """Returns what the training card says of teacher, data and settings."""
        return {
            "teacher": {"weights_sha256": self.weights.sha256, "card": self.weights.card},
            "data": {
                role: folder.description() for role, folder in zip(("content", "style"), self.folders, strict=False)
            },
            "trained_on": ["the pictures of its teacher"],
            "settings": asdict(self.settings),
        }
