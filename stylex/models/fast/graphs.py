"""A single-style network as the graph that is exported."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from stylex.export.graph_spec import Feed, Photo, Traceable
from stylex.export.transfer_graph import Geometry, Input, transfer_graph
from stylex.imaging.arrays import to_floats
from stylex.models.fast.network import STATISTICS, Fast
from stylex.models.shared.graphs import trunk_spec
from stylex.models.weights import Weights

LIGHTNESS = (1,)
"""The first two of the statistics are the mean and the standard deviation of lightness; the third is by itself."""


def traceables(network: Fast, weights: Weights, size: int | None) -> list[Traceable]:
    """Returns the one graph, `Fast.forward`; `size` is a fixed height and width, or None for dynamic sizes."""
    more = (Input("frozen", torch.zeros(1, STATISTICS)), Input("freeze", torch.zeros(1)))
    spec = replace(trunk_spec(size, network.trunk.spec), sites=LIGHTNESS)
    return [transfer_graph(network, Geometry(spec), more, ("painted", "statistics"), _feed)]


def _feed(photo: Photo, _number: int, _check: bool) -> Feed:
    frozen, freeze = np.zeros((1, STATISTICS), np.float32), np.zeros(1, np.float32)
    return {"content": to_floats(photo), "frozen": frozen, "freeze": freeze}
