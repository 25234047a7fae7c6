"""What a technique brings to its training, and how long and how fast it is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn


class Recipe(Protocol):
    """What a technique brings to its training."""

    @property
    def name(self) -> str:
        """The technique."""

    @property
    def network(self) -> nn.Module:
        """What is trained."""

    @property
    def not_exported(self) -> tuple[str, ...]:
        """Prefixes of parameters that only training needs."""

    def restart(self, seed: int) -> None:
        """Make the network anew, from a seed."""

    def step(self, rng: np.random.Generator, device: torch.device) -> tuple[Tensor, dict[str, float]]:
        """Loss of one batch, and its parts for the progress bar."""

    def sample(self, network: nn.Module) -> npt.NDArray[np.uint8]:
        """A sheet of fixed samples, RGB (H, W, 3)."""

    def extras(self, network: nn.Module) -> dict[str, Tensor]:
        """Tensors to keep in the weights file beside the parameters."""

    def describe(self) -> dict[str, Any]:
        """What the training card says of data and losses."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast; the defaults of every `stylex train` command.

    Attributes:
        steps: optimizer steps, at most.
        minutes: wall-clock minutes over all resumed runs, at most; 0 for no limit.
        rate: peak learning rate of Adam.
        momentum: Adam's first decay rate.
        warmup: steps in which the rate rises.
        ema: share of the newest weights in the moving average, at the least.
        clip: largest norm of the gradient.
        save_every: seconds between checkpoints.
        sample_every: steps between sample sheets.
        seed: of weights, data and noise.
    """

    steps: int = 20_000
    minutes: float = 0.0
    rate: float = 1e-3
    momentum: float = 0.9
    warmup: int = 200
    ema: float = 0.004
    clip: float = 2.0
    save_every: float = 60.0
    sample_every: int = 500
    seed: int = 0

    def progress(self, step: int, seconds: float) -> float:
        """How much of the training is done, 0 to 1."""
        by_time = seconds / (60 * self.minutes) if self.minutes else 0.0
        return min(1.0, max(step / self.steps, by_time))

    def rate_at(self, step: int, progress: float) -> float:
        """Linear warm-up, then half a cosine down to 2 % of the peak."""
        return self.rate * min(1.0, (step + 1) / max(1, self.warmup)) * (0.51 + 0.49 * math.cos(math.pi * progress))
