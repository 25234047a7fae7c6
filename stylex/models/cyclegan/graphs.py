"""The wanted direction of CycleGAN as the graph that is exported."""

from __future__ import annotations

from stylex.models.cyclegan.network import Generator
from stylex.models.traceable import Feed, Photo, Traceable
from stylex.models.transfer_graphs import transfer_graph, trunk_geometry
from stylex.models.weights import Weights
from stylex.runtime.planes import to_floats


def graphs(network: Generator, weights: Weights, size: int | None) -> list[Traceable]:
    """The one graph, `Generator.forward`; `size` is a fixed height and width, or None for dynamic sizes."""
    return [transfer_graph(network, trunk_geometry(size, network.trunk.spec), (), ("painted",), _feed)]


def _feed(photo: Photo, _number: int, _check: bool) -> Feed:
    return {"content": to_floats(photo)}
