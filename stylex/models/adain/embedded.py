"""AdaIN as it comes with the package."""

from __future__ import annotations

from stylex.models.adain.network import AdaIN
from stylex.models.weights import Weights, embedded, read_weights


def embedded_adain() -> tuple[AdaIN, Weights]:
    """Returns AdaIN with the weights of the package, which baking folds in and other networks begin with."""
    network, weights = AdaIN(), read_weights(embedded("adain"))
    weights.fill(network)
    return network, weights
