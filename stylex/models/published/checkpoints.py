"""Reads published checkpoints: from somebody's files to a network that can be exported."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from stylex.errors import UsageError
from stylex.export.graph_spec import Model
from stylex.models.published.recognition import Architectures, built, shapes_of
from stylex.models.registry import style_in_weights
from stylex.models.safe_checkpoints import Tensors, checkpoint_bytes, finite, state_dicts
from stylex.models.shared.published_network import PublishedNetwork
from stylex.models.spec import Part, Published
from stylex.techniques import ROWS, Technique

ENDINGS = re.compile(r"(\.(pth|pt|tar|model|safetensors))+$")


@dataclass(frozen=True)
class Checkpoint:
    """A published architecture, filled with somebody's parameters.

    Attributes:
        published: the architecture.
        technique: the row of the technique that it is exported as.
        network: in evaluation.
        sha256: of the file, or of the files' sums in the order of their parts.
        files: their names, in that order.
        notes: what was passed over in reading, one line each.
    """

    published: Published
    technique: Technique
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
        name = self.published.name
        return Model(
            technique=self.technique.name,
            traceables=self.network.traceables,
            weights_sha256=self.sha256,
            style=style_in_weights(self.technique, style, lambda: _style_of_file(self.files[0]), name),
            tier="reference",
            provenance=f"a checkpoint of {name}: {', '.join(self.files)}",
        )


def load_checkpoint(paths: Sequence[Path], rows: Iterable[Technique] = ROWS) -> Checkpoint:
    """Recognizes files, in any order, and makes their network.

    Args:
        paths: all files of one architecture.
        rows: techniques whose published architectures are known.

    Raises:
        InputError: not a file.
        UsageError: a file is given twice, or a part of the architecture is missing.
        ModelError: damaged, refused, or nothing that is known.
    """
    notes: list[str] = []
    known = Architectures.of(rows)
    found: dict[Part, tuple[Path, nn.Module]] = {}
    sums: dict[Part, str] = {}
    for path in paths:
        data = checkpoint_bytes(path)
        part, tensors, remarks = known.recognized(path, state_dicts(path, data))
        notes += remarks
        if part in found:
            raise UsageError(f"{found[part][0]} and {path} are both {part.name}: give it once")
        found[part] = (path, _filled(part, finite(tensors, path)))
        sums[part] = hashlib.sha256(data).hexdigest()
    published = _complete(known, found)
    modules = [found[part][1] for part in published.parts]
    network = published.assemble(*modules) if published.assemble else modules[0]
    assert isinstance(network, PublishedNetwork)
    names = tuple(found[part][0].name for part in published.parts)
    sha256 = _together([sums[part] for part in published.parts])
    return Checkpoint(published, known.techniques[published], network.eval(), sha256, names, tuple(notes))


def _together(sums: Sequence[str]) -> str:
    return sums[0] if len(sums) == 1 else hashlib.sha256(" ".join(sums).encode()).hexdigest()


def _filled(part: Part, tensors: Tensors) -> nn.Module:
    module = built(part, shapes_of(tensors))
    module.load_state_dict(tensors, assign=True)
    return module.requires_grad_(False)


def _complete(known: Architectures, found: Mapping[Part, object]) -> Published:
    """Returns the architecture that exactly these parts make up."""
    for published in known.techniques:
        if set(published.parts) == found.keys():
            return published
    given = " + ".join(part.name for part in found)
    whole = [p for p in known.techniques if found.keys() < set(p.parts)]
    choices = [f"{' + '.join(part.name for part in p.parts if part not in found)} for {p.name}" for p in whole]
    if not choices:
        raise UsageError(f"{given} don't belong together; supported are {known.supported()}")
    raise UsageError(f"{given} alone can't paint: give also {', or '.join(choices)}", checkpoints=None)


def _style_of_file(file: str) -> str:
    """Returns a style's name from a file's, without its endings.

    Raises:
        UsageError: the file's name says nothing: CycleGAN's files all have the same.
    """
    stem = ENDINGS.sub("", file)
    if not stem or stem.startswith("latest_net_G"):
        raise UsageError(f"{file} doesn't tell what its style is called: give the style's name", style="NAME")
    return stem
