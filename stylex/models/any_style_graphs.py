"""A network that paints in any style as the graphs that are exported: what paints, and what makes codes."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from stylex.errors import ModelError
from stylex.models.any_style import AnyStyle
from stylex.models.traceable import Feed, Photo, Traceable
from stylex.models.transfer_graphs import style_graph, transfer_graph, trunk_geometry
from stylex.models.weights import CALIBRATION, Weights

SMALLEST_STYLE = 64
"""Pixels of a style picture, at the least: a quarter of it must have a position at 1/16."""


def graphs(network: AnyStyle, weights: Weights, size: int | None) -> list[Traceable]:
    """The graphs of a network: `Backbone.forward` and `AnyStyle.encode`.

    Args:
        weights: of the network, with the codes that it is calibrated and checked with.
        size: fixed height and width of the painted picture, a multiple of `spec.multiple`; None for dynamic sizes.

    Raises:
        ModelError: the weights have no such codes.
    """
    return [_transfer(network, _codes(weights), size), style_graph(network, SMALLEST_STYLE)]


def _codes(weights: Weights) -> Tensor:
    codes = weights.extras.get(CALIBRATION)
    if codes is None or codes.ndim != 2 or len(codes) < 2:
        raise ModelError(f"{weights.path} has no usable {CALIBRATION}: finish its training with `stylex train`")
    return codes


def _transfer(network: AnyStyle, known: Tensor, size: int | None) -> Traceable:
    geometry, spec = trunk_geometry(size, network.spec), network.spec

    def feed(photo: Photo, number: int, check: bool) -> Feed:
        """A photo in a real style; checking sees other styles than calibration."""
        codes = known[1::2] if check else known[::2]
        code = codes[number % len(codes)][None].numpy().astype(np.float32)
        return geometry.coded_feed(photo, code, number, spec.code_size)

    more, outputs = geometry.coded(network.code_size, spec.code_size), ("painted", "statistics")
    return transfer_graph(network.backbone, geometry, more, outputs, feed, network.code_size, spec.sites)
