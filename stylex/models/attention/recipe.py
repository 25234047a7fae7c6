"""How the network that attends to a style's places is trained: from AdaIN's weights, with structure and places."""

from __future__ import annotations

from stylex.models.adain.embedded import embedded_adain
from stylex.models.attention.network import Attention
from stylex.models.training.any_style import AnyStyleRecipe, AnyStyleSettings


class AttentionRecipe(AnyStyleRecipe):
    """Training of `Attention`."""

    name = "attention"
    defaults = AnyStyleSettings(structure=0.6, local=0.3)

    def initial_network(self) -> Attention:
        """Returns a network that paints as AdaIN does; only what attends is new."""
        network = Attention()
        network.load_state_dict(embedded_adain()[1].tensors, strict=False)
        return network
