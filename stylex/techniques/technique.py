"""The row of a technique or a tool: facts only, nothing heavy is imported."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from stylex.techniques.options import Option
from stylex.techniques.training import TrainDefaults


class Style(Enum):
    """Where a technique has its style from; the value says what is given for it."""

    ARBITRARY = "a name, a picture, a code of a few KB, or a list with weights"
    SINGLE = "the name of its network"
    PICTURE = "pictures"
    REGIONS = "one a region"
    NETWORK = "as the network's"
    NONE = ""


@dataclass(frozen=True)
class Technique:
    """One way of transferring a style, or a tool beside them.

    Attributes:
        name: on the command line.
        kind: "statistics", "optimization", "feed-forward", "guided" or "tool".
        summary: what it does, in one line.
        source: the paper.
        style: where its style comes from.
        variant_of: the technique of which it is a smaller or a larger network; "" for one of its own.
        tiers: "edge", our own compact one, which comes with the package; "reference", the published one: in torch, or
            as a checkpoint of one's own.
        packages: what running it needs beside the runtime, as they are imported.
        verb: of the command that runs it.
        shared: options of `stylex run` that several techniques have.
        options: those that only this one has.
        examples: arguments behind `stylex run NAME`.
        size: longer side in pixels that photos are reduced to where no other is asked for; 0 for as they are.
        embedded: what comes with the package beside networks and style codes.
        largest: bytes of its INT8 graph, at the most; 0 where it has no graph of its own.
        peak_mib: memory of a process that paints 1024x1024, in MiB, at the most: with its INT8 graph, where it has any;
            0 where that depends on an encoder or on another technique.
        train: defaults of its training; None where there is nothing to train.
        model: dotted path of its `ModelSpec`, "" where it has no network.
        painter: dotted path of what paints, where that is no `Painter`; guided ones are given one.
    """

    name: str
    kind: str
    summary: str
    source: str
    style: Style
    variant_of: str = ""
    tiers: tuple[str, ...] = ("edge", "reference")
    packages: tuple[str, ...] = ()
    verb: str = "run"
    shared: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    examples: tuple[str, ...] = ()
    size: int = 0
    embedded: str = ""
    largest: int = 0
    peak_mib: int = 0
    train: TrainDefaults | None = None
    model: str = ""
    painter: str = ""

    @property
    def call(self) -> str:
        """Returns the command that runs it."""
        return f"stylex {self.verb}" if self.verb != "run" else f"stylex run {self.name}"

    @property
    def has_graphs(self) -> bool:
        """Returns whether there are ONNX graphs of it; guided techniques use those of another one."""
        return self.largest > 0

    @property
    def runs_graphs(self) -> bool:
        """Returns whether it needs ONNX Runtime, for graphs of its own or of another technique."""
        return self.has_graphs or self.kind == "guided"

    @property
    def single_style(self) -> bool:
        """Returns whether its weights hold one style, so that there is a network for each."""
        return self.style is Style.SINGLE

    @property
    def needs_style(self) -> bool:
        """Returns whether it needs a style: not where one network may be all there is, nor with regions."""
        return self.style not in (Style.SINGLE, Style.REGIONS)

    @property
    def takes_masks(self) -> bool:
        """Returns whether it can paint every place with a strength of its own, as protected faces need."""
        return self.style in (Style.ARBITRARY, Style.REGIONS)

    @property
    def training(self) -> TrainDefaults:
        """Returns the defaults of its training, where there is one."""
        assert self.train is not None, f"{self.name} is not trained"
        return self.train

    @property
    def arguments(self) -> tuple[str, ...]:
        """Names of its options in Python, beside those that every technique has."""
        return (*self.shared, *(option.name for option in self.options if not option.only_typed))

    def option(self, name: str) -> Option:
        """Returns one of its own options."""
        return next(option for option in self.options if option.name == name)

    def default(self, name: str) -> Any:
        """Returns the default of one of its own options."""
        return self.option(name).default
