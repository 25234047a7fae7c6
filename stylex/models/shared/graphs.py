"""A network for arbitrary styles as the graphs that are exported: transfer and style encoder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from torch import Tensor

from stylex.artifacts.metadata import STYLE_ENCODER, TRANSFER, GraphSpec
from stylex.errors import ModelError
from stylex.export.graph_spec import STRENGTHS, Feed, Photo, Traceable
from stylex.export.transfer_graph import Geometry, style_graph, transfer_graph
from stylex.imaging.palette import amounts_of, maps_before, palettes_under, recolored
from stylex.models.shared.arbitrary_style import ArbitraryStyleNetwork
from stylex.models.shared.backbone import BORDER, FEWEST, MULTIPLE, BackboneSpec
from stylex.models.weights import CALIBRATION, Weights

SMALLEST_STYLE = 64
"""Pixels of a style picture, at the least: a quarter of it must have a position at 1/16."""


def traceables(network: ArbitraryStyleNetwork, weights: Weights, size: int | None) -> list[Traceable]:
    """Returns the graphs of a network: `Backbone.forward` and `ArbitraryStyleNetwork.encode`.

    Args:
        weights: of the network, with the codes that it is calibrated and checked with.
        size: fixed height and width of the painted picture, a multiple of `spec.multiple`; None for dynamic sizes.

    Raises:
        ModelError: the weights have no such codes.
    """
    spec = GraphSpec(STYLE_ENCODER, network.full_code_size, palette=network.palette_mapped)
    return [_transfer(network, _codes(network, weights), size), style_graph(network, SMALLEST_STYLE, spec)]


def _codes(network: ArbitraryStyleNetwork, weights: Weights) -> Tensor:
    codes = weights.extras.get(CALIBRATION)
    if codes is None or codes.ndim != 2 or len(codes) < 2 or codes.shape[1] != network.full_code_size:
        raise ModelError(f"{weights.path} has no usable {CALIBRATION}: finish its training with `stylex train`")
    return codes


def _transfer(network: ArbitraryStyleNetwork, known: Tensor, size: int | None) -> Traceable:
    spec = replace(
        trunk_spec(size, network.spec, network.code_size), sites=network.spec.sites, palette=network.palette_mapped
    )
    geometry, statistics_size = Geometry(spec), network.spec.code_size

    def feed(photo: Photo, number: int, check: bool) -> Feed:
        """Returns a photo in a real style's palette and in the style; checking sees other styles than calibration."""
        codes = known[1::2] if check else known[::2]
        code = codes[number % len(codes)][None].numpy().astype(np.float32)
        code, style = code[:, : network.code_size], code[:, network.code_size :]
        if network.palette_mapped:
            amounts = amounts_of(np.full((1, 1, 1, 1), STRENGTHS[number % len(STRENGTHS)], np.float32))
            photo = recolored(photo, maps_before(palettes_under(photo, amounts), style), amounts)
        return geometry.coded_feed(photo, code, number, statistics_size)

    outputs = ("painted", "statistics")
    return transfer_graph(network.backbone, geometry, geometry.coded(statistics_size), outputs, feed)


def trunk_spec(size: int | None, trunk: BackboneSpec, code_size: int = 0) -> GraphSpec:
    """Returns the specification of the transfer graph of a network on the shared trunk.

    Args:
        size: fixed height and width, or None for dynamic sizes.
        code_size: floats that it takes of a style code.
    """
    return GraphSpec(
        TRANSFER,
        code_size,
        multiple=trunk.multiple,
        smallest=FEWEST * trunk.multiple,
        fixed_size=size,
        border=BORDER,
        cell=MULTIPLE,
        reach=trunk.receptive_radius,
    )
