"""How AdaIN is trained: from scratch, while its encoder learns to tell the style's statistics beside the code."""

from __future__ import annotations

import torch
from torch import Tensor

from stylex.models import loss_networks, losses
from stylex.models.adain.network import AdaIN
from stylex.models.any_style_recipe import AnyStyleRecipe


class AdaINRecipe(AnyStyleRecipe):
    """Training of AdaIN."""

    name = "adain"
    not_exported = ("style.describe.",)
    network: AdaIN

    def begun(self) -> AdaIN:
        """A new network."""
        photo = torch.zeros(1, 3, self.settings.size, self.settings.size)
        with torch.no_grad():
            described = sum(2 * x.shape[1] for x in self.teachers.features(photo).values())
        return AdaIN(described=described)

    def coded(self, style: Tensor, features: loss_networks.Features) -> tuple[Tensor, dict[str, Tensor]]:
        """See `AnyStyleRecipe.coded`; with the loss of what the encoder tells of the style."""
        encoder = self.network.style
        measured = encoder.measure(style)
        codes = encoder.to_code(measured).float()
        if encoder.describe is None:
            return codes, {}
        told = encoder.describe(measured).float()
        wanted = torch.cat([x for pair in losses.statistics(features).values() for x in pair], 1)
        gap = ((told - wanted).square().mean(1) / wanted.square().mean(1)).mean()
        return codes, {"describe": self.settings.describe * gap}
