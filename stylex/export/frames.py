"""A transfer graph of one style as a graph that takes a frame of any size and gives a picture of that size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from stylex._version import __version__
from stylex.artifacts.metadata import GraphMetadata
from stylex.quant.graph import Graph
from stylex.quant.passes import run_passes

FRAME, PICTURE = "frame", "picture"
"""The graph's input, float32 RGB (1, 3, H, W) in [0, 1], and its output."""


def frames_graph(file: Path, metadata: GraphMetadata, interleaved: bool) -> onnx.ModelProto:
    """Returns the graph of a file with `TakesFrames` applied, whose arguments the others are."""
    model = onnx.load(file)
    run_passes(model, [TakesFrames(metadata, interleaved)])
    return model


class TakesFrames:
    """Makes a transfer graph of one style take a frame of any size and give a picture of that size.

    The frame is reflected without its border pixels, as `cv2.BORDER_REFLECT_101` does; where statistics could be
    frozen, they are measured of each frame.

    Args:
        metadata: of the graph, which has dynamic sizes and takes planes.
        interleaved: whether the picture is (H, W, 3) rather than (1, 3, H, W).
    """

    name = "frames in, pictures out"

    def __init__(self, metadata: GraphMetadata, interleaved: bool) -> None:
        self.metadata, self.interleaved = metadata, interleaved

    def apply(self, model: onnx.ModelProto) -> bool:
        """See `stylex.quant.passes.Pass.apply`."""
        graph = Graph(model)
        for one in model.graph.input[1:]:  # frozen and freeze: nothing is
            graph.constant(one.name, np.zeros([d.dim_value for d in one.type.tensor_type.shape.dim], np.float32))
        content, painted = model.graph.input[0].name, model.graph.output[0].name
        graph.add("Shape", [FRAME], "frame_shape")
        rows, columns = (self._reflected(graph, axis) for axis in (2, 3))
        graph.add("Gather", [FRAME, rows], "frame_rows", axis=2)
        graph.add("Gather", ["frame_rows", columns], content, axis=3)
        self._cut_out(graph, painted)
        self._declare(model)
        graph.inputs, graph.outputs = {FRAME}, {PICTURE}
        _prune(graph)
        graph.finish()
        return True

    def _reflected(self, graph: Graph, axis: int) -> str:
        """Adds the rows or columns of the frame that the network is given, in their order."""
        spec = self.metadata.spec

        def number(value: int) -> str:
            return graph.constant(f"frame_{value}".replace("-", "minus_"), np.array(value, np.int64))

        def add(op: str, *inputs: str, name: str) -> str:
            return graph.add(op, inputs, f"frame_{axis}_{name}")

        side = add("Gather", "frame_shape", number(axis), name="side")
        up = add("Add", side, number(spec.multiple - 1), name="up")
        units = add("Div", up, number(spec.multiple), name="units")
        whole = add("Mul", units, number(spec.multiple), name="whole")
        painted = add("Max", whole, number(spec.smallest), name="painted")
        end = add("Add", painted, number(spec.border), name="end")
        places = add("Range", number(-spec.border), end, number(1), name="places")
        last = add("Sub", side, number(1), name="last")
        twice = add("Mul", last, number(2), name="twice")
        period = add("Max", twice, number(1), name="period")  # of a frame of one row: 0 is no divisor
        distance = add("Abs", places, name="distance")
        there = add("Mod", distance, period, name="there")
        back = add("Sub", period, there, name="back")
        return add("Min", there, back, name="at")

    def _cut_out(self, graph: Graph, painted: str) -> None:
        """Adds the part of the painted picture that is the frame's; some graphs paint the border, others don't."""
        zero, axes = graph.constant("frame_start", np.array([2])), graph.constant("frame_axes", np.array([2, 3]))
        both = graph.constant("frame_end", np.array([4]))
        size = graph.add("Slice", ["frame_shape", zero, both], "frame_size")
        graph.add("Shape", [painted], "painted_shape")
        have = graph.add("Slice", ["painted_shape", zero, both], "painted_size")
        sides = [self._painted_side(graph, axis) for axis in (2, 3)]
        wanted = graph.add("Concat", sides, "painted_sides", axis=0)
        rest = graph.add("Sub", [have, wanted], "painted_rest")
        start = graph.add("Div", [rest, graph.constant("frame_two", np.array([2]))], "picture_start")
        end = graph.add("Add", [start, size], "picture_end")
        planes = graph.add("Slice", [painted, start, end, axes], "picture_planes" if self.interleaved else PICTURE)
        if self.interleaved:
            moved = graph.add("Transpose", [planes], "picture_moved", perm=[0, 2, 3, 1])
            graph.add("Squeeze", [moved, graph.constant("frame_batch", np.array([0]))], PICTURE)

    def _painted_side(self, graph: Graph, axis: int) -> str:
        first = graph.constant("frame_first", np.array([0]))
        return graph.add("Unsqueeze", [f"frame_{axis}_painted", first], f"painted_side_{axis}")

    def _declare(self, model: onnx.ModelProto) -> None:
        """Names and shapes of the frame and the picture, and what the file says of itself."""
        shape: list[str | int | None] = ["height", "width", 3] if self.interleaved else [1, 3, "height", "width"]
        del model.graph.input[:], model.graph.output[:]
        model.graph.input.append(helper.make_tensor_value_info(FRAME, TensorProto.FLOAT, [1, 3, "height", "width"]))
        model.graph.output.append(helper.make_tensor_value_info(PICTURE, TensorProto.FLOAT, shape))
        properties = {
            name: str(getattr(self.metadata, name)) for name in ("technique", "style", "licence", "provenance")
        }
        helper.set_model_props(model, properties)
        model.producer_name, model.producer_version = "stylex", __version__


def _prune(graph: Graph) -> None:
    """Removes the nodes that nothing of the outputs is made of."""
    wanted, makers = list(graph.outputs), {name: node for node in graph.nodes for name in node.output}
    kept: set[str] = set()
    while wanted:
        node = makers.get(wanted.pop())
        if node is not None and node.output[0] not in kept:
            kept.add(node.output[0])
            wanted += node.input
    graph.nodes = [node for node in graph.nodes if node.output[0] in kept]
