"""Audit of a float graph: where INT8 will not pay, by shapes and weights, before anything is calibrated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper

from stylex.quant.calibration import Feed, session_with_outputs
from stylex.quant.graph import Graph
from stylex.quant.int8 import Int8Target

ALIGNED = 4
"""Input channels whose multiples x86 convolves without unfolding the picture (im2col) first."""
ENOUGH_WEIGHTS = 32
"""Weights of an output channel from which on their signs are no chance."""
ONE_SIDED = 0.1
"""Share of the farther extreme below which the nearer one counts for nothing."""


@dataclass(frozen=True)
class Finding:
    """One convolution that INT8 makes no faster, or harms.

    Attributes:
        convolution: its name.
        why: in words, behind the name.
        share: of the graph's multiplications.
        slow: whether it gains no speed; otherwise it loses accuracy.
    """

    convolution: str
    why: str
    share: float
    slow: bool


@dataclass(frozen=True)
class Audit:
    """Findings about a graph.

    Attributes:
        target: for which device.
        convolutions: how many there are.
        findings: those with the largest share first.
    """

    target: str
    convolutions: int
    findings: tuple[Finding, ...]

    @property
    def share(self) -> float:
        """Returns the share of multiplications in convolutions that gain no speed."""
        return sum({one.convolution: one.share for one in self.findings if one.slow}.values())

    @property
    def pays(self) -> bool:
        """Returns whether most multiplications gain speed."""
        return self.share < 0.5

    def lines(self) -> list[str]:
        """Returns the findings in words, the conclusion about speed first; nothing where there is none."""
        part = f"{100 * self.share:.0f} % of the multiplications gain no speed on {self.target}"
        conclusion = [part if self.pays else f"INT8 will not pay: {part}"] if self.share else []
        return [*conclusion, *(f"{one.convolution} ({100 * one.share:.1f} %) {one.why}" for one in self.findings)]


def audit(model: onnx.ModelProto, target: Int8Target, feed: Feed) -> Audit:
    """Looks at every convolution of a float graph.

    Args:
        model: as it was traced.
        target: for which device.
        feed: inputs of any size, for the sizes inside; shares hardly depend on it.
    """
    graph = Graph(model)
    nodes = [n for n in graph.nodes if n.op_type == "Conv"]
    work = _multiplications(model, nodes, feed)
    total = max(1, sum(work.values()))
    found = [
        Finding(node.name, why, work[node.name] / total, slow)
        for node in nodes
        for why, slow in _findings(graph, node, target)
    ]
    return Audit(target.name, len(nodes), tuple(sorted(found, key=lambda one: -one.share)))


def _multiplications(model: onnx.ModelProto, nodes: list[onnx.NodeProto], feed: Feed) -> Mapping[str, int]:
    """Returns the multiplications of convolutions by name, measured by running the graph once."""
    names = list(dict.fromkeys(name for node in nodes for name in (node.output[0], node.input[1])))
    constants = Graph(model).constants
    computed = [name for name in names if name not in constants]
    shapes = {name: tuple(tensor.dims) for name, tensor in constants.items()}
    values = session_with_outputs(model, computed).run(computed, feed)
    shapes |= {name: value.shape for name, value in zip(computed, values, strict=True)}
    return {node.name: int(np.prod(shapes[node.output[0]]) * np.prod(shapes[node.input[1]][1:])) for node in nodes}


def _findings(graph: Graph, node: onnx.NodeProto, target: Int8Target) -> list[tuple[str, bool]]:
    """Returns what is to be said of a convolution, and whether it is about speed."""
    if node.input[1] not in graph.constants:
        return [("has computed weights: it stays in float32", True)]
    weights = graph.array(node.input[1])
    channels, groups = weights.shape[1], _attribute(node, "group", 1)
    count = f"{channels} input channel{'s' * (channels != 1)}{' in each group' * (groups > 1)}"
    found = []
    if channels < target.fewest_channels and not _widened(graph, node, channels, target):
        found.append((f"has {count}, fewer than the {target.fewest_channels} from which INT8 pays", True))
    elif target.name == "cpu-x86" and channels % ALIGNED and not _widened(graph, node, channels, target):
        found.append((f"has {count}, no multiple of {ALIGNED}", True))
    if one_sided := _one_sided(weights):
        of = f"{one_sided} of {len(weights)} output channels"
        found.append((f"has weights of one sign in {of}: they need a zero point, and kernels take none", False))
    return found


def _widened(graph: Graph, node: onnx.NodeProto, channels: int, target: Int8Target) -> bool:
    """Returns whether `stylex.quant.wide_stem` gives the convolution of a picture more channels."""
    along = _attribute(node, "strides", [1, 1])[-1]
    fixed = len(node.input) > 2 and node.input[2] in graph.constants
    whole = graph.array(node.input[1]).shape[-1] % along == 0
    stem = node.input[0] in graph.inputs and fixed and whole and along > 1
    return target.name == "cpu-x86" and stem and channels * along % ALIGNED == 0


def _one_sided(weights: npt.NDArray[np.generic]) -> int:
    """Returns how many output channels have weights of practically one sign, so that symmetric steps waste half."""
    flat = weights.reshape(len(weights), -1).astype(np.float64)
    if flat.shape[1] < ENOUGH_WEIGHTS:
        return 0
    low, high = np.maximum(0, -flat.min(1)), np.maximum(0, flat.max(1))
    return int((np.minimum(low, high) < ONE_SIDED * np.maximum(low, high)).sum())


def _attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    return next((helper.get_attribute_value(a) for a in node.attribute if a.name == name), default)
