"""Trains the large network for arbitrary styles: grown from AdaIN, it goes on with AdaIN's losses."""

from __future__ import annotations

import numpy as np
import torch

from stylex.models.adain.embedded import embedded_adain
from stylex.models.adain.network import AdaIN
from stylex.models.adain.recipe import AdaINRecipe
from stylex.models.adain_l.network import grown_adain
from stylex.models.training.arbitrary_style import BANK_SEED, ArbitraryStyleSettings
from stylex.models.training.batches import tensor, with_border
from stylex.models.weights import Weights
from stylex.techniques import technique_named

USUAL = technique_named("adain-l").training
AVERAGED = 32
"""Photos whose statistics new modulation sites begin with."""


class LargeAdaINRecipe(AdaINRecipe):
    """Training of the large network."""

    name = "adain-l"
    defaults = ArbitraryStyleSettings(
        style=USUAL.default("style_weight"),
        content=USUAL.default("content_weight"),
        structure=0.9,
        iridescence=80.0,
        flat_area_noise=180.0,
        checkerboard=5.0,
    )

    def initial_network(self) -> AdaIN:
        """Returns a network that paints as AdaIN does; its new channels and blocks are still to learn."""
        photos = with_border(self.photos.sample(AVERAGED, self.settings.size, np.random.default_rng(BANK_SEED)))
        return grown_adain(embedded_adain()[0], tensor(photos, torch.device("cpu")))

    def usual_beginning(self) -> Weights:
        """Returns AdaIN's weights."""
        return embedded_adain()[1]
