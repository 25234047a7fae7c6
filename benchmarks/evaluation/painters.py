"""The networks that are rated: stylex's own in torch and in ONNX Runtime, and published ones in torch."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from evaluation.layers import trained_on
from stylex.artifacts.catalog import transfer_file
from stylex.artifacts.metadata import PRECISIONS
from stylex.artifacts.style_code import style_sized
from stylex.errors import ModelError, UsageError
from stylex.files import sha256_of
from stylex.imaging.arrays import Image, to_bytes, to_floats
from stylex.models.published.checkpoints import load_checkpoint
from stylex.models.registry import model_of
from stylex.models.shared.arbitrary_style import ArbitraryStyleNetwork
from stylex.models.shared.backbone import BORDER
from stylex.models.shared.published_network import PublishedArbitraryStyle, PublishedNetwork, PublishedSingleStyle
from stylex.models.weights import embedded, read_weights
from stylex.runtime import painter as runtime
from stylex.runtime.loading import load
from stylex.runtime.style_painter import mixed

Code = npt.NDArray[np.float32]
TORCH = "torch"
"""Stands for the precision of the torch network, which the others are compared with."""


class Painter(Protocol):
    """The two calls that are needed of a network."""

    def code(self, style: Image) -> Code:
        """Returns the code (1, D) of a style picture of any size."""

    def paint(self, photo: Image, code: Code, strength: float) -> Image:
        """Returns a photo, whose sides are multiples of 16, painted."""


class TorchPainter:
    """A technique of stylex that takes any style, in torch."""

    def __init__(self, technique: str, weights: Path) -> None:
        network = model_of(technique).network()
        assert isinstance(network, ArbitraryStyleNetwork), f"{technique} has one style in its weights"
        self.network = network
        read_weights(weights).fill(self.network)

    @torch.inference_mode()
    def code(self, style: Image) -> Code:
        """See `Painter.code`."""
        return np.asarray(self.network.encode(_tensor(style_sized(style))).numpy(), np.float32)

    @torch.inference_mode()
    def paint(self, photo: Image, code: Code, strength: float) -> Image:
        """See `Painter.paint`."""
        padded = _padded(photo, BORDER, BORDER, BORDER)
        picture, _ = self.network(_tensor(padded), torch.from_numpy(code), strength)
        return _bytes(picture)


@dataclass(frozen=True)
class GraphPainter:
    """A transfer graph in ONNX Runtime, with the codes of the torch network."""

    painter: runtime.Painter
    encoder: TorchPainter

    def code(self, style: Image) -> Code:
        """See `Painter.code`."""
        return self.encoder.code(style)

    def paint(self, photo: Image, code: Code, strength: float) -> Image:
        """See `Painter.paint`."""
        return self.painter.paint(photo, code, np.full((1, 1, 1, 1), strength, np.float32)).picture


class PublishedPainter:
    """A published network in torch; one with a single style in its weights paints that, whatever style is given."""

    def __init__(self, network: PublishedNetwork) -> None:
        self.network = network
        self.single = network.folded().eval() if isinstance(network, PublishedSingleStyle) else None

    @torch.inference_mode()
    def code(self, style: Image) -> Code:
        """See `Painter.code`; a single style has none, (1, 0)."""
        if not isinstance(self.network, PublishedArbitraryStyle):
            return np.zeros((1, 0), np.float32)
        sized = style_sized(style, self.network.style_side or None)
        return np.asarray(self.network.encode(_tensor(sized)).numpy(), np.float32)

    @torch.inference_mode()
    def paint(self, photo: Image, code: Code, strength: float) -> Image:
        """See `Painter.paint`; the sides may be any."""
        height, width = photo.shape[:2]
        bottom, right = (-side % self.network.multiple for side in (height, width))
        content = _tensor(_padded(photo, 0, bottom, right))
        if self.single is not None:
            picture = np.ascontiguousarray(_bytes(self.single(content))[:height, :width])
            return mixed(photo, picture, strength)
        assert isinstance(self.network, PublishedArbitraryStyle)
        cells = [side // self.network.multiple for side in content.shape[2:]]
        masks = torch.full((1, 1, *cells), strength)
        frozen = torch.zeros(1, self.network.statistics_size)
        picture, _ = self.network(content, torch.from_numpy(code), masks, frozen, torch.zeros(1))
        return _bytes(picture)[:height, :width]


@dataclass(frozen=True)
class Contender:
    """One row.

    Attributes:
        name: of the row.
        network: the name of the technique or checkpoint, which rows of several precisions share.
        painter: paints.
        reference: the row whose pictures this one's are compared with; empty for none.
        trained_on: layers and measures that were losses; None where nothing says so.
        note: a remark for the reader.
    """

    name: str
    network: str
    painter: Painter
    reference: str = ""
    trained_on: frozenset[str] | None = None
    note: str = ""


def contenders(arguments: argparse.Namespace, techniques: Sequence[str]) -> list[Contender]:
    """Returns the rows: for every technique torch first, then the precisions that there are; then the checkpoints.

    Raises:
        ModelError: a graph was exported from other weights, or a file is damaged.
        InputError: a file is missing.
        UsageError: files that don't make up a network, or two rows of the same name.
    """
    found = [row for technique in techniques for row in _of_technique(arguments, technique)]
    found += [_of_checkpoint(group) for group in arguments.checkpoint or ()]
    names = [row.name for row in found]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two rows would be called {name!r}: rename the last file of one of the checkpoints")
    return found


def _of_technique(arguments: argparse.Namespace, technique: str) -> Iterator[Contender]:
    weights = arguments.weights or embedded(technique)
    torch_painter, trained = TorchPainter(technique, weights), trained_on(read_weights(weights).card)
    reference = f"{technique} {TORCH}"
    yield Contender(reference, technique, torch_painter, "", trained)
    there = [p for p in PRECISIONS if transfer_file(technique, p, arguments.graphs).is_file()]
    for precision in () if arguments.torch_only else arguments.precision or there:
        painter = load(technique, precision, "cpu", graphs=arguments.graphs)
        if painter.transfer.metadata.weights_sha256 != sha256_of(weights):
            raise ModelError(f"{painter.transfer.path} was not exported from {weights}: export it again")
        name = f"{technique} {precision}"
        yield Contender(name, technique, GraphPainter(painter, torch_painter), reference, trained)


def _of_checkpoint(group: str) -> Contender:
    """Returns the row of a published network, whose files stand with commas between them."""
    found = load_checkpoint([Path(name) for name in group.split(",")])
    name = f"{found.published.name} {found.files[-1].split('.')[0]}"
    note = f"{name}: {', '.join(found.files)}, trained on as its authors did"
    if isinstance(found.network, PublishedSingleStyle):
        note += "; it has one style in its weights, whichever painting it is compared with"
    trained = frozenset(found.published.trained_on)
    return Contender(name, name, PublishedPainter(found.network), "", trained, note)


def _padded(photo: Image, before: int, bottom: int, right: int) -> Image:
    """Returns the photo reflected by `before` pixels at the top and left, and by the given numbers at the others."""
    return np.asarray(cv2.copyMakeBorder(photo, before, bottom, before, right, cv2.BORDER_REFLECT_101), np.uint8)


def _tensor(picture: Image) -> Tensor:
    return torch.from_numpy(to_floats(picture))


def _bytes(picture: Tensor) -> Image:
    return to_bytes(picture.numpy())
