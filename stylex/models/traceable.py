"""What a technique hands to the exporter: a module, example inputs, names, and which sizes are dynamic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn


@dataclass(frozen=True)
class Traceable:
    """One graph to be.

    Attributes:
        role: "transfer" or "style-encoder", see `stylex.runtime.facts`.
        module: the torch module.
        example: one tensor for each input.
        inputs, outputs: names.
        pictures: the outputs that are pictures in [0, 1]; the others are compared as plain numbers.
        dynamic: for each input the dynamic sizes by axis, as `torch.export` takes them; None for a fixed shape.
    """

    role: str
    module: nn.Module
    example: tuple[Tensor, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    pictures: tuple[str, ...]
    dynamic: Sequence[dict[int, Any] | None]
