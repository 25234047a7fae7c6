"""AdaIN as the graphs that are exported."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor, nn
from torch.export import Dim

from stylex.errors import ModelError
from stylex.models.adain.network import AdaIN
from stylex.models.backbone import BORDER, MULTIPLE, SMALLEST
from stylex.models.traceable import Feed, Photo, Traceable
from stylex.models.weights import CALIBRATION, Weights
from stylex.runtime.facts import STYLE_ENCODER, TRANSFER
from stylex.runtime.planes import to_floats

LARGEST = 2**14
"""Pixels that a dynamic side may have."""
MOST_STYLES = 64
STRENGTHS = (1.0, 1.0, 0.5, 1.0, 1.0, 0.0, 1.0, 1.5)
"""Of the pictures that are calibrated on or checked with, in turn: features that pass a site unchanged have another
range than restyled ones."""


class TransferGraph(nn.Module):
    """Content, codes and masks to a picture in [0, 1], and the statistics that were used."""

    def __init__(self, network: AdaIN) -> None:
        super().__init__()
        self.backbone = network.backbone

    def forward(
        self, content: Tensor, codes: Tensor, masks: Tensor, frozen: Tensor, freeze: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See `Backbone.forward`; the picture is clamped here."""
        picture, statistics = self.backbone(content, codes, masks, frozen, freeze)
        return torch.clamp(picture, 0, 1), statistics


class StyleGraph(nn.Module):
    """A style picture (1, 3, H, W) to its code (1, D)."""

    def __init__(self, network: AdaIN) -> None:
        super().__init__()
        self.style = network.style

    def forward(self, style: Tensor) -> Tensor:
        """See `StyleEncoder.forward`."""
        code: Tensor = self.style(style)
        return code


def graphs(network: AdaIN, weights: Weights, size: int | None) -> list[Traceable]:
    """The graphs of AdaIN.

    Args:
        weights: of the network, with the codes that it is calibrated and checked with.
        size: fixed height and width of the painted picture, a multiple of 8; None for dynamic sizes.

    Raises:
        ModelError: the weights have no such codes.
    """
    return [_transfer(network, _codes(weights), size), _style(network)]


def _codes(weights: Weights) -> Tensor:
    codes = weights.extras.get(CALIBRATION)
    if codes is None or codes.ndim != 2 or len(codes) < 2:
        raise ModelError(f"{weights.path} has no usable {CALIBRATION}: finish its training with `stylex train`")
    return codes


def _feed(known: Tensor, photo: Photo, number: int, check: bool) -> Feed:
    """A photo in a real style; checking sees other styles than calibration."""
    codes = known[1::2] if check else known[::2]
    rows, columns = ((side - 2 * BORDER) // MULTIPLE for side in photo.shape[:2])
    return {
        "content": to_floats(photo),
        "codes": codes[number % len(codes)][None].numpy().astype(np.float32),
        "masks": np.full((1, 1, rows, columns), STRENGTHS[number % len(STRENGTHS)], np.float32),
        "frozen": np.zeros((1, codes.shape[1]), np.float32),
        "freeze": np.zeros(1, np.float32),
    }


def _transfer(network: AdaIN, known: Tensor, size: int | None) -> Traceable:
    height, width = (size, size) if size else (8 * MULTIPLE, 12 * MULTIPLE)
    codes = network.spec.code_size
    example = (
        torch.rand(1, 3, height + 2 * BORDER, width + 2 * BORDER),
        torch.rand(2, codes),
        torch.rand(2, 1, height // MULTIPLE, width // MULTIPLE),
        torch.zeros(1, codes),
        torch.zeros(1),
    )
    styles = Dim("styles", min=1, max=MOST_STYLES)
    rows, columns = (Dim(name, min=4, max=LARGEST // MULTIPLE) for name in ("rows", "columns"))
    content = {} if size else {2: MULTIPLE * rows + 2 * BORDER, 3: MULTIPLE * columns + 2 * BORDER}
    masks = {0: styles} if size else {0: styles, 2: rows, 3: columns}
    return Traceable(
        role=TRANSFER,
        module=TransferGraph(network),
        example=example,
        inputs=("content", "codes", "masks", "frozen", "freeze"),
        outputs=("painted", "statistics"),
        pictures=("painted",),
        dynamic=(content, {0: styles}, masks, None, None),
        feed=functools.partial(_feed, known),
        code_size=codes,
        multiple=MULTIPLE,
        smallest=SMALLEST,
        border=BORDER,
        fixed_size=size,
    )


def _style(network: AdaIN) -> Traceable:
    height, width = (Dim(name, min=16, max=LARGEST) for name in ("height", "width"))
    return Traceable(
        role=STYLE_ENCODER,
        module=StyleGraph(network),
        example=(torch.rand(1, 3, 72, 100),),
        inputs=("style",),
        outputs=("code",),
        pictures=(),
        dynamic=({2: height, 3: width},),
        feed=lambda photo, _number, _check: {"style": to_floats(photo)},
        code_size=network.spec.code_size,
    )
