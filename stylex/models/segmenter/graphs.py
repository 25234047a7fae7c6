"""The segmenter as the graph that is exported."""

from __future__ import annotations

import numpy as np
import torch
from torch.export import Dim

from stylex.artifacts.metadata import SEGMENTER, GraphSpec
from stylex.export.graph_spec import LARGEST, Feed, Photo, Traceable
from stylex.imaging.arrays import to_floats
from stylex.models.segmenter.network import CLASSES, MULTIPLE, OUTPUT_STRIDE, Segmenter
from stylex.models.weights import Weights

EXAMPLE = (256, 192)
FEWEST = 2
"""Cells at the coarsest resolution that a picture must have, down and across."""


def traceables(network: Segmenter, _weights: Weights, size: int | None) -> list[Traceable]:
    """Returns the one graph, `Segmenter.forward`; `size` is a fixed height and width, or None for dynamic sizes."""
    height, width = (size, size) if size else EXAMPLE
    rows, columns = (Dim(name, min=FEWEST, max=LARGEST // MULTIPLE) for name in ("rows", "columns"))
    smallest = FEWEST * MULTIPLE
    spec = GraphSpec(SEGMENTER, 0, MULTIPLE, smallest, fixed_size=size, cell=OUTPUT_STRIDE, classes=CLASSES)
    return [
        Traceable(
            spec=spec,
            module=network,
            example=(torch.rand(1, 3, height, width),),
            inputs=("content",),
            outputs=("shares",),
            pictures=(),
            dynamic=({} if size else {2: MULTIPLE * rows, 3: MULTIPLE * columns},),
            feed=_feed,
        )
    ]


def _feed(photo: Photo, _number: int, _check: bool) -> Feed:
    return {"content": np.ascontiguousarray(to_floats(photo))}
