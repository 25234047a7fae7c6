"""The techniques that have a network: one line each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from stylex.errors import UsageError
from stylex.models.adain import graphs as adain_graphs
from stylex.models.adain.network import AdaIN
from stylex.models.traceable import Traceable


@dataclass(frozen=True)
class Entry:
    """A technique's network and graphs.

    Attributes:
        technique: name in `stylex.methods`.
        network: makes the network that the weights file fits.
        graphs: what is exported of it, for a fixed size or None.
        licence: of the embedded weights.
        provenance: what they were trained on.
    """

    technique: str
    network: Callable[[], nn.Module]
    graphs: Callable[[Any, int | None], list[Traceable]]
    licence: str
    provenance: str


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
            adain_graphs.graphs,
            "MIT",
            "trained by stylex on ImageNet, BSDS500 and PACS photos and on paintings, against VGG-19 (CC BY 4.0) and "
            "Collaborative Distillation's slim VGG-19 (MIT)",
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
