"""The exports of a package of `stylex.models`: its network, graphs and training, imported when they are used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stylex.techniques import resolved

if TYPE_CHECKING:
    from torch import nn

    from stylex.export.graph_spec import Traceable
    from stylex.models.training.recipe import Recipe
    from stylex.models.training.request import Request
    from stylex.models.weights import Weights


@dataclass(frozen=True)
class Lazy:
    """A function or class that is imported when it is called, by its dotted path: see `stylex.techniques.resolved`."""

    path: str

    def resolve(self) -> Any:
        """Returns it."""
        return resolved(self.path)

    def __call__(self, *arguments: Any) -> Any:
        """Imports it and calls it."""
        return self.resolve()(*arguments)


@dataclass(frozen=True)
class ModelSpec:
    """The network, graphs and training of a technique, or of a tool.

    Attributes:
        network: makes the network that the weights file fits.
        recipe: makes its training, from what the command line asks for.
        graphs: returns the graphs that are exported: takes the network, its weights, and a fixed size or None; None
            where nothing is exported.
        bake: makes a training that begins with a style code of another technique; None where there is no such way.
    """

    network: Callable[[], nn.Module]
    recipe: Callable[[Request], Recipe]
    graphs: Callable[[Any, Weights, int | None], list[Traceable]] | None = None
    bake: Callable[[Request], Recipe] | None = None
