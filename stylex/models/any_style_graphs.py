"""A network that paints in any style as the graphs that are exported: what paints, and what makes codes."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.export import Dim

from stylex.errors import ModelError
from stylex.models.any_style import AnyStyle
from stylex.models.backbone import BORDER, MULTIPLE
from stylex.models.traceable import LARGEST, MOST_STYLES, STRENGTHS, Feed, Photo, Traceable
from stylex.models.trunk_graphs import Input, Sides, transfer_graph
from stylex.models.weights import CALIBRATION, Weights
from stylex.runtime.facts import STYLE_ENCODER
from stylex.runtime.planes import to_floats


class StyleGraph(nn.Module):
    """A style picture (1, 3, H, W) to its code (1, D); torch's exporter can't decompose the encoder by itself."""

    def __init__(self, network: AnyStyle) -> None:
        super().__init__()
        self.network = network

    def forward(self, style: Tensor) -> Tensor:
        """See `AnyStyle.encode`."""
        return self.network.encode(style)


def graphs(network: AnyStyle, weights: Weights, size: int | None) -> list[Traceable]:
    """The graphs of a network: `Backbone.forward` and `AnyStyle.encode`.

    Args:
        weights: of the network, with the codes that it is calibrated and checked with.
        size: fixed height and width of the painted picture, a multiple of `spec.multiple`; None for dynamic sizes.

    Raises:
        ModelError: the weights have no such codes.
    """
    return [_transfer(network, _codes(weights), size), _style(network)]


def _codes(weights: Weights) -> Tensor:
    codes = weights.extras.get(CALIBRATION)
    if codes is None or codes.ndim != 2 or len(codes) < 2:
        raise ModelError(f"{weights.path} has no usable {CALIBRATION}: finish its training with `stylex train`")
    return codes


def _feed(network: AnyStyle, known: Tensor, photo: Photo, number: int, check: bool) -> Feed:
    """A photo in a real style; checking sees other styles than calibration."""
    codes = known[1::2] if check else known[::2]
    rows, columns = ((side - 2 * BORDER) // MULTIPLE for side in photo.shape[:2])
    return {
        "content": to_floats(photo),
        "codes": codes[number % len(codes)][None].numpy().astype(np.float32),
        "masks": np.full((1, 1, rows, columns), STRENGTHS[number % len(STRENGTHS)], np.float32),
        "frozen": np.zeros((1, network.spec.code_size), np.float32),
        "freeze": np.zeros(1, np.float32),
    }


def _transfer(network: AnyStyle, known: Tensor, size: int | None) -> Traceable:
    sides, styles = Sides(size, network.spec.multiple), Dim("styles", min=1, max=MOST_STYLES)
    more = (
        Input("codes", torch.rand(2, network.code_size), {0: styles}),
        sides.cells("masks", 2, styles),
        Input("frozen", torch.zeros(1, network.spec.code_size)),
        Input("freeze", torch.zeros(1)),
    )
    traceable = transfer_graph(
        network.backbone, sides, more, ("painted", "statistics"), functools.partial(_feed, network, known)
    )
    return replace(traceable, code_size=network.code_size, sites=network.spec.sites)


def _style(network: AnyStyle) -> Traceable:
    height, width = (Dim(name, min=64, max=LARGEST) for name in ("height", "width"))
    return Traceable(
        role=STYLE_ENCODER,
        module=StyleGraph(network),
        example=(torch.rand(1, 3, 72, 100),),
        inputs=("style",),
        outputs=("code",),
        pictures=(),
        dynamic=({2: height, 3: width},),
        feed=lambda photo, _number, _check: {"style": to_floats(photo)},
        code_size=network.code_size,
    )
