"""What published networks look like to the exporter: those that hold one style, and those that take the code of any."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.export import Dim

from stylex.models.traceable import LARGEST, MOST_STYLES, STRENGTHS, Feed, Photo, Traceable
from stylex.runtime.facts import STYLE_ENCODER, TRANSFER
from stylex.runtime.planes import to_floats

SMALLEST_STYLE = 32


class Reference(nn.Module, ABC):
    """A published network.

    Attributes:
        multiple, smallest: of height and width, in pixels.
    """

    multiple: int
    smallest: int

    @abstractmethod
    def graphs(self, size: int | None) -> list[Traceable]:
        """What is exported of it.

        Args:
            size: fixed height and width of the painted picture; None for dynamic sizes.
        """


class Painting(Reference):
    """A network with one style in its weights."""

    @abstractmethod
    def folded(self) -> nn.Module:
        """The module to export: RGB (1, 3, H, W) in [0, 1] to the same."""

    def graphs(self, size: int | None) -> list[Traceable]:
        """One graph, photo to painting; see `Reference.graphs`."""
        return [_painting(self, size)]


class Coded(Reference):
    """A network that paints in the style of a code; masks have a cell for every `multiple` pixels.

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
        """A style, RGB (1, 3, H, W) in [0, 1], to its code (1, D)."""

    def graphs(self, size: int | None) -> list[Traceable]:
        """Transfer and style encoder, with the interface of the edge networks; see `Reference.graphs`."""
        return [_transfer(self, size), _style(self)]


class StyleGraph(nn.Module):
    """A style picture (1, 3, H, W) to its code (1, D)."""

    def __init__(self, network: Coded) -> None:
        super().__init__()
        self.network = network

    def forward(self, style: Tensor) -> Tensor:
        """See `Coded.encode`."""
        return self.network.encode(style)


def _sides(network: Reference, size: int | None) -> tuple[tuple[int, int], tuple[Dim, Dim]]:
    """Height and width of the example, and the dynamic rows and columns of masks."""
    least = network.smallest // network.multiple
    rows, columns = (Dim(name, min=least, max=LARGEST // network.multiple) for name in ("rows", "columns"))
    height, width = 4 * network.smallest, 6 * network.smallest
    return ((size, size) if size else (height, width)), (rows, columns)


def _painting(network: Painting, size: int | None) -> Traceable:
    (height, width), (rows, columns) = _sides(network, size)
    multiple = network.multiple
    return Traceable(
        role=TRANSFER,
        module=network.folded(),
        example=(torch.rand(1, 3, height, width),),
        inputs=("content",),
        outputs=("painted",),
        pictures=("painted",),
        dynamic=({} if size else {2: multiple * rows, 3: multiple * columns},),
        feed=lambda photo, _number, _check: {"content": to_floats(photo)},
        multiple=multiple,
        smallest=network.smallest,
        fixed_size=size,
    )


def _transfer(network: Coded, size: int | None) -> Traceable:
    (height, width), (rows, columns) = _sides(network, size)
    multiple = network.multiple
    example = (
        torch.rand(1, 3, height, width),
        torch.rand(2, network.code_size),
        torch.rand(2, 1, height // multiple, width // multiple),
        torch.zeros(1, network.statistics_size),
        torch.zeros(1),
    )
    styles = Dim("styles", min=1, max=MOST_STYLES)
    content = {} if size else {2: multiple * rows, 3: multiple * columns}
    masks = {0: styles} if size else {0: styles, 2: rows, 3: columns}
    return Traceable(
        role=TRANSFER,
        module=network,
        example=example,
        inputs=("content", "codes", "masks", "frozen", "freeze"),
        outputs=("painted", "statistics"),
        pictures=("painted",),
        dynamic=(content, {0: styles}, masks, None, None),
        feed=functools.partial(_feed, network),
        code_size=network.code_size,
        multiple=multiple,
        cell=multiple,
        smallest=network.smallest,
        fixed_size=size,
    )


def _style(network: Coded) -> Traceable:
    side = network.style_side
    height, width = (Dim(name, min=SMALLEST_STYLE, max=LARGEST) for name in ("height", "width"))
    return Traceable(
        role=STYLE_ENCODER,
        module=StyleGraph(network),
        example=(torch.rand(1, 3, side or 72, side or 100),),
        inputs=("style",),
        outputs=("code",),
        pictures=(),
        dynamic=({} if side else {2: height, 3: width},),
        feed=lambda photo, _number, _check: {"style": to_floats(photo)},
        code_size=network.code_size,
        fixed_size=side or None,
    )


def _feed(network: Coded, photo: Photo, number: int, _check: bool) -> Feed:
    """A photo in the style of another picture.

    No paintings come with a checkpoint. The photo itself, upside down, in exchanged and inverted colours, is one whose
    statistics are real and not its own; calibration and check differ in the photo.
    """
    style = np.ascontiguousarray(255 - photo[::-1, :, (1, 2, 0)])
    if network.style_side:
        style = np.asarray(cv2.resize(style, (network.style_side,) * 2, interpolation=cv2.INTER_AREA), np.uint8)
    with torch.inference_mode():
        code = network.encode(torch.from_numpy(to_floats(style))).numpy()
    rows, columns = (side // network.multiple for side in photo.shape[:2])
    return {
        "content": to_floats(photo),
        "codes": code,
        "masks": np.full((1, 1, rows, columns), STRENGTHS[number % len(STRENGTHS)], np.float32),
        "frozen": np.zeros((1, network.statistics_size), np.float32),
        "freeze": np.zeros(1, np.float32),
    }
