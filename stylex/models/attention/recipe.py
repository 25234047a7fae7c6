"""Trains the network that attends to a style's places: from AdaIN's weights, with structure and local losses."""

from __future__ import annotations

from stylex.models.adain.embedded import embedded_adain
from stylex.models.attention.network import Attention
from stylex.models.training.arbitrary_style import ArbitraryStyleRecipe, ArbitraryStyleSettings
from stylex.models.weights import Weights


class AttentionRecipe(ArbitraryStyleRecipe):
    """Training of `Attention`."""

    name = "attention"
    defaults = ArbitraryStyleSettings(structure=1.0, local=0.3)

    def initial_network(self) -> Attention:
        """Returns a network that paints as AdaIN does; only what attends is new."""
        network = Attention()
        network.load_state_dict(embedded_adain()[1].tensors, strict=False)
        return network

    def usual_beginning(self) -> Weights:
        """Returns AdaIN's weights."""
        return embedded_adain()[1]
