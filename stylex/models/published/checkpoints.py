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
from stylex.models.safe_checkpoints import AVERAGED, COUNTER, Tensors, finite, state_dicts
from stylex.models.shared.published_network import PublishedNetwork
from stylex.models.shared.vgg import mirrored_decoder, normalized_vgg
from stylex.techniques import technique_named

Shapes: TypeAlias = "dict[str, tuple[int, ...]]"

STATISTICS = re.compile(r"(^|\.)(running_mean|running_var)$")
"""Checkpoints of torch 0.3 and older carry these for instance normalization, which doesn't use them."""
AFFINE_IN_GENERATOR = "model.2.weight"
"""CycleGAN's instance normalization has no parameters: with these it is batch normalization, in torch of any age."""
DISCRIMINATOR = re.compile(r"(model|main|net|layer\d+|scale\d+_layer\d+)\.\d+(\.\d+)*\.weight")

ENDINGS = re.compile(r"(\.(pth|pt|tar|model|safetensors))+$")


@dataclass(frozen=True)
class Part:
    """One file of a published checkpoint.

    Attributes:
        name: as messages call it.
        network: makes the module whose parameters the file holds.
        word: that the file's name must contain, where two parts have the same parameters.
        arguments: reads the network's arguments off the shapes of its parameters, where it has any.
    """

    name: str
    network: Callable[..., nn.Module]
    word: str = ""
    arguments: Callable[[Shapes], dict[str, Any]] | None = None

    def built(self, shapes: Shapes) -> nn.Module:
        """Returns the network that parameters of these shapes are likeliest of, without values."""
        with torch.device("meta"):
            return self.network(**(self.arguments(shapes) if self.arguments else {}))

    def shapes(self, like: Shapes | None = None) -> Shapes:
        """Returns the shapes of the parameters by name, of the published network or of the one that is like those."""
        if like is None or self.arguments is None:
            return _published_shapes(self)
        return _shapes(self.built(like))


def _shapes(module: nn.Module) -> Shapes:
    return {name: tuple(t.shape) for name, t in module.state_dict().items()}


@functools.cache
def _published_shapes(part: Part) -> Shapes:
    with torch.device("meta"):
        return _shapes(part.network())


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
    Part("TransformerNet", TransformerNet, arguments=TransformerNet.arguments),
    Part(
        "early TransformerNet",
        functools.partial(TransformerNet, early=True),
        arguments=TransformerNet.arguments,
    ),
    Part("ResnetGenerator", ResnetGenerator, arguments=ResnetGenerator.arguments),
    Part(VGG, normalized_vgg),
    Part(DECODER, mirrored_decoder),
    Part(TRANSFORM, Transform),
    Part(CONTENT, microast.MicroEncoder, word="content"),
    Part(STYLE, microast.MicroEncoder, word="style"),
    Part(MODULATOR, microast.Modulator),
    Part(MICRO_DECODER, microast.MicroDecoder),
)

