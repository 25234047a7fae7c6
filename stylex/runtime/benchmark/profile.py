"""Reads ONNX Runtime's own profile: which provider ran each node, and what share of a call the engine took."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stylex.runtime.benchmark.timing import timed

CPU = "CPUExecutionProvider"
CALLS = 4
"""Calls that are profiled; the first one is left out."""


@dataclass(frozen=True)
class Profile:
    """Describes one call.

    Attributes:
        nodes: kernels by the provider that ran them.
        fallen: operators by name and count that ran on the CPU although another provider was asked for.
        engine_share: of the call's time that ONNX Runtime took; the rest is reading and writing pictures.
    """

    nodes: dict[str, int]
    fallen: dict[str, int]
    engine_share: float


def profiled(opened: Callable[[Path], tuple[Callable[[], object], Callable[[], Path]]], provider: str) -> Profile:
    """Profiles a few calls of a session that writes a profile.

    Args:
        opened: opens what is called with a prefix for the profile's file; returns the call, and what ends the profile
            and returns its file.
        provider: ONNX Runtime's name of the one that was asked for.
    """
    with tempfile.TemporaryDirectory() as folder:
        call, end = opened(Path(folder) / "profile")
        times = [timed(call) for _ in range(CALLS)]
        events = json.loads(end().read_text(encoding="utf-8"))
    runs = [event["dur"] / 1e3 for event in events if event.get("name") == "model_run"]
    kernels = [e["args"] for e in events if e.get("cat") == "Node" and e["name"].endswith("_kernel_time")]
    nodes = Counter(kernel["provider"] for kernel in kernels)
    fallen = Counter(k["op_name"] for k in kernels if k["provider"] == CPU) if provider != CPU else Counter[str]()
    share = sum(runs[1:]) / sum(times[1:])
    return Profile(_a_call(nodes), _a_call(fallen), round(min(1.0, share), 4))


def _a_call(counts: Counter[str]) -> dict[str, int]:
    return {name: count // CALLS for name, count in sorted(counts.items())}
