"""The layers that styles are compared at, by the names that training cards use, and what networks were trained with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

NETWORKS = {"vgg19": "the real VGG-19", "slim": "the slim VGG-19", "vgg16": "the real VGG-16"}
"""The loss networks by the name in front of a layer's: "vgg19:1_1" is relu1_1 of the real VGG-19."""
SHALLOW = ("vgg19:1_1", "vgg19:2_1", "vgg19:3_1")
DEEP = ("slim:4_1", "slim:5_1")
RATED = (*SHALLOW, *DEEP)
"""The mean over these layers is the figure that sums up style."""
CHECKS = ("vgg16:4_1", "vgg16:5_1")
"""An independent look at what the slim network's deep layers say."""
SLIM = tuple(f"slim:{stage}_1" for stage in range(1, 6))
CONTENT = "slim:4_1 content"

OWN = (*SHALLOW, *SLIM, CONTENT)
"""The layers of stylex's losses as they were until cards named them."""
LOSS_NETWORK_LAYERS = {"VGG-19 and the slim VGG-19": OWN, "the embedded encoder": ()}
"""Layers by what older cards say under `teachers`."""
TERMS = {"structure": "ms_ssim", "checkerboard": "checkerboard", "lattice": "checkerboard", "quarter": "quarter"}
"""Measures, as rows call them, that a card's settings of these names say were losses too; older cards say lattice."""


def trained_on(card: Mapping[str, Any]) -> frozenset[str] | None:
    """Returns the layers and the measures that a training card names as losses; None where it says nothing.

    Newer cards list the layers under `trained_on`; older ones say `teachers`; the oldest have only the weights of the
    two losses, "style" and "texture", which were those of the same two networks.
    """
    if isinstance(card.get("trained_on"), list):
        layers = [str(layer) for layer in card["trained_on"]]
    elif card.get("teachers") in LOSS_NETWORK_LAYERS:
        layers = list(LOSS_NETWORK_LAYERS[card["teachers"]])
    elif "teachers" not in card and {"style", "texture"} <= set(card.get("settings", ())):
        layers = list(OWN)
    else:
        return None
    runs = [card.get("settings", {}), *(run.get("settings", {}) for run in card.get("history", ()))]
    terms = {measure for setting, measure in TERMS.items() if any(run.get(setting) for run in runs)}
    begun = card.get("start")  # weights that the training began with have seen what their own training rated
    before = begun.get("card") if isinstance(begun, Mapping) else None
    earlier = trained_on(before) if isinstance(before, Mapping) else None
    return frozenset((*layers, *terms)) | (earlier or frozenset())


def in_words(names: Iterable[str]) -> str:
    """Returns layers and measures as a sentence names them.

    "relu1_1, relu2_1 of the real VGG-19; content at relu4_1 of the slim VGG-19; checkerboard".
    """
    names = sorted(names)
    layers = [name for name in names if name.split(":")[0] in NETWORKS]
    styles, contents = ([n for n in layers if n.endswith(" content") is wanted] for wanted in (False, True))
    lines = [*_by_network(styles, ""), *_by_network(contents, "content at ")]
    others = [name.replace("_", "-").upper() if name == "ms_ssim" else name for name in names if name not in layers]
    return "; ".join([*lines, *others])


def _by_network(names: list[str], before: str) -> list[str]:
    order = list(NETWORKS)
    ordered = sorted(names, key=lambda name: (order.index(name.split(":")[0]), name))
    lines = []
    for network, layers in groupby(ordered, key=lambda name: name.split(":")[0]):
        relus = ", ".join("relu" + layer.split(":")[1].removesuffix(" content") for layer in layers)
        lines.append(f"{before}{relus} of {NETWORKS[network]}")
    return lines
