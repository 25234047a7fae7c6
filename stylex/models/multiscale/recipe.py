"""Trains the network with three scales of the style: from AdaIN's weights, on two resolutions."""

from __future__ import annotations

from torch import nn

from stylex.models.adain.embedded import embedded_adain
from stylex.models.adain.network import AdaIN
from stylex.models.multiscale.network import Multiscale
from stylex.models.training.arbitrary_style import ArbitraryStyleRecipe, ArbitraryStyleSettings
from stylex.models.weights import Weights
from stylex.techniques import technique_named

USUAL = technique_named("multiscale").training


class MultiscaleRecipe(ArbitraryStyleRecipe):
    """Training of `Multiscale`."""

    name = "multiscale"
    defaults = ArbitraryStyleSettings(size=USUAL.size, grid=USUAL.grid, quarter=1.5)

    def initial_network(self) -> Multiscale:
        """Returns a network that paints much as AdaIN does; what happens at 1/16 is new."""
        network = Multiscale()
        take_over(embedded_adain()[0], network)
        return network

    def usual_beginning(self) -> Weights:
        """Returns AdaIN's weights."""
        return embedded_adain()[1]


def take_over(adain: AdaIN, network: Multiscale) -> None:
    """Gives a network AdaIN's convolutions, and to the heads of its two finer levels AdaIN's rows of their sites."""
    network.backbone.load_state_dict(adain.backbone.state_dict(), strict=False)
    network.style.load_state_dict(adain.style.state_dict(), strict=False)
    at = 0
    for head, widths in list(zip(network.style.heads, network.style.levels, strict=True))[1:]:
        assert isinstance(head, nn.Sequential)
        rows = slice(at, at + 2 * sum(widths))
        head[0].load_state_dict(adain.style.hidden.state_dict())
        head[2].load_state_dict({name: value[rows] for name, value in adain.style.code.state_dict().items()})
        at = rows.stop
