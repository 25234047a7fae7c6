"""Published checkpoints: which files are known, by the names and shapes of their parameters, and what they make up.

A new one is one `Part` for each file and one `Published`.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import nn

from stylex.errors import ModelError, UsageError
from stylex.export.graph_spec import Model
from stylex.files import sha256_of
from stylex.models.adain.vgg_adain import VggAdaIN
from stylex.models.attention.sanet import SANet, Transform
from stylex.models.cyclegan.resnet_generator import ResnetGenerator
from stylex.models.fast.transformer_net import TransformerNet
from stylex.models.multiscale import microast
from stylex.models.registry import style_in_weights
from stylex.models.safe_checkpoints import Tensors, read_checkpoint
from stylex.models.shared.published_network import PublishedNetwork
from stylex.models.shared.vgg import mirrored_decoder, normalized_vgg
from stylex.techniques import technique_named

Shapes: TypeAlias = "dict[str, tuple[int, ...]]"

STATISTICS = re.compile(r"(^|\.)(running_mean|running_var|num_batches_tracked)$")
"""Checkpoints of torch 0.3 and older carry these for instance normalization, which doesn't use them."""


ENDINGS = re.compile(r"(\.(pth|pt|tar|model|safetensors))+$")


@dataclass(frozen=True)
class Part:
    """One file of a published checkpoint.

    Attributes:
        name: as messages call it.
        network: makes the module whose parameters the file holds.
        word: that the file's name must contain, where two parts have the same parameters.
    """

    name: str
    network: Callable[[], nn.Module]
    word: str = ""

    def shapes(self) -> Shapes:
        """Shapes of the parameters by name."""
        with torch.device("meta"):
            return {name: tuple(t.shape) for name, t in self.network().state_dict().items()}


@dataclass(frozen=True)
class Published:
    """One architecture that somebody published.

    Attributes:
        name: of the architecture, and where it was published.
        technique: name in `stylex.techniques`.
        parts: names of the files that it consists of.
        assemble: makes the network of the parts' modules, in their order.
    """

    name: str
    technique: str
    parts: tuple[str, ...]
    assemble: Callable[..., PublishedNetwork]


def _itself(module: PublishedNetwork) -> PublishedNetwork:
    return module


VGG, DECODER, TRANSFORM = "vgg_normalised", "decoder", "transformer"
CONTENT, STYLE, MODULATOR, MICRO_DECODER = "content_encoder", "style_encoder", "modulator", "MicroAST's decoder"

PARTS = (
    Part("TransformerNet", TransformerNet),
    Part("early TransformerNet", functools.partial(TransformerNet, early=True)),
    Part("ResnetGenerator of 9 blocks", ResnetGenerator),
    Part("ResnetGenerator of 6 blocks", functools.partial(ResnetGenerator, 6)),
    Part(VGG, normalized_vgg),
    Part(DECODER, mirrored_decoder),
    Part(TRANSFORM, Transform),
    Part(CONTENT, microast.Encoder, word="content"),
    Part(STYLE, microast.Encoder, word="style"),
    Part(MODULATOR, microast.Modulator),
    Part(MICRO_DECODER, microast.Decoder),
)

PUBLISHED = (
    Published("fast-neural-style", "fast", ("TransformerNet",), _itself),
    Published("fast-neural-style as first published", "fast", ("early TransformerNet",), _itself),
    Published("CycleGAN", "cyclegan", ("ResnetGenerator of 9 blocks",), _itself),
    Published("CycleGAN, small", "cyclegan", ("ResnetGenerator of 6 blocks",), _itself),
    Published("AdaIN", "adain", (VGG, DECODER), VggAdaIN),
    Published("SANet", "attention", (VGG, TRANSFORM, DECODER), SANet),
    Published("MicroAST", "multiscale", (CONTENT, STYLE, MODULATOR, MICRO_DECODER), microast.MicroAST),
)


@dataclass(frozen=True)
class Checkpoint:
    """A published architecture, filled with somebody's parameters.

    Attributes:
        published: what it is.
        network: in evaluation.
        sha256: of the file, or of the files' sums in the order of their parts.
        files: their names, in that order.
        notes: what was passed over in reading, one line each.
    """

    published: Published
    network: PublishedNetwork
    sha256: str
    files: tuple[str, ...]
    notes: tuple[str, ...]

    def model(self, style: str = "") -> Model:
        """Returns what can be exported.

        Args:
            style: what to call the single style in the weights; by default as the file, without its ending.

        Raises:
            UsageError: the network takes arbitrary styles, or the style can't be part of a file's name.
        """
        row = technique_named(self.published.technique)
        return Model(
            technique=row.name,
            graphs=self.network.graphs,
            weights_sha256=self.sha256,
            style=style_in_weights(row, style, lambda: _told_by(self.files[0]), self.published.name),
            tier="reference",
            provenance=f"a checkpoint of {self.published.name}: {', '.join(self.files)}",
        )


