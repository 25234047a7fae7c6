"""Segmenters: our own graph, or any other one's ONNX file that says, or is told, what its classes are."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from stylex.artifacts.catalog import folder_of_tool
from stylex.artifacts.graph_file import read_props
from stylex.artifacts.metadata import SEGMENTER, is_ours
from stylex.errors import ModelError, UsageError
from stylex.imaging.arrays import Image
from stylex.imaging.sizes import at_most
from stylex.runtime.engine.options import SessionOptions
from stylex.runtime.engine.session import ForeignSession, Session, open_foreign, open_graph
from stylex.runtime.loading import open_best
from stylex.runtime.semantic.masks import Mask
from stylex.runtime.semantic.outputs import class_probabilities

OWN_SIDE = 256
"""Pixels of the longer side that our own segmenter is given; it was trained on people of that size."""
FOREIGN_SIDE, FOREIGN_MULTIPLE = 512, 32
"""Pixels of the longer side, and what both sides are multiples of, for another one's graph of dynamic size."""
INPUTS: Mapping[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}
CLASS_KEYS = ("classes", "names", "labels")
"""Under which metadata commonly tells the classes: a JSON list, an object of number to name, or names and commas."""

Triple = tuple[float, float, float]


class SegmenterProtocol(Protocol):
    """Finds regions in a photo."""

    @property
    def title(self) -> str:
        """Returns a description in a few words."""

    def __call__(self, photo: Image) -> dict[str, Mask]:
        """Returns masks by the name of the region, each with the photo's proportions but of any resolution.

        Args:
            photo: RGB uint8 (H, W, 3).
        """


@dataclass(frozen=True)
class InputSpec:
    """The input of a segmenter's graph.

    Attributes:
        name: of its one input.
        dtype: of the input; floats are in [0, 1] before `mean` and `std`, bytes are the photo itself.
        channels_last: (1, H, W, 3) rather than (1, 3, H, W).
        height, width: where they are fixed; the photo is then stretched to them.
        longest, multiple: of the sides where they are dynamic.
        mean, std: that are subtracted and divided by, RGB in [0, 1].
    """

    name: str
    dtype: type[np.generic]
    channels_last: bool = False
    height: int | None = None
    width: int | None = None
    longest: int = FOREIGN_SIDE
    multiple: int = FOREIGN_MULTIPLE
    mean: Triple = (0.0, 0.0, 0.0)
    std: Triple = (1.0, 1.0, 1.0)

    def preprocess(self, photo: Image) -> npt.NDArray[Any]:
        """Returns the photo as the graph takes it, (1, 3, h, w) or (1, h, w, 3)."""
        height, width = at_most(photo.shape[:2], self.longest)
        height, width = (max(self.multiple, round(v / self.multiple) * self.multiple) for v in (height, width))
        size = (self.width or width, self.height or height)
        method = cv2.INTER_AREA if size[0] * size[1] < photo.shape[0] * photo.shape[1] else cv2.INTER_LINEAR
        small = np.asarray(cv2.resize(photo, size, interpolation=method))
        if self.dtype is not np.uint8:
            small = ((small.astype(np.float32) / 255 - self.mean) / self.std).astype(self.dtype)
        return np.ascontiguousarray((small if self.channels_last else small.transpose(2, 0, 1))[None])


@dataclass(frozen=True, eq=False)
class Segmenter:
    """An opened segmenter; it runs on the CPU, once a photo.

    Attributes:
        session: the opened graph.
        classes: their names, in the order of its output.
        input_spec: what its input is.
    """

    session: ForeignSession
    classes: tuple[str, ...]
    input_spec: InputSpec

    @property
    def title(self) -> str:
        """Returns a few words for messages."""
        return self.session.path.name

    def close(self) -> None:
        """Frees the graph; a call afterwards is told so."""
        self.session.close()

    def __call__(self, photo: Image) -> dict[str, Mask]:
        """Returns the probability of each class at every place of a photo, by the class's name.

        Raises:
            ResourceError: not enough memory for a photo of this size.
            ModelError: the graph fails, or its output isn't one of the kinds that `outputs.class_probabilities` reads.
        """
        found, *_ = self.session.run(**{self.input_spec.name: self.input_spec.preprocess(photo)})
        return dict(zip(self.classes, class_probabilities(found, self.classes, str(self.session.path)), strict=True))


