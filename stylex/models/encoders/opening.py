"""The networks that `gatys` can look with."""

from __future__ import annotations

from rich.console import Console
from torch import nn

from stylex.errors import UsageError
from stylex.models.encoders import vgg19
from stylex.models.encoders.slim import CONTENT_LAYER, SlimEncoder
from stylex.models.weights import embedded, read_weights
from stylex.techniques import technique_named

NAMES = technique_named("gatys").option("encoder").choices


def opened(name: str, console: Console | None = None) -> tuple[nn.Module, str]:
    """Returns a network without gradients, and the layer whose activations are compared for the content.

    Args:
        name: "slim" for the embedded encoder, "vgg19" for the published one, which is downloaded once.
        console: for the download's progress bar.

    Raises:
        UsageError: an unknown name.
        InputError: the embedded weights are missing.
        ModelError: the weights are damaged.
        ResourceError: the published weights can't be downloaded.
    """
    if name not in NAMES:
        raise UsageError(f"the encoder is {name!r}; choose {' or '.join(NAMES)}")
    if name == "vgg19":
        return vgg19.published(console).eval().requires_grad_(False), vgg19.CONTENT_LAYER
    network = SlimEncoder()
    read_weights(embedded("encoder")).fill(network)
    return network.requires_grad_(False), CONTENT_LAYER
