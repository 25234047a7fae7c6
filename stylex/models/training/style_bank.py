"""Crops of paintings with what a painted picture should have of them, prepared once and used again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from stylex.models.encoders.features import Features
from stylex.models.encoders.loss_networks import LossNetworks
from stylex.models.training import losses
from stylex.models.training.batches import tensor
from stylex.models.training.data import PictureFolder
from stylex.models.training.distributions import MOST_POSITIONS, Quantiles, distance, quantiles

FINE_LAYERS = ("1_1", "2_1", "3_1")
"""Layers whose activations are compared by quantiles too."""
PIXELS = "pixels"
"""Name of the picture itself among the quantiles."""


@dataclass(frozen=True)
class StyleTarget:
    """Statistics and quantiles by which styles are compared.

    Attributes:
        statistics: mean and standard deviation of every layer's channels.
        quantiles: of the pixels and of the fine layers.
    """

    statistics: losses.Statistics
    quantiles: Quantiles

    @classmethod
    def of(
        cls, x: Tensor, features: Features, generator: torch.Generator | None = None, most: int = MOST_POSITIONS
    ) -> StyleTarget:
        """Measures pictures, RGB (B, 3, H, W) in [0, 1], and their features; see `quantiles` for the others."""
        found = {PIXELS: x} | {name: features[name] for name in FINE_LAYERS}
        return cls(losses.statistics(features), {name: quantiles(v, generator, most) for name, v in found.items()})

    def at(self, index: int) -> StyleTarget:
        """Returns the target of one picture of the batch."""
        one = slice(index, index + 1)
        statistics = {name: (mean[one], std[one]) for name, (mean, std) in self.statistics.items()}
        return StyleTarget(statistics, {name: value[one] for name, value in self.quantiles.items()})

    def towards(self, other: StyleTarget, share: float) -> StyleTarget:
        """Returns the target on the way to another one: statistics and quantiles are mixed, as transport does."""
        weight = torch.tensor([share])
        statistics = losses.interpolate(self.statistics, other.statistics, weight)
        return StyleTarget(
            statistics, {name: value.lerp(other.quantiles[name], share) for name, value in self.quantiles.items()}
        )


def joined(targets: Sequence[StyleTarget]) -> StyleTarget:
    """Returns the targets of pictures as that of a batch."""
    first = targets[0]
    statistics = {
        name: (
            torch.cat([t.statistics[name][0] for t in targets]),
            torch.cat([t.statistics[name][1] for t in targets]),
        )
        for name in first.statistics
    }
    return StyleTarget(statistics, {n: torch.cat([t.quantiles[n] for t in targets]) for n in first.quantiles})


class StyleBank:
    """Crops of a folder's paintings and their targets; each is made when it is first asked for, and kept.

    Args:
        paintings: to cut them from.
        loss_networks: measure the paintings.
        size: pixels of a crop.
        count: how many crops there are.
        seed: of the crops; each depends on its own number and the seed alone.
    """

    def __init__(
        self,
        paintings: PictureFolder,
        loss_networks: LossNetworks,
        size: int,
        count: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self.paintings, self.loss_networks, self.size, self.count = paintings, loss_networks, size, count
        self.seed, self.device = seed, device
        self._kept: dict[int, tuple[npt.NDArray[np.uint8], StyleTarget]] = {}

    def sample(self, count: int, rng: np.random.Generator) -> tuple[Tensor, StyleTarget]:
        """Returns random crops, RGB (count, 3, size, size) in [0, 1], and their targets."""
        numbers = [int(n) for n in rng.integers(0, self.count, count)]
        missing = sorted(set(numbers) - set(self._kept))
        if missing:
            self._prepare(missing)
        kept = [self._kept[n] for n in numbers]
        return tensor(np.stack([picture for picture, _ in kept]), self.device), joined([t for _, t in kept])

    @torch.no_grad()
    def _prepare(self, numbers: Sequence[int]) -> None:
        rngs = [np.random.default_rng((self.seed, number)) for number in numbers]
        cut = [self.paintings.sample(1, self.size, rng)[0] for rng in rngs]
        pictures = tensor(np.stack(cut), self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            features, _ = self.loss_networks.seen(pictures)
        target = StyleTarget.of(pictures, features, most=4 * MOST_POSITIONS)
        for place, number in enumerate(numbers):
            self._kept[number] = (cut[place], target.at(place))


def relative_style_losses(have: StyleTarget, want: StyleTarget, scale: dict[str, float]) -> Tensor:
    """Returns how far the statistics of pictures are from the wanted ones, relative to `scale`, mean of layers; (B,).

    Args:
        scale: by layer the distance that untouched photos have on average, so that every layer counts by what is left
            of it.
    """
    ratios = [losses.style_loss(have.statistics, want.statistics, (name,)) / scale[name] for name in scale]
    return torch.stack(ratios).mean(0)


def quantile_distances(have: StyleTarget, want: StyleTarget) -> tuple[Tensor, Tensor]:
    """Returns the distances of the pixels' quantiles and of the fine layers', summed over layers; each (B,)."""
    fine = [distance(have.quantiles[name], want.quantiles[name]) for name in FINE_LAYERS]
    return distance(have.quantiles[PIXELS], want.quantiles[PIXELS]), torch.stack(fine).sum(0)
