"""Small segmenters as other people export them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

ForeignMaker = Callable[..., Path]


@pytest.fixture
def foreign(tmp_path: Path) -> ForeignMaker:
    """Writes a segmenter: `foreign(nodes, constants={...}, ...)`; the nodes make "found" of "image"."""

    def make(
        nodes: Sequence[onnx.NodeProto],
        constants: Mapping[str, Any] | None = None,
        *,
        kind: int = TensorProto.FLOAT,
        shape: Sequence[Any] = (1, 3, "h", "w"),
        gives: int = TensorProto.FLOAT,
        rank: int = 4,
        metadata: Mapping[str, str] | None = None,
        name: str = "foreign.onnx",
    ) -> Path:
        graph = helper.make_graph(
            list(nodes),
            "foreign",
            [helper.make_tensor_value_info("image", kind, list(shape))],
            [helper.make_tensor_value_info("found", gives, [f"d{i}" for i in range(rank)])],
            [numpy_helper.from_array(value, key) for key, value in (constants or {}).items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
        onnx.checker.check_model(model)
        helper.set_model_props(model, dict(metadata or {}))
        path = tmp_path / name
        path.write_bytes(model.SerializeToString())
        return path

    return make
