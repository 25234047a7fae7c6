"""The upscaler as the graph that is exported."""

from __future__ import annotations

import torch
from torch.export import Dim

from stylex.artifacts.metadata import UPSCALER, GraphSpec
from stylex.export.graph_spec import LARGEST, Traceable
from stylex.export.transfer_graph import Clamped
from stylex.imaging.arrays import to_floats
from stylex.models.upscaler.network import SCALE, Upscaler
from stylex.models.weights import Weights


def traceables(network: Upscaler, weights: Weights, size: int | None) -> list[Traceable]:
    """Returns the one graph, `Upscaler.forward`; `size` is a fixed height and width, or None for dynamic sizes."""
    spec = GraphSpec(UPSCALER, 0, fixed_size=size, border=network.border, reach=network.border, scale=SCALE)
    border = 2 * spec.border
    height, width = (size, size) if size else (64, 96)
    sides = {2: Dim("height", min=2, max=LARGEST), 3: Dim("width", min=2, max=LARGEST)}
    return [
        Traceable(
            spec=spec,
            module=Clamped(network),
            example=(torch.rand(1, 3, height + border, width + border),),
            inputs=("content",),
            outputs=("painted",),
            pictures=("painted",),
            dynamic=({} if size else sides,),
            feed=lambda photo, _number, _check: {"content": to_floats(photo)},
        )
    ]
