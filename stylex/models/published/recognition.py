"""Recognizes which part of a published network a file holds, by the names and shapes of its parameters."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import nn

from stylex.errors import ModelError
from stylex.models.registry import model_of
from stylex.models.safe_checkpoints import AVERAGED, COUNTER, Tensors
from stylex.models.spec import Part, Published
from stylex.techniques import ROWS, Technique

Shapes: TypeAlias = "dict[str, tuple[int, ...]]"

STATISTICS = re.compile(r"(^|\.)(running_mean|running_var)$")
"""Checkpoints of torch 0.3 and older carry these for instance normalization, which doesn't use them."""
AFFINE_IN_GENERATOR = "model.2.weight"
"""CycleGAN's instance normalization has no parameters: with these it is batch normalization, in torch of any age."""
DISCRIMINATOR = re.compile(r"(model|main|net|layer\d+|scale\d+_layer\d+)\.\d+(\.\d+)*\.weight")


def shapes_of(tensors: Mapping[str, torch.Tensor]) -> Shapes:
    """Returns the shapes of tensors by name."""
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def built(part: Part, shapes: Shapes) -> nn.Module:
    """Returns the network that parameters of these shapes are likeliest of, without values."""
    with torch.device("meta"):
        return part.network(**(part.arguments(shapes) if part.arguments else {}))


@functools.cache
def published_shapes(part: Part) -> Shapes:
    """Returns the shapes of the parameters as they were published."""
    with torch.device("meta"):
        return shapes_of(part.network().state_dict())


def _expected(part: Part, have: Shapes) -> Shapes:
    """Returns the shapes of the network of this kind that is like those."""
    return shapes_of(built(part, have).state_dict()) if part.arguments else published_shapes(part)


def _near(part: Part, have: Shapes) -> bool:
    """Returns whether the published network shares parameters with these; only then is one like it built."""
    return not have.keys().isdisjoint(published_shapes(part))


@dataclass(frozen=True)
class Architectures:
    """The published architectures that are known, and the technique that each is exported as."""

    techniques: Mapping[Published, Technique]

    @classmethod
    def of(cls, rows: Iterable[Technique] = ROWS) -> Architectures:
        """Returns those of rows of techniques; rows without a network have none."""
        return cls({known: row for row in rows if row.model for known in model_of(row).published})

    @functools.cached_property
    def parts(self) -> tuple[Part, ...]:
        """Returns their parts, each once."""
        return tuple(dict.fromkeys(part for published in self.techniques for part in published.parts))

    def supported(self) -> str:
        """Returns the architectures in one line."""
        return "; ".join(f"{p.name} ({' + '.join(part.name for part in p.parts)})" for p in self.techniques)

    def recognized(self, path: Path, held: Mapping[str, Tensors]) -> tuple[Part, Tensors, list[str]]:
        """Returns the part that a file holds, its tensors, and notes on how they were read.

        Args:
            path: of the file, for messages.
            held: its dictionaries of tensors by the place where they stand.

        Raises:
            ModelError: the file holds none that is known, or several networks.
        """
        found = []
        for where, everything in held.items():
            tensors, dropped = _without_statistics(everything)
            if part := self._part(path, shapes_of(tensors)):
                found.append((where, part, tensors, dropped))
        if not found:
            raise ModelError(self._foreign(path, [_without_statistics(one)[0] for one in held.values()]))
        averages = [one for one in found if AVERAGED.search(one[0])]
        rivals = averages or found
        if len(rivals) > 1 and not all(_equal(rivals[0][2], one[2]) for one in rivals):
            places = ", ".join(one[0].rstrip(":. ") or "the outermost" for one in rivals)
            raise ModelError(
                f"{path} holds several networks ({places}): save the state_dict() of one in a file of its own"
            )
        where, part, tensors, dropped = rivals[0]
        notes = [f"{path.name}: passed over {dropped} unused running statistics of an old torch"] if dropped else []
        if averages and len(found) > len(averages):
            notes.append(f"{path.name}: took the moving average {where.rstrip(':. ')}")
        return part, tensors, notes

    def _part(self, path: Path, have: Shapes) -> Part | None:
        """Returns the part whose parameters have exactly these names and shapes."""
        same = [part for part in self.parts if _near(part, have) and _expected(part, have) == have]
        if len(same) > 1:
            words = " or ".join(repr(part.word) for part in same)
            same = [part for part in same if part.word in path.name]
            if len(same) != 1:
                raise ModelError(
                    f"{path} could be any of several parts: its file name must contain {words}, to say which"
                )
        return same[0] if same else None

    def _foreign(self, path: Path, held: Sequence[Tensors]) -> str:
        """Returns the message for a file that holds no part: which one it nearly is, or what is supported."""
        best: tuple[int, str] | None = None
        for have in map(shapes_of, held):
            for part in self.parts:
                shapes = _expected(part, have) if _near(part, have) else published_shapes(part)
                common = len(shapes.keys() & have.keys())
                if 2 * common >= len(shapes) and (best is None or common > best[0]):
                    gap = _difference(have, shapes)
                    best = (common, f"{path} looks like {part.name}, but {gap}: download it again or retrain")
        if best:
            return best[1]
        return _discriminator(path, held[0]) or self._unknown(path, held[0])

    def _unknown(self, path: Path, tensors: Tensors) -> str:
        first = ", ".join(f"{name} {_size(tuple(t.shape))}" for name, t in list(tensors.items())[:3])
        known = self.supported()
        return f"{path} is no checkpoint that stylex knows (it begins with {first}); supported are {known}"


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


def _equal(one: Tensors, other: Tensors) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def _discriminator(path: Path, tensors: Tensors) -> str:
    """Returns the message for a discriminator: its first kernels are 4x4 and see a picture; otherwise nothing."""
    name, first = next(iter(tensors.items()), ("", torch.empty(0)))
    if DISCRIMINATOR.fullmatch(name) and first.ndim == 4 and first.shape[1] <= 8 and first.shape[2] in (1, 4):
        return f"{path} is a discriminator (D), which can't paint: give the generator (G), such as latest_net_G_A.pth"
    return ""


def _difference(have: Shapes, wanted: Shapes) -> str:
    """Returns how a file differs from the part that it nearly is."""
    gaps: list[tuple[str, list[Any]]] = [
        ("lacks", [name for name in wanted if name not in have]),
        ("has an extra", [name for name in have if name not in wanted]),
    ]
    for verb, names in gaps:
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            return f"{verb} {names[0]}{more}"
    name = next(name for name in wanted if have[name] != wanted[name])
    return f"{name} is {_size(have[name])} where {_size(wanted[name])} is needed"


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
