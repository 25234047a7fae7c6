"""The exporter's contract with a technique: its model, the graphs of it, and real inputs to check them with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from stylex.artifacts.metadata import GraphSpec

Photo: TypeAlias = npt.NDArray[np.uint8]
Feed: TypeAlias = dict[str, npt.NDArray[Any]]
"""Inputs of a graph by name."""


LARGEST = 2**14
"""Pixels that a dynamic side may have."""
STRENGTHS = (1.0, 1.0, 0.5, 1.0, 1.0, 0.0, 1.0, 1.5)
"""Strengths of the calibration and check pictures, in turn: features that pass a site unchanged have another range than
restyled ones."""


@dataclass(frozen=True)
class Traceable:
    """One graph to be.

    Attributes:
        spec: the facts of the graph, which its metadata repeats.
        module: the torch module.
        example: one tensor for each input.
        inputs, outputs: names.
        pictures: the outputs that are pictures in [0, 1]; the others are compared as plain numbers.
        dynamic: for each input the dynamic sizes by axis, as `torch.export` takes them; None for a fixed shape.
        feed: inputs for a square photo, RGB uint8 with `border` more on each side; its number, from 0; and whether it
            is to check with, rather than to calibrate on.
        published: the network as it was published, where the module is one into which its layers were folded; the
            check compares with it.
    """

    spec: GraphSpec
    module: nn.Module
    example: tuple[Tensor, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    pictures: tuple[str, ...]
    dynamic: Sequence[Any]
    feed: Callable[[Photo, int, bool], Feed]
    published: nn.Module | None = None


@dataclass(frozen=True)
class Model:
    """A network with its weights, ready to be exported.

    Attributes:
        technique: name in `stylex.techniques`.
        traceables: what is exported of it, for a fixed height and width or None for dynamic sizes.
        weights_sha256: of the file or files that the weights came from.
        style: the one style in its weights; empty if it takes any.
        tier: "edge" or "reference".
        licence: of the weights.
        provenance: what they were trained on.
    """

    technique: str
    traceables: Callable[[int | None], list[Traceable]]
    weights_sha256: str
    style: str = ""
    tier: str = "edge"
    licence: str = "not stated"
    provenance: str = "not stated"
