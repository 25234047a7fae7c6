"""A style code is refined on its own painting: a few gradient steps on the code alone, the network as it is.

An encoder gives each painting a code in one go, and was trained to be good at that on average; the code that is best
for one painting lies elsewhere (the amortization gap, Cremer et al. 2018). Painting with it takes no longer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from stylex.artifacts.style_code import style_sized
from stylex.imaging.arrays import Image, shrunk, to_floats
from stylex.models.encoders.loss_networks import LossNetworks
from stylex.models.shared.arbitrary_style import ArbitraryStyleNetwork
from stylex.models.training.arbitrary_style import STYLE_SIDE, ArbitraryStyleRecipe, ArbitraryStyleSettings, Batch
from stylex.models.training.batches import noisy, wide_photos, wide_side
from stylex.models.training.data import PictureFolder
from stylex.models.training.recipe import total

CROPS = 24
"""Crops of the painting whose statistics are prepared."""
RATE = 5e-3
"""Step of a number of the code at the beginning; codes are of the order of 1."""
CLIP = 2.0
TRIALS = 4
"""Batches of other photos and crops by which codes are compared before and after."""
TRIAL_SEED, STEP_SEED = 1, 2


@dataclass(frozen=True)
class Refined:
    """A refined code.

    Attributes:
        values: (D,), float32, on the CPU; those of the encoder where no step made them better.
        before, after: the losses of the encoder's code and of the refined one by name, on photos and crops of the
            painting that no step was taken with.
    """

    values: Tensor
    before: dict[str, float]
    after: dict[str, float]


class CodeRefinement(ArbitraryStyleRecipe):
    """The losses of a training for arbitrary styles, whose only style is one painting.

    Args:
        network: of the technique, with its weights; none of its parameters is changed.
        content: folder of photos.
        painting: RGB uint8 (H, W, 3) of any size.
    """

    name = "style code"

    def __init__(
        self,
        network: ArbitraryStyleNetwork,
        content: Path,
        painting: Image,
        loss_networks: LossNetworks,
        settings: ArbitraryStyleSettings,
    ) -> None:
        crops = PictureFolder(Path("painting"), [shrunk(painting, STYLE_SIDE)], np.ones(1), [], "")
        super().__init__(content, crops, loss_networks, replace(settings, bank=CROPS))
        self.network = network.eval().requires_grad_(False)
        whole = torch.from_numpy(to_floats(style_sized(painting))).to(loss_networks.device)
        with torch.no_grad():
            self.code = network.encode(whole).float()

    def initial_network(self) -> ArbitraryStyleNetwork:
        """Returns the network, which stays as it is."""
        return self.network

    def step(self, rng: np.random.Generator, device: torch.device) -> tuple[Tensor, dict[str, float]]:
        """Paints a batch of photos in the code, at full strength."""
        s = self.settings
        wide, content, photo = wide_photos(self.photos.sample(s.batch, wide_side(s), rng), s.size, device)
        style, target = self._styles(device).sample(s.batch, rng)
        ones = torch.ones(s.batch, device=device)
        batch = Batch(wide, content, photo, style, target, ones, torch.zeros_like(ones))
        with torch.autocast(device.type, torch.bfloat16):
            stylized = self.network.paint(noisy(content, s.noise, rng), self.code.expand(s.batch, -1))
        return total(self._losses(batch, stylized, rng))

    def refined(self, steps: int, seed: int, report: Callable[[int, dict[str, float]], object]) -> Refined:
        """Refines the code by Adam; its last numbers, the palette, are measured and stay.

        Args:
            report: is called after every step with its number, from 1, and the losses of its batch.
        """
        device, encoded = self.code.device, self.code
        change = torch.zeros_like(encoded[:, : self.network.code_size], requires_grad=True)
        optimizer = torch.optim.Adam([change], RATE)
        before = self._trial(seed)
        for number in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = RATE * (0.52 + 0.48 * math.cos(math.pi * number / steps))
            self.code = _moved(encoded, change)
            loss, parts = self.step(np.random.default_rng((seed, STEP_SEED, number)), device)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch ships `backward` untyped
            torch.nn.utils.clip_grad_norm_([change], CLIP)
            optimizer.step()
            report(number + 1, parts)
        self.code = _moved(encoded, change).detach()
        after = self._trial(seed)
        if not sum(after.values()) < sum(before.values()):
            self.code, after = encoded, before
        return Refined(self.code[0].cpu(), before, after)

    @torch.no_grad()
    def _trial(self, seed: int) -> dict[str, float]:
        """Returns the mean losses of the code over batches that no step is taken with."""
        rngs = [np.random.default_rng((seed, TRIAL_SEED, number)) for number in range(TRIALS)]
        losses = [self.step(rng, self.code.device)[1] for rng in rngs]
        return {name: sum(one[name] for one in losses) / TRIALS for name in losses[0]}


def _moved(code: Tensor, change: Tensor) -> Tensor:
    """Returns codes (B, D + 9) whose first D numbers are changed by (B, D)."""
    size = change.shape[1]
    return torch.cat((code[:, :size] + change, code[:, size:]), 1)