def open_segmenter(path: Path | str, classes: Sequence[str] = (), threads: int = 0) -> Segmenter:
    """Opens a segmenter's ONNX file, ours or another one's.

    Another one's has one input: the photo, (1, 3, H, W) or (1, H, W, 3), of fixed or dynamic sizes, uint8 or float in
    [0, 1]. Its metadata may give `mean` and `std`, three numbers each for RGB in [0, 1] (or in 0..255, where one is
    above 1), and its classes under `classes`, `names` or `labels`. Its first output is what
    `outputs.class_probabilities` reads.

    Args:
        classes: names, where the metadata doesn't tell them or other ones are wanted.
        threads: 0 for all cores.

    Raises:
        InputError: no such file.
        ModelError: not a segmenter: a damaged file, another kind of stylex graph, an input that is no photo.
        UsageError: nobody says what the classes are.
    """
    if is_ours(read_props(path)):
        return _stylex_segmenter(open_graph(path, options=SessionOptions(threads).auxiliary()), classes)
    session = open_foreign(path, threads)
    path, props, input_spec = session.path, session.props, _input(session)
    input_spec = replace(input_spec, mean=_triple(props, "mean", path), std=_triple(props, "std", path))
    return Segmenter(session, _names(path, tuple(classes) or _classes_in(props)), input_spec)


def embedded_segmenter(folder: Path | None = None, threads: int = 0) -> Segmenter:
    """Returns people against background: the graph that comes with stylex, or one of `folder` where there is one.

    Raises:
        InputError: neither is there.
    """
    place = folder_of_tool(SEGMENTER, folder)
    return _stylex_segmenter(
        open_best(SEGMENTER, "", "auto", "cpu", place, SessionOptions(threads).auxiliary(), SEGMENTER)
    )


def _stylex_segmenter(session: Session, classes: Sequence[str] = ()) -> Segmenter:
    """Returns one that `stylex export` wrote; other names of its classes may be given."""
    spec = session.require_role(SEGMENTER).metadata.spec
    input_spec = replace(_input(session), longest=OWN_SIDE, multiple=spec.multiple)
    return Segmenter(session, _names(session.path, tuple(classes) or spec.classes), input_spec)


def _names(path: Path, classes: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the names of the classes, where they can be told apart."""
    if not classes:
        raise UsageError(f"{path} doesn't say what its classes are: name them in its order", classes="a,b,c")
    if len(set(classes)) != len(classes) or not all(classes):
        raise UsageError(
            f"the classes of {path} are {', '.join(classes)}: each needs a name of its own", classes="a,b,c"
        )
    return classes


def _input(session: ForeignSession) -> InputSpec:
    path, inputs = session.path, session.inputs
    if len(inputs) != 1:
        raise ModelError(f"{path} takes {len(inputs)} inputs; a segmenter takes one, the photo")
    shape, kind = inputs[0].shape, inputs[0].type
    fixed = [side if isinstance(side, int) and side > 0 else None for side in shape]
    last = len(shape) == 4 and fixed[3] == 3 and fixed[1] != 3
    if kind not in INPUTS or len(shape) != 4 or fixed[0] not in (1, None) or not {fixed[1], fixed[3]} & {3, None}:
        raise ModelError(
            f"{path} takes {kind} of shape {shape}; a segmenter takes one photo: float or uint8, (1, 3, H, W) or "
            "(1, H, W, 3)"
        )
    height, width = fixed[1:3] if last else fixed[2:]
    return InputSpec(inputs[0].name, INPUTS[kind], last, height, width)


def _triple(props: Mapping[str, str], name: str, path: Path) -> Triple:
    """Returns three numbers out of the metadata, in units of [0, 1]."""
    default = 0.0 if name == "mean" else 1.0
    if name not in props:
        return (default,) * 3
    try:
        red, green, blue = (float(v) for v in _parsed(props[name]))
    except (TypeError, ValueError) as error:
        raise ModelError(f"the metadata of {path} gives {name} {props[name]!r}; three numbers are needed") from error
    scale = 255.0 if max(red, green, blue) > 1 else 1.0
    if not np.isfinite([red, green, blue]).all() or (name == "std" and min(red, green, blue) <= 0):
        raise ModelError(f"the metadata of {path} gives {name} {props[name]!r}; usable numbers are needed")
    return red / scale, green / scale, blue / scale


def _classes_in(props: Mapping[str, str]) -> tuple[str, ...]:
    for key in CLASS_KEYS:
        if props.get(key, "").strip():
            parsed = _parsed(props[key])
            if isinstance(parsed, dict):
                parsed = [parsed[number] for number in sorted(parsed, key=int)]
            return tuple(str(name).strip() for name in parsed)
    return ()


def _parsed(text: str) -> Any:
    """Returns JSON, or Python's notation (as some trainers write it), or parts between commas."""
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(found, (list, tuple, dict)):
            return found
    return text.strip().strip("[]").split(",")
