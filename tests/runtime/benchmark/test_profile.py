"""ONNX Runtime's profile."""

from __future__ import annotations

import json
from pathlib import Path

from stylex.runtime.benchmark.profile import CALLS, profiled


def test_nodes_that_fell_to_the_cpu_are_counted(tmp_path: Path) -> None:
    """As ONNX Runtime writes it for a graph of which CUDA takes two nodes of three."""

    def node(op: str, provider: str) -> dict[str, object]:
        return {"cat": "Node", "name": f"{op}_1_kernel_time", "dur": 3, "args": {"op_name": op, "provider": provider}}

    cuda, cpu = "CUDAExecutionProvider", "CPUExecutionProvider"
    once = [node("Conv", cuda), node("Conv", cuda), node("Resize", cpu), {"cat": "Node", "name": "Conv_1_fence_before"}]
    once.append({"cat": "Session", "name": "model_run", "dur": 0})
    file = tmp_path / "profile.json"
    file.write_text(json.dumps([{"cat": "Session", "name": "model_loading"}, *(once * CALLS)]), encoding="utf-8")
    found = profiled(lambda _: (lambda: None, lambda: file), cuda)
    assert found.nodes == {cpu: 1, cuda: 2}
    assert found.fallen == {"Resize": 1}
    assert profiled(lambda _: (lambda: None, lambda: file), cpu).fallen == {}
