"""The wanted direction of CycleGAN as the graph that is exported."""

from __future__ import annotations

from stylex.export.graph_spec import Feed, Photo, Traceable
from stylex.export.transfer_graph import Geometry, transfer_graph
from stylex.imaging.arrays import to_floats
from stylex.models.cyclegan.network import Generator
from stylex.models.shared.graphs import trunk_spec
from stylex.models.weights import Weights


def traceables(network: Generator, weights: Weights, size: int | None) -> list[Traceable]:
    """Returns the one graph, `Generator.forward`; `size` is a fixed height and width, or None for dynamic sizes."""
    return [transfer_graph(network, Geometry(trunk_spec(size, network.trunk.spec)), (), ("painted",), _feed)]


def _feed(photo: Photo, _number: int, _check: bool) -> Feed:
    return {"content": to_floats(photo)}
