"""The techniques that have a network: one line each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from stylex.artifacts.catalog import require_name
from stylex.errors import UsageError
from stylex.export.graph_spec import Model, Traceable
from stylex.models.adain.network import AdaIN
from stylex.models.attention.network import Attention
from stylex.models.cyclegan import graphs as cyclegan_graphs
from stylex.models.cyclegan.network import Generator
from stylex.models.fast import graphs as fast_graphs
from stylex.models.fast.network import Fast
from stylex.models.multiscale.network import Multiscale
from stylex.models.segmenter import graphs as segmenter_graphs
from stylex.models.segmenter.network import Segmenter
from stylex.models.shared import graphs as any_style_graphs
from stylex.models.upscaler import graphs as upscaler_graphs
from stylex.models.upscaler.network import Upscaler
from stylex.models.weights import Weights, embedded, read_card, read_weights
from stylex.techniques import has_one_style


@dataclass(frozen=True)
class Entry:
    """The network and graphs of a technique, or of a tool.

    Attributes:
        technique: name in `stylex.techniques`, also of a tool.
        network: makes the network that the weights file fits.
        graphs: what is exported of it: takes the network, its weights, and a fixed size or None.
        licence: of the embedded weights.
        provenance: what they were trained on.
        styles: those that have embedded weights of their own; empty if the weights take any style.
    """

    technique: str
    network: Callable[[], nn.Module]
    graphs: Callable[[Any, Weights, int | None], list[Traceable]]
    licence: str
    provenance: str
    styles: tuple[str, ...] = ()

    def model(self, file: Path, style: str = "", *, own: bool = False) -> Model:
        """A weights file as what can be exported.

        Args:
            style: the one style in the weights.
            own: the file is not an embedded one: licence and provenance are its card's, not the registry's.

        Raises:
            InputError: no such file.
            ModelError: damaged, or of another network.
        """
        weights = read_weights(file)
        network = self.network()
        weights.fill(network)
        licence, provenance = weights.origin() if own else (self.licence, self.provenance)
        return Model(
            technique=self.technique,
            graphs=lambda size: self.graphs(network, weights, size),
            weights_sha256=weights.sha256,
            style=style,
            licence=licence,
            provenance=provenance,
        )


def unique(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries, each technique once.

    Raises:
        ValueError: a technique stands there twice.
    """
    names = [e.technique for e in entries]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ValueError(f"in the registry twice: {', '.join(twice)}")
    return tuple(entries)


ENTRIES = unique(
    [
        Entry(
            "adain",
            AdaIN,
            any_style_graphs.graphs,
            "MIT",
            "trained by stylex on ImageNet, BSDS500 and PACS photos and on paintings, against VGG-19 (CC BY 4.0) and "
            "Collaborative Distillation's slim VGG-19 (MIT)",
        ),
        Entry(
            "attention",
            Attention,
            any_style_graphs.graphs,
            "MIT",
            "begun as stylex's AdaIN, then trained on the same photos and paintings against the same networks",
        ),
        Entry(
            "multiscale",
            Multiscale,
            any_style_graphs.graphs,
            "MIT",
            "begun as stylex's AdaIN, then trained on the same photos and paintings against the same networks",
        ),
        Entry(
            "fast",
            Fast,
            fast_graphs.graphs,
            "MIT",
            "baked by stylex from its AdaIN, then trained on ImageNet, BSDS500 and PACS photos and on one painting in "
            "the public domain, against VGG-19 (CC BY 4.0) and Collaborative Distillation's slim VGG-19 (MIT)",
            ("composition-vii", "grande-jatte", "great-wave", "starry-night", "the-scream", "wheat-field"),
        ),
        Entry(
            "cyclegan",
            Generator,
            cyclegan_graphs.graphs,
            "MIT",
            "trained by stylex on ImageNet, BSDS500 and PACS photos and on PACS cartoons or on paintings in the public "
            "domain, against VGG-19 (CC BY 4.0) and Collaborative Distillation's slim VGG-19 (MIT)",
            ("cartoon", "painting"),
        ),
        Entry(
            "segmenter",
            Segmenter,
            segmenter_graphs.graphs,
            "MIT",
            "trained by stylex on portraits with masks and on ImageNet and PACS photos as backgrounds, beginning with "
            "weights of Collaborative Distillation's slim VGG-19 (MIT)",
        ),
        Entry(
            "upscaler",
            Upscaler,
            upscaler_graphs.graphs,
            "MIT",
            "trained by stylex on ImageNet, BSDS500 and PACS photos and on paintings",
        ),
    ]
)


def entry(technique: str) -> Entry:
    """The entry of a technique.

    Raises:
        UsageError: it has no network.
    """
    for one in ENTRIES:
        if one.technique == technique:
            return one
    raise UsageError(f"{technique!r} can't be exported; choose {', '.join(e.technique for e in ENTRIES)}")


def embedded_models(technique: str, style: str = "") -> list[Model]:
    """The models that come with the package: one, or one a style.

    Raises:
        UsageError: the technique has no network, or none of that style.
    """
    known = entry(technique)
    if style and style not in known.styles:
        have = f"choose {', '.join(known.styles)}" if known.styles else "its weights take any style: leave --style out"
        raise UsageError(f"{technique} has no weights for the style {style!r}; {have}")
    return [known.model(embedded(technique, one), one) for one in ([style] if style else known.styles or [""])]


def own_model(technique: str, file: Path, style: str = "") -> Model:
    """The model of a weights file that `stylex train` or `stylex bake` wrote.

    Args:
        style: what to call its one style; by default what its card says, or else its folder's name.

    Raises:
        UsageError: the technique has no network, or takes any style.
        InputError: no such file.
        ModelError: damaged, or of another network.
    """
    known = entry(technique)
    if not has_one_style(technique):
        if style:
            raise UsageError(f"the weights of {technique} take any style: leave --style out")
        return known.model(file, own=True)
    return known.model(file, require_name(style or style_of(file)), own=True)


def style_of(file: Path) -> str:
    """The one style of a weights file: what its card says, or else its folder's name."""
    card = read_card(file.with_name("card.json"))
    told = card.get("style")
    name = told.get("name") if isinstance(told, dict) else None
    return name if isinstance(name, str) and name else file.resolve().parent.name
