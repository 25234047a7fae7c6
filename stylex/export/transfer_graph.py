"""The common part of all networks' graphs: sizes and geometry, codes and masks, a clamped picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.export import Dim

from stylex.artifacts.metadata import MOST_STYLES, GraphSpec
from stylex.export.graph_spec import LARGEST, STRENGTHS, Feed, Photo, Traceable
from stylex.imaging.arrays import to_floats

EXAMPLE = 32
"""Pixels, at the least, of which an example is 2 high and 3 wide."""


@dataclass(frozen=True)
class Input:
    """One input of a graph: an example, and its dynamic sizes by axis."""

    name: str
    example: Tensor
    dynamic: dict[int, Any] | None = None


@dataclass(frozen=True)
class Geometry:
    """Height and width of what is painted, fixed or dynamic.

    Attributes:
        spec: of the graph; a fixed size is a multiple of its `multiple`.
    """

    spec: GraphSpec

    @property
    def example(self) -> tuple[int, int]:
        """Returns height and width to trace with."""
        if self.spec.fixed_size:
            return self.spec.fixed_size, self.spec.fixed_size
        unit = self.spec.painted_side(EXAMPLE)
        return 2 * unit, 3 * unit

    def dynamic(self, step: int, border: int = 0) -> dict[int, Any]:
        """Returns the sizes of axes 2 and 3 as torch takes them: `step` pixels times n, and a border on each side."""
        if self.spec.fixed_size:
            return {}
        least, most = self.spec.smallest // self.spec.multiple, LARGEST // self.spec.multiple
        sides = {axis: Dim(name, min=least, max=most) for axis, name in ((2, "rows"), (3, "columns"))}
        if step == 1 and not border:
            return dict(sides)
        return {axis: step * side + 2 * border for axis, side in sides.items()}

    def content(self) -> Input:
        """Returns the photo with its border."""
        height, width = (side + 2 * self.spec.border for side in self.example)
        return Input("content", torch.rand(1, 3, height, width), self.dynamic(self.spec.multiple, self.spec.border))

    def coded(self, statistics_size: int) -> tuple[Input, ...]:
        """Returns codes of any number of styles, a mask for each, statistics to use, and whether to."""
        spec, styles = self.spec, Dim("styles", min=1, max=MOST_STYLES)
        rows, columns = (side // spec.cell for side in self.example)
        cells = {0: styles} | self.dynamic(spec.multiple // spec.cell)
        return (
            Input("codes", torch.rand(2, spec.code_size), {0: styles}),
            Input("masks", torch.rand(2, 1, rows, columns), cells),
            Input("frozen", torch.zeros(1, statistics_size)),
            Input("freeze", torch.zeros(1)),
        )

    def coded_feed(self, photo: Photo, code: npt.NDArray[np.float32], number: int, statistics_size: int) -> Feed:
        """Returns a photo, with its border, in the style of a code (1, D); its number says at what strength."""
        rows, columns = ((side - 2 * self.spec.border) // self.spec.cell for side in photo.shape[:2])
        return {
            "content": to_floats(photo),
            "codes": code,
            "masks": np.full((1, 1, rows, columns), STRENGTHS[number % len(STRENGTHS)], np.float32),
            "frozen": np.zeros((1, statistics_size), np.float32),
            "freeze": np.zeros(1, np.float32),
        }


class Clamped(nn.Module):
    """A network whose first output is a picture, clamped to [0, 1]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Returns the network's outputs for the same inputs."""
        outputs = self.network(*inputs)
        if isinstance(outputs, Tensor):
            return outputs.clamp(0, 1)
        picture, *others = outputs
        return picture.clamp(0, 1), *others


class Encodes(Protocol):
    """Anything that makes codes."""

    code_size: int

    def encode(self, style: Tensor) -> Tensor:
        """Converts a style, RGB (1, 3, H, W) in [0, 1], to its code (1, D)."""


class StyleGraph(nn.Module):
    """A style picture (1, 3, H, W) to its code (1, D); torch's exporter can't decompose the encoder by itself."""

    def __init__(self, network: Encodes) -> None:
        super().__init__()
        self.network = network

    def forward(self, style: Tensor) -> Tensor:
        """See `Encodes.encode`."""
        return self.network.encode(style)


def transfer_graph(
    network: nn.Module,
    geometry: Geometry,
    more: Sequence[Input],
    outputs: tuple[str, ...],
    feed: Callable[[Photo, int, bool], Feed],
) -> Traceable:
    """Returns the transfer graph of a network that takes the content first and paints first."""
    inputs = (geometry.content(), *more)
    return Traceable(
        spec=geometry.spec,
        module=Clamped(network),
        example=tuple(i.example for i in inputs),
        inputs=tuple(i.name for i in inputs),
        outputs=outputs,
        pictures=outputs[:1],
        dynamic=tuple(i.dynamic for i in inputs),
        feed=feed,
    )


def style_graph(network: Encodes, smallest: int, spec: GraphSpec) -> Traceable:
    """Returns the graph that makes codes of style pictures.

    Args:
        smallest: pixels of a style picture's sides, at the least.
        spec: of the graph; its `fixed_size` is the one height and width of style pictures.
    """
    height, width = (Dim(name, min=smallest, max=LARGEST) for name in ("height", "width"))
    side = spec.fixed_size
    return Traceable(
        spec=spec,
        module=StyleGraph(network),
        example=(torch.rand(1, 3, side or 72, side or 100),),
        inputs=("style",),
        outputs=("code",),
        pictures=(),
        dynamic=({} if side else {2: height, 3: width},),
        feed=lambda photo, _number, _check: {"style": to_floats(photo)},
    )
