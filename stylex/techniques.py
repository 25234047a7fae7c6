"""The nine techniques: facts only, nothing heavy is imported."""

from __future__ import annotations

from dataclasses import dataclass

from stylex.errors import UsageError


@dataclass(frozen=True)
class Technique:
    """One way of transferring a style.

    Attributes:
        name: on the command line.
        kind: "statistics", "optimization", "feed-forward" or "guided".
        summary: what it does, in one line.
        source: the paper.
        tiers: "edge", our own compact one, which comes with the package; "reference", the published one: in torch, or
            as a checkpoint of one's own.
        packages: what running it needs beside the runtime, as they are imported.
        verb: of the command that runs it.
        one_style: its weights hold one style, so that there is a network for each.
    """

    name: str
    kind: str
    summary: str
    source: str
    tiers: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    verb: str = "run"
    one_style: bool = False

    @property
    def call(self) -> str:
        """How the command line runs it."""
        return f"stylex {self.verb}" if self.verb != "run" else f"stylex run {self.name}"

    @property
    def has_graphs(self) -> bool:
        """Whether the runtime paints with ONNX graphs of it; guided ones use those of another technique."""
        return self.kind == "feed-forward"


BOTH = ("edge", "reference")

TOOLS = ("segmenter", "upscaler")
"""Networks beside the techniques: they are trained and exported, but paint nothing themselves."""

TECHNIQUES = (
    Technique(
        "histogram",
        "statistics",
        "matches the colour distribution of each channel",
        "Gonzalez and Woods, chapter 3",
        BOTH,
    ),
    Technique(
        "gatys",
        "optimization",
        "optimizes the pixels against VGG features",
        "Gatys et al. 2016",
        ("reference",),
        ("torch", "safetensors"),
    ),
    Technique(
        "fast",
        "feed-forward",
        "one small network a style",
        "Johnson et al. 2016; Ulyanov et al. 2016",
        BOTH,
        one_style=True,
    ),
    Technique(
        "cyclegan",
        "feed-forward",
        "translates between two unpaired kinds of pictures",
        "Zhu et al. 2017",
        BOTH,
        one_style=True,
    ),
    Technique("adain", "feed-forward", "any style from one network", "Huang and Belongie 2017", BOTH),
    Technique(
        "attention",
        "feed-forward",
        "photo positions attend to style positions",
        "Park and Lee 2019; Liu et al. 2021",
        BOTH,
    ),
    Technique(
        "multiscale",
        "feed-forward",
        "composition, strokes and grain from their own scales",
        "Wang et al. 2023 (MicroAST)",
        BOTH,
    ),
    Technique("semantic", "guided", "a segmentation decides which style where", "Gatys et al. 2017", ("edge",)),
    Technique(
        "video",
        "guided",
        "optical flow and frozen statistics keep frames steady",
        "Ruder et al. 2016",
        ("edge",),
        ("av",),
        verb="video",
    ),
)


NETWORKS = tuple(t.name for t in TECHNIQUES if t.has_graphs)
"""Techniques that the runtime paints with from ONNX graphs."""
ANY_STYLE = tuple(t.name for t in TECHNIQUES if t.has_graphs and not t.one_style)
"""Those of them that paint in any style, and every place with a strength of its own."""


def technique_named(name: str) -> Technique:
    """The technique of that name.

    Raises:
        UsageError: there is none.
    """
    for technique in TECHNIQUES:
        if technique.name == name:
            return technique
    raise UsageError(f"there is no technique {name!r}; stylex has {', '.join(t.name for t in TECHNIQUES)}")


def has_one_style(name: str) -> bool:
    """Whether the weights of a technique hold one style; a tool's hold none.

    Raises:
        UsageError: there is neither a tool nor a technique of that name.
    """
    return name not in TOOLS and technique_named(name).one_style
