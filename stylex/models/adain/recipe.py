"""Trains AdaIN from scratch, while its encoder learns to predict the style's statistics beside the code."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from stylex.models.adain.network import AdaIN
from stylex.models.adain.settling import settle
from stylex.models.training.arbitrary_style import BANK_SEED, ArbitraryStyleRecipe
from stylex.models.training.batches import tensor
from stylex.models.training.style_bank import StyleTarget

SETTLED = 64
"""Paintings that a new encoder is settled on."""


class AdaINRecipe(ArbitraryStyleRecipe):
    """Training of AdaIN."""

    name = "adain"
    not_exported = ("style.describe.",)
    network: AdaIN

    def initial_network(self) -> AdaIN:
        """Returns a new network; one that begins with weights has an encoder that needs no further teaching."""
        if self.start is not None:
            return AdaIN()
        photo = torch.zeros(1, 3, self.settings.size, self.settings.size, device=self.loss_networks.device)
        with torch.no_grad():
            described = sum(2 * x.shape[1] for x in self.loss_networks.seen(photo)[0].values())
        network = AdaIN(described=described)
        paintings = self.paintings.sample(SETTLED, self.settings.size, np.random.default_rng(BANK_SEED))
        settle(network.style, tensor(paintings, torch.device("cpu")))
        return network

    def encode(self, style: Tensor, target: StyleTarget) -> tuple[Tensor, dict[str, Tensor]]:
        """See `ArbitraryStyleRecipe.encode`; with the loss of what the encoder predicts of the style's statistics."""
        encoder = self.network.style
        statistics = encoder.statistics(style)
        codes = self.network.with_palette(encoder.to_code(statistics).float(), style)
        if encoder.describe is None:
            return codes, {}
        predicted = encoder.describe(statistics).float()
        wanted = torch.cat([x for pair in target.statistics.values() for x in pair], 1)
        gap = ((predicted - wanted).square().mean(1) / wanted.square().mean(1)).mean()
        return codes, {"describe": self.settings.describe * gap}
