"""DepthToSpace of signed bytes, spelled out.

That it doesn't load in ONNX Runtime 1.20.1 and 1.27.0 was reported to this project and not found by it; 1.32 has it.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from stylex.quant.graph import Graph

PIECES = {b"CRD": ([0, -1, 0, 0], [0, 1, 4, 2, 5, 3]), b"DCR": ([0, 0, 0, -1], [0, 3, 4, 1, 5, 2])}
"""By mode: the first four sides of the cut tensor, where a 0 behind the batch stands for the block size, and the order
of the cut tensor's axes in the shuffled one."""


def spell_out(graph: Graph, shuffle: onnx.NodeProto) -> None:
    """Replaces a DepthToSpace by a Reshape, a Transpose and a Reshape, which move any type; bits stay the same."""
    attributes = {a.name: helper.get_attribute_value(a) for a in shuffle.attribute}
    block = int(attributes["blocksize"])
    sides, order = PIECES[attributes.get("mode", b"DCR")]
    source, moved = shuffle.input[0], shuffle.output[0]
    graph.nodes = [n for n in graph.nodes if n is not shuffle]
    first = np.array([sides[0], *(side or block for side in sides[1:])], np.int64)
    kept = graph.constant(f"{moved}_cut_sides", first)
    coarse = graph.add("Shape", [source], f"{moved}_coarse", start=2, end=4)  # (H, W)
    cut = graph.add("Concat", [kept, coarse], f"{moved}_cut_shape", axis=0)
    pieces = graph.add("Reshape", [source, cut], f"{moved}_cut")
    rows = graph.add("Transpose", [pieces], f"{moved}_rows", perm=order)  # (B, C, H, F, W, F)
    factor = graph.constant(f"{moved}_fine", np.array([block, block], np.int64))
    fine = graph.add("Mul", [coarse, factor], f"{moved}_fine_sides")
    same = graph.constant(f"{moved}_same", np.array([0, 0], np.int64))  # batch and channels, as they are
    graph.add("Reshape", [rows, graph.add("Concat", [same, fine], f"{moved}_shape", axis=0)], moved)
