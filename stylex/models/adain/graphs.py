"""AdaIN as the graphs that are exported."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.export import Dim

from stylex.models.adain.network import AdaIN
from stylex.models.backbone import BORDER, MULTIPLE
from stylex.models.traceable import Traceable
from stylex.runtime.facts import STYLE_ENCODER, TRANSFER

LARGEST = 2**14
"""Pixels that a dynamic side may have."""
MOST_STYLES = 64


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


def graphs(network: AdaIN, size: int | None) -> list[Traceable]:
    """The graphs of AdaIN.

    Args:
        size: fixed height and width of the painted picture, a multiple of 8; None for dynamic sizes.
    """
    return [_transfer(network, size), _style(network)]


def _transfer(network: AdaIN, size: int | None) -> Traceable:
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
    )
