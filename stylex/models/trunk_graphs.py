"""What the graphs of all networks on the shared trunk have in common: sizes, geometry, a clamped picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim

from stylex.models.backbone import BORDER, FEWEST, MULTIPLE, Trunk
from stylex.models.traceable import LARGEST, Feed, Photo, Traceable
from stylex.runtime.facts import TRANSFER


@dataclass(frozen=True)
class Input:
    """One more input of a graph: an example, and its dynamic sizes by axis."""

    name: str
    example: Tensor
    dynamic: dict[int, Any] | None = None


class Sides:
    """Height and width of what is painted, fixed or dynamic.

    Args:
        size: fixed height and width, a multiple of `multiple`; None for dynamic sizes.
        multiple: of height and width, itself one of `MULTIPLE`.
    """

    def __init__(self, size: int | None, multiple: int = MULTIPLE) -> None:
        self.size, self.multiple = size, multiple
        self.height, self.width = (size, size) if size else (8 * multiple, 12 * multiple)
        self._rows, self._columns = (Dim(name, min=FEWEST, max=LARGEST // multiple) for name in ("rows", "columns"))

    def content(self) -> Input:
        """The photo with its border."""
        example = torch.rand(1, 3, self.height + 2 * BORDER, self.width + 2 * BORDER)
        sizes = {2: self.multiple * self._rows + 2 * BORDER, 3: self.multiple * self._columns + 2 * BORDER}
        return Input("content", example, {} if self.size else sizes)

    def cells(self, name: str, count: int, first: Any) -> Input:
        """A map at 1/8 resolution for each of `count` things, as many as the dynamic size `first` says."""
        example = torch.rand(count, 1, self.height // MULTIPLE, self.width // MULTIPLE)
        cells = self.multiple // MULTIPLE
        sizes = {2: cells * self._rows, 3: cells * self._columns} if cells > 1 else {2: self._rows, 3: self._columns}
        return Input(name, example, {0: first} | ({} if self.size else sizes))


class Clamped(nn.Module):
    """A network whose first output is a picture, clamped to [0, 1]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        """What the network gives for the same inputs."""
        outputs = self.network(*inputs)
        if isinstance(outputs, Tensor):
            return outputs.clamp(0, 1)
        picture, *others = outputs
        return picture.clamp(0, 1), *others


def transfer_graph(
    network: nn.Module,
    sides: Sides,
    more: Sequence[Input],
    outputs: tuple[str, ...],
    feed: Callable[[Photo, int, bool], Feed],
) -> Traceable:
    """The transfer graph of a network that takes the content first and paints first."""
    inputs = (sides.content(), *more)
    trunk = network if isinstance(network, Trunk) else network.get_submodule("trunk")
    assert isinstance(trunk, Trunk)
    return Traceable(
        role=TRANSFER,
        module=Clamped(network),
        example=tuple(i.example for i in inputs),
        inputs=tuple(i.name for i in inputs),
        outputs=outputs,
        pictures=outputs[:1],
        dynamic=tuple(i.dynamic for i in inputs),
        feed=feed,
        multiple=sides.multiple,
        smallest=FEWEST * sides.multiple,
        border=BORDER,
        cell=MULTIPLE,
        reach=trunk.spec.reach,
        fixed_size=sides.size,
    )
