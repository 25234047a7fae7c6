"""The exports of a package of `stylex.models`: its network, graphs and training, imported when they are used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stylex.techniques import resolved

if TYPE_CHECKING:
    from torch import nn

    from stylex.export.graph_spec import Traceable
    from stylex.models.shared.published_network import PublishedNetwork
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

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Imports it and calls it."""
        return self.resolve()(*arguments, **named)


@dataclass(frozen=True)
class Part:
    """One file of a published checkpoint.

    Attributes:
        name: as messages call it.
        network: makes the module whose parameters the file holds.
        word: that the file's name must contain, where two parts have the same parameters.
        arguments: reads the network's arguments off the shapes of its parameters by name, where it has any.
    """

    name: str
    network: Callable[..., nn.Module]
    word: str = ""
    arguments: Callable[[dict[str, tuple[int, ...]]], dict[str, Any]] | None = None


@dataclass(frozen=True)
class Published:
    """One architecture that somebody published, as a technique's checkpoints are known by.

    Attributes:
        name: of the architecture, and where it was published.
        parts: the files that it consists of; two architectures that have a file in common have the same `Part`.
        assemble: makes the network of the parts' modules, in their order; None where the only part is the network.
        trained_on: layers that its authors trained it with, such as "vgg19:1_1" for style losses at relu1_1 of VGG-19
            and "vgg19:4_1 content" for a content loss at relu4_1; as training cards name them.
    """

    name: str
    parts: tuple[Part, ...]
    assemble: Callable[..., PublishedNetwork] | None = None
    trained_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelSpec:
    """The network, graphs and training of a technique, or of a tool.

    Attributes:
        network: makes the network that the weights file fits.
        recipe: makes its training, from what the command line asks for.
        traceables: returns what is traced to graphs and exported: takes the network, its weights, and a fixed size or
            None; None where nothing is exported.
        bake: makes a training that begins with a style code of another technique; None where there is no such way.
        published: architectures whose checkpoints are exported as this technique.
    """

    network: Callable[[], nn.Module]
    recipe: Callable[[Request], Recipe]
    traceables: Callable[[Any, Weights, int | None], list[Traceable]] | None = None
    bake: Callable[[Request], Recipe] | None = None
    published: tuple[Published, ...] = ()
