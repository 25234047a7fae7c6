"""Everything that a session can be told beside its provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from stylex.cores import MOST_THREADS, cores
from stylex.errors import UsageError
from stylex.installation import onnxruntime

CACHE_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "tensorrt": {"trt_engine_cache_enable": "True", "trt_engine_cache_path": "{folder}"},
    "openvino": {"cache_dir": "{folder}"},
}
"""Options that make a provider keep compiled graphs in a folder."""
SPIN_US = 50
"""Microseconds that a thread stays awake where it waits for the next operator; ONNX Runtime's own are 1000 and more."""


@dataclass(frozen=True, eq=False)
class SessionOptions:
    """Settings with which graphs are run.

    Attributes:
        threads: for the CPU, 0 for as many as the process has cores, see `stylex.cores`.
        spinning: whether the CPU's threads stay awake between two operators of a graph, for some microseconds. False
            where others need the cores as well, such as the encoder of a film.
        device_id: number of the graphics card, for cuda and tensorrt.
        provider_options: more options of the execution provider, as ONNX Runtime calls them.
        cache_dir: folder where tensorrt and openvino keep compiled graphs for the next start; None for nowhere.
        profile: where ONNX Runtime's profile is written, the beginning of the file's path; None for no profile.
    """

    threads: int = 0
    spinning: bool = True
    device_id: int = 0
    provider_options: Mapping[str, str] = field(default_factory=dict)
    cache_dir: Path | str | None = None
    profile: Path | None = None

    def __post_init__(self) -> None:
        for name in ("threads", "device_id"):
            value = getattr(self, name)
            if not isinstance(value, (int, np.integer)) or not 0 <= value <= MOST_THREADS:
                least = "0 (all cores)" if name == "threads" else "0"
                message = f"{name} is {value!r}; it must be a whole number from {least} to {MOST_THREADS}"
                raise UsageError(message, **{name: 0})

    @property
    def thread_count(self) -> int:
        """Returns the number of threads that the CPU's graphs are given."""
        return int(self.threads) or cores()

    def for_provider(self, name: str) -> dict[str, str]:
        """Returns what a provider of this name is told beside its precision."""
        device = {"device_id": str(self.device_id)} if name in ("cuda", "tensorrt") and self.device_id else {}
        kept = {} if self.cache_dir is None else CACHE_OPTIONS.get(name, {})
        cache = {option: value.format(folder=self.cache_dir) for option, value in kept.items()}
        return {**device, **cache, **self.provider_options}

    def for_session(self) -> Any:
        """Returns ONNX Runtime's own options.

        Threads are always given as a number: without one, ONNX Runtime ties its threads to cores of the machine that
        the process may not use, and knows nothing of a container's quota.
        """
        options = onnxruntime().SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = self.thread_count
        options.add_session_config_entry("session.intra_op.allow_spinning", "1" if self.spinning else "0")
        options.add_session_config_entry("session.intra_op.spin_duration_us", str(SPIN_US))
        if self.profile is not None:
            options.enable_profiling, options.profile_file_prefix = True, str(self.profile)
        return options

    def auxiliary(self) -> SessionOptions:
        """Returns the options of a graph that runs beside the one that paints: its threads sleep while they wait.

        Style encoder, segmenter and upscaler run one after the other with the painting graph, so that their threads
        don't compete as long as none of them spins. ONNX Runtime could share one pool, but in Python that binds the
        whole process: since `set_global_thread_pool_sizes` every session must use it, those of other libraries too.
        """
        return replace(self, spinning=False, profile=None)