def load_checkpoint(paths: Sequence[Path]) -> Checkpoint:
    """Recognize files, in any order, and make their network.

    Raises:
        InputError: not a file.
        UsageError: a file is given twice, or a part of the architecture is missing.
        ModelError: damaged, refused, or nothing that is known.
    """
    notes: list[str] = []
    found: dict[str, tuple[Path, nn.Module]] = {}
    for path in paths:
        tensors, dropped = _without_statistics(read_checkpoint(path))
        if dropped:
            notes.append(f"{path.name}: passed over {dropped} unused running statistics of an old torch")
        part = _recognized(path, tensors)
        if part.name in found:
            raise UsageError(f"{found[part.name][0]} and {path} are both {part.name}: give it once")
        found[part.name] = (path, _filled(part, tensors))
    published = _complete(found)
    network = published.assemble(*(found[name][1] for name in published.parts))
    sums = [sha256_of(found[name][0]) for name in published.parts]
    whole = sums[0] if len(sums) == 1 else hashlib.sha256(" ".join(sums).encode()).hexdigest()
    files = tuple(found[name][0].name for name in published.parts)
    return Checkpoint(published, network.eval(), whole, files, tuple(notes))


def _told_by(file: str) -> str:
    """A style's name from a file's, without its endings.

    Raises:
        UsageError: the file's name says nothing: CycleGAN's files all have the same.
    """
    stem = ENDINGS.sub("", file)
    if not stem or stem.startswith("latest_net_G"):
        raise UsageError(f"{file} doesn't tell what its style is called: give the style's name", style="NAME")
    return stem


def _without_statistics(tensors: Tensors) -> tuple[Tensors, int]:
    kept = {name: t for name, t in tensors.items() if not STATISTICS.search(name)}
    return kept, len(tensors) - len(kept)


def _filled(part: Part, tensors: Tensors) -> nn.Module:
    with torch.device("meta"):
        module = part.network()
    module.load_state_dict(tensors, assign=True)
    return module.requires_grad_(False)


def _recognized(path: Path, tensors: Tensors) -> Part:
    have: Shapes = {name: tuple(t.shape) for name, t in tensors.items()}
    known = [(part, part.shapes()) for part in PARTS]
    same = [part for part, shapes in known if shapes == have]
    if len(same) > 1:
        same = [part for part in same if part.word in path.name]
        if len(same) != 1:
            words = " or ".join(repr(p.word) for p in PARTS if p.word)
            raise ModelError(f"{path} could be any of several parts: its file name must contain {words}, to say which")
    if same:
        return same[0]
    nearest, shapes = max(known, key=lambda one: len(one[1].keys() & have.keys()))
    if 2 * len(shapes.keys() & have.keys()) < len(shapes):
        raise ModelError(_unknown(path, tensors))
    raise ModelError(f"{path} looks like {nearest.name}, but {_difference(have, shapes)}: download it again or retrain")


def _difference(have: Shapes, wanted: Shapes) -> str:
    """Returns what is wrong with a file that is nearly a part."""
    told: list[tuple[str, list[Any]]] = [
        ("lacks", [name for name in wanted if name not in have]),
        ("has an extra", [name for name in have if name not in wanted]),
    ]
    for verb, names in told:
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            return f"{verb} {names[0]}{more}"
    name = next(name for name in wanted if have[name] != wanted[name])
    return f"{name} is {_size(have[name])} where {_size(wanted[name])} is needed"


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def supported() -> str:
    """The published architectures in one line."""
    return "; ".join(f"{p.name} ({' + '.join(p.parts)})" for p in PUBLISHED)


def _unknown(path: Path, tensors: Tensors) -> str:
    first = ", ".join(f"{name} {_size(tuple(t.shape))}" for name, t in list(tensors.items())[:3])
    return f"{path} is no checkpoint that stylex knows (it begins with {first}); supported are {supported()}"


def _complete(found: dict[str, tuple[Path, nn.Module]]) -> Published:
    """The architecture that exactly these parts make up."""
    for published in PUBLISHED:
        if set(published.parts) == found.keys():
            return published
    given = " + ".join(found)
    whole = [p for p in PUBLISHED if found.keys() < set(p.parts)]
    choices = [f"{' + '.join(n for n in p.parts if n not in found)} for {p.name}" for p in whole]
    if not choices:
        raise UsageError(f"{given} don't belong together; supported are {supported()}")
    raise UsageError(f"{given} alone can't paint: give also {', or '.join(choices)}", checkpoints=None)
