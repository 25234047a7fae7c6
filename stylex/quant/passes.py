"""Quantization is a list of passes: check before, transform, check after, say whether anything changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import onnx

from stylex.errors import ModelError
from stylex.quant.graph import Graph


class Pass(Protocol):
    """One transformation of a model, in place."""

    @property
    def name(self) -> str:
        """Returns the name of the pass, for messages."""

    def apply(self, model: onnx.ModelProto) -> bool:
        """Transforms the model; returns whether anything changed."""


def run_passes(model: onnx.ModelProto, passes: Sequence[Pass]) -> dict[str, bool]:
    """Runs passes one after the other on a model, in place.

    Returns:
        for every pass, whether it changed anything.

    Raises:
        ModelError: the model isn't valid before or after a pass; the message names the pass.
    """
    _check(model, "before quantization")
    changed = {}
    for one in passes:
        changed[one.name] = one.apply(model)
        _check(model, f"after {one.name}")
    return changed


def _check(model: onnx.ModelProto, when: str) -> None:
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # the checker's errors share no base class
        raise ModelError(f"the graph is not valid ONNX {when}: {str(error).splitlines()[0]}") from error


class Tidy:
    """Strip what the exporter wrote about source code, and unused constants."""

    name = "tidy"

    def apply(self, model: onnx.ModelProto) -> bool:
        """See `Pass.apply`."""
        before = int(model.ByteSize())
        Graph(model).finish()
        del model.graph.metadata_props[:], model.metadata_props[:]
        model.graph.doc_string = model.doc_string = ""
        for value in [*model.graph.input, *model.graph.output, *model.graph.initializer]:
            del value.metadata_props[:]
            value.doc_string = ""
        return int(model.ByteSize()) != before


class ClipBeforeShuffle:
    """Move a Clip from behind a DepthToSpace to before it, where a convolution's quantization takes it in.

    Both orders give the same numbers: the shuffle only moves values.
    """

    name = "clip before shuffle"

    def apply(self, model: onnx.ModelProto) -> bool:
        """See `Pass.apply`."""
        graph = Graph(model)
        changed = False
        for clip in [n for n in graph.nodes if n.op_type == "Clip"]:
            shuffle = graph.producer(clip.input[0])
            if shuffle is None or shuffle.op_type != "DepthToSpace" or graph.is_shared(shuffle.output[0]):
                continue
            start, middle, end = shuffle.input[0], shuffle.output[0], clip.output[0]
            clip.input[0], clip.output[0] = start, middle
            shuffle.input[0], shuffle.output[0] = middle, end
            changed = True
        graph.finish()
        return changed
