"""Published networks as the exporter sees them: those that hold a single style, and those for arbitrary styles."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from dataclasses import replace

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from stylex.artifacts.metadata import STYLE_ENCODER, TRANSFER, GraphSpec
from stylex.export.graph_spec import Feed, Photo, Traceable
from stylex.export.transfer_graph import Geometry, style_graph, transfer_graph
from stylex.imaging.arrays import to_floats

SMALLEST_STYLE = 32


class PublishedNetwork(nn.Module, ABC):
    """A published network.

    Attributes:
        multiple, smallest: of height and width, in pixels.
    """

    multiple: int
    smallest: int

    @abstractmethod
    def traceables(self, size: int | None) -> list[Traceable]:
        """Returns the graphs that are exported of it.

        Args:
            size: fixed height and width of the painted picture; None for dynamic sizes.
        """


class PublishedSingleStyle(PublishedNetwork):
    """A network with a single style in its weights."""

    @abstractmethod
    def folded(self) -> nn.Module:
        """Returns the module to export: RGB (1, 3, H, W) in [0, 1] to the same."""

    def traceables(self, size: int | None) -> list[Traceable]:
        """Returns one graph, photo to painting; see `PublishedNetwork.traceables`."""
        return [_single_style_graph(self, size)]


class PublishedArbitraryStyle(PublishedNetwork):
    """A network for arbitrary styles, given as codes; masks have a cell for every `multiple` pixels.

    Attributes:
        code_size: D, floats in a code.
        statistics_size: S, floats in the content's statistics.
        style_side: height and width that style pictures must have; 0 for any.
    """

    code_size: int
    statistics_size: int
    style_side: int = 0

    @abstractmethod
    def encode(self, style: Tensor) -> Tensor:
        """Encodes a style, RGB (1, 3, H, W) in [0, 1], to its code (1, D)."""

    @abstractmethod
    def forward(
        self, content: Tensor, codes: Tensor, masks: Tensor, frozen: Tensor, freeze: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Paints a picture.

        Args:
            content: RGB in [0, 1], (1, 3, H, W), H and W multiples of `multiple`.
            codes: (K, D).
            masks: (K, 1, h, w), a cell for every `multiple` pixels; 0 is the photo, 1 the style.
            frozen: statistics to use, (1, S), as an earlier call returned them.
            freeze: (1,), 1 to use `frozen`, 0 to measure the content.

        Returns:
            RGB (1, 3, H, W) in [0, 1], and the statistics that were measured (1, S).
        """

    def traceables(self, size: int | None) -> list[Traceable]:
        """Returns transfer graph and style encoder, with our own interface; see `PublishedNetwork.traceables`."""
        encoder = GraphSpec(STYLE_ENCODER, self.code_size, fixed_size=self.style_side or None)
        return [_arbitrary_style_graph(self, size), style_graph(self, SMALLEST_STYLE, encoder)]


def _spec(network: PublishedNetwork, size: int | None, code_size: int = 0) -> GraphSpec:
    return GraphSpec(TRANSFER, code_size, multiple=network.multiple, smallest=network.smallest, fixed_size=size)


def _single_style_graph(network: PublishedSingleStyle, size: int | None) -> Traceable:
    geometry = Geometry(_spec(network, size))
    graph = transfer_graph(
        network.folded(), geometry, (), ("painted",), lambda photo, _number, _check: {"content": to_floats(photo)}
    )
    return replace(graph, published=network)


def _arbitrary_style_graph(network: PublishedArbitraryStyle, size: int | None) -> Traceable:
    geometry = Geometry(replace(_spec(network, size, network.code_size), cell=network.multiple))
    return transfer_graph(
        network,
        geometry,
        geometry.coded(network.statistics_size),
        ("painted", "statistics"),
        functools.partial(_feed, network, geometry),
    )


def _feed(network: PublishedArbitraryStyle, geometry: Geometry, photo: Photo, number: int, _check: bool) -> Feed:
    """Returns a photo in the style of another picture.

    No paintings come with a checkpoint. The photo itself, upside down, in exchanged and inverted colours, is one whose
    statistics are real and not its own; calibration and check differ in the photo.
    """
    style = np.ascontiguousarray(255 - photo[::-1, :, (1, 2, 0)])
    if network.style_side:
        style = np.asarray(cv2.resize(style, (network.style_side,) * 2, interpolation=cv2.INTER_AREA), np.uint8)
    with torch.inference_mode():
        code = network.encode(torch.from_numpy(to_floats(style))).numpy()
    return geometry.coded_feed(photo, code, number, network.statistics_size)