PUBLISHED = (
    Published("fast-neural-style", "fast", ("TransformerNet",), _itself),
    Published("fast-neural-style as first published", "fast", ("early TransformerNet",), _itself),
    Published("CycleGAN", "cyclegan", ("ResnetGenerator",), _itself),
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
            style=style_in_weights(row, style, lambda: _style_of_file(self.files[0]), self.published.name),
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
        part, tensors, told = _recognized(path, state_dicts(path))
        notes += told
        if part.name in found:
            raise UsageError(f"{found[part.name][0]} and {path} are both {part.name}: give it once")
        found[part.name] = (path, _filled(part, finite(tensors, path)))
    published = _complete(found)
    network = published.assemble(*(found[name][1] for name in published.parts))
    sums = [sha256_of(found[name][0]) for name in published.parts]
    whole = sums[0] if len(sums) == 1 else hashlib.sha256(" ".join(sums).encode()).hexdigest()
    files = tuple(found[name][0].name for name in published.parts)
    return Checkpoint(published, network.eval(), whole, files, tuple(notes))


def _style_of_file(file: str) -> str:
    """A style's name from a file's, without its endings.

    Raises:
        UsageError: the file's name says nothing: CycleGAN's files all have the same.
    """
    stem = ENDINGS.sub("", file)
    if not stem or stem.startswith("latest_net_G"):
        raise UsageError(f"{file} doesn't tell what its style is called: give the style's name", style="NAME")
    return stem


def _without_statistics(tensors: Tensors) -> tuple[Tensors, int]:
    """Returns tensors without counters, and without running statistics that are unused, and how many of these.

    Torch counts batches since 0.4.1, and keeps statistics only where they are in use; before, it kept them for instance
    normalization as well, which didn't use them.
    """
    used = any(name.endswith(COUNTER) for name in tensors) or AFFINE_IN_GENERATOR in tensors
    kept = {name: t for name, t in tensors.items() if not name.endswith(COUNTER)}
    if used:
        return kept, 0
    needed = {name: t for name, t in kept.items() if not STATISTICS.search(name)}
    return needed, len(kept) - len(needed)


def _filled(part: Part, tensors: Tensors) -> nn.Module:
    module = part.built({name: tuple(t.shape) for name, t in tensors.items()})
    module.load_state_dict(tensors, assign=True)
    return module.requires_grad_(False)


def _recognized(path: Path, held: dict[str, Tensors]) -> tuple[Part, Tensors, list[str]]:
    """Returns the part that a file holds, its tensors, and what is to be told of reading them.

    Raises:
        ModelError: the file holds none that is known, or several networks.
    """
    found = []
    for where, everything in held.items():
        tensors, dropped = _without_statistics(everything)
        if part := _part(path, {name: tuple(t.shape) for name, t in tensors.items()}):
            found.append((where, part, tensors, dropped))
    if not found:
        raise ModelError(_foreign(path, [_without_statistics(one)[0] for one in held.values()]))
    averages = [one for one in found if AVERAGED.search(one[0])]
    rivals = averages or found
    if len(rivals) > 1 and not all(_equal(rivals[0][2], one[2]) for one in rivals):
        places = ", ".join(one[0].rstrip(":. ") or "the outermost" for one in rivals)
        raise ModelError(f"{path} holds several networks ({places}): save the state_dict() of one in a file of its own")
    where, part, tensors, dropped = rivals[0]
    notes = [f"{path.name}: passed over {dropped} unused running statistics of an old torch"] if dropped else []
    if averages and len(found) > len(averages):
        notes.append(f"{path.name}: took the moving average {where.rstrip(':. ')}")
    return part, tensors, notes


def _equal(one: Tensors, other: Tensors) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def _part(path: Path, have: Shapes) -> Part | None:
    """Returns the part whose parameters have exactly these names and shapes."""
    same = [part for part in PARTS if _near(part, have) and part.shapes(have) == have]
    if len(same) > 1:
        same = [part for part in same if part.word in path.name]
        if len(same) != 1:
            words = " or ".join(repr(p.word) for p in PARTS if p.word)
            raise ModelError(f"{path} could be any of several parts: its file name must contain {words}, to say which")
    return same[0] if same else None


def _near(part: Part, have: Shapes) -> bool:
    """Returns whether the published network shares parameters with these; only then is one like it built."""
    return not have.keys().isdisjoint(part.shapes())


def _foreign(path: Path, held: Sequence[Tensors]) -> str:
    """Returns the message for a file none of whose dictionaries is a part: which it is nearly, or what is supported."""
    best: tuple[int, str] | None = None
    for tensors in held:
        have: Shapes = {name: tuple(t.shape) for name, t in tensors.items()}
        for part in PARTS:
            shapes = part.shapes(have) if _near(part, have) else part.shapes()
            common = len(shapes.keys() & have.keys())
            if 2 * common >= len(shapes) and (best is None or common > best[0]):
                told = f"looks like {part.name}, but {_difference(have, shapes)}: download it again or retrain"
                best = (common, f"{path} {told}")
    if best:
        return best[1]
    return _discriminator(path, held[0]) or _unknown(path, held[0])


def _discriminator(path: Path, tensors: Tensors) -> str:
    """Returns the message for a discriminator: its first kernels are 4x4 and see a picture; otherwise nothing."""
    name, first = next(iter(tensors.items()), ("", torch.empty(0)))
    if DISCRIMINATOR.fullmatch(name) and first.ndim == 4 and first.shape[1] <= 8 and first.shape[2] in (1, 4):
        return f"{path} is a discriminator (D), which can't paint: give the generator (G), such as latest_net_G_A.pth"
    return ""


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
