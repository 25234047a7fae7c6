"""The part of training that a technique defines, and the schedule."""

from __future__ import annotations

import functools
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from stylex.models.training.data import PictureFolder
from stylex.models.weights import Weights, read_weights
from stylex.techniques import TrainDefaults


class Recipe(ABC):
    """Defines what is trained, on which losses and data: the base of every technique's training.

    Attributes:
        name: of the technique, or of the tool.
        not_exported: prefixes of parameters that only training needs.
        muon: whether matrices are moved by Muon, see `Optimizer`; by Adam otherwise.
        network: what is trained; there is none before `restart`.
        start: the file of weights that training was asked to begin with; None for `initial_network`.
    """

    name: ClassVar[str]
    not_exported: ClassVar[tuple[str, ...]] = ()
    muon: ClassVar[bool] = False
    network: nn.Module
    start: Path | None = None

    @property
    @abstractmethod
    def folders(self) -> tuple[PictureFolder, ...]:
        """Returns the folders of pictures that it trains on."""

    @abstractmethod
    def initial_network(self) -> nn.Module:
        """Returns a new network, as training begins with it; torch's generator is seeded."""

    @functools.cached_property
    def beginning(self) -> Weights | None:
        """Returns the weights that training begins with, read once; None for a new network."""
        return self.usual_beginning() if self.start is None else read_weights(self.start)

    def usual_beginning(self) -> Weights | None:
        """Returns the weights that `initial_network` is made of; None where it is new."""
        return None

    def restart(self, seed: int) -> None:
        """Makes the network anew, from a seed."""
        torch.manual_seed(seed)
        self.network = self.initial_network()

    @abstractmethod
    def step(self, rng: np.random.Generator, device: torch.device) -> tuple[Tensor, dict[str, float]]:
        """Returns the loss of one batch, and its parts for the progress bar: see `total`."""

    @abstractmethod
    def sample(self, network: nn.Module) -> npt.NDArray[np.uint8]:
        """Returns a sheet of fixed samples, RGB (H, W, 3)."""

    def extras(self, network: nn.Module) -> dict[str, Tensor]:
        """Returns tensors to keep in the weights file beside the parameters."""
        return {}

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Returns what the training card says of data and losses."""


def total(losses: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
    """Returns the sum of the losses of a step, and each of them as a number."""
    return torch.stack(list(losses.values())).sum(), {name: float(loss.detach()) for name, loss in losses.items()}


@dataclass(frozen=True)
class Schedule:
    """Length and learning rate of the training; `stylex.techniques` says where a technique has other defaults.

    Attributes:
        steps: optimizer steps, at most.
        minutes: wall-clock minutes over all resumed runs, at most; 0 for no limit.
        rate: peak learning rate.
        momentum: Adam's first decay rate.
        warmup: steps in which the learning rate rises.
        ema: share of the newest weights in the moving average, at the least.
        clip: largest norm of the gradient.
        save_every: seconds between checkpoints.
        sample_every: steps between sample sheets.
        seed: of weights, data and noise.
    """

    steps: int = TrainDefaults.steps
    minutes: float = TrainDefaults.minutes
    rate: float = TrainDefaults.rate
    momentum: float = TrainDefaults.momentum
    warmup: int = TrainDefaults.warmup
    ema: float = TrainDefaults.ema
    clip: float = 2.0
    save_every: float = 60.0
    sample_every: int = 500
    seed: int = 0

    def progress(self, step: int, seconds: float) -> float:
        """Returns the share of the training that is done, 0 to 1."""
        by_time = seconds / (60 * self.minutes) if self.minutes else 0.0
        return min(1.0, max(step / self.steps, by_time))

    def rate_at(self, step: int, progress: float) -> float:
        """Returns the learning rate of a step: linear warm-up, then half a cosine down to 2 % of the peak."""
        return self.rate * min(1.0, (step + 1) / max(1, self.warmup)) * (0.51 + 0.49 * math.cos(math.pi * progress))
