"""Everything that a session can be told beside its provider."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import onnxruntime as ort

from stylex.errors import UsageError

CACHE_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "tensorrt": {"trt_engine_cache_enable": "True", "trt_engine_cache_path": "{folder}"},
    "openvino": {"cache_dir": "{folder}"},
}
"""Options that make a provider keep compiled graphs in a folder."""


@dataclass(frozen=True, eq=False)
class SessionOptions:
    """How graphs are run.

    Attributes:
        threads: for the CPU, 0 for all cores.
        spinning: whether the CPU's threads stay awake between two pictures, quicker where the cores are theirs alone.
            False where others need the cores as well, such as the encoder of a film.
        device_id: number of the graphics card, for cuda and tensorrt.
        provider_options: more options of the execution provider, as ONNX Runtime calls them.
        cache_dir: folder where tensorrt and openvino keep compiled graphs for the next start; None for nowhere.
    """

    threads: int = 0
    spinning: bool = True
    device_id: int = 0
    provider_options: Mapping[str, str] = field(default_factory=dict)
    cache_dir: Path | str | None = None

    def __post_init__(self) -> None:
        for name in ("threads", "device_id"):
            if getattr(self, name) < 0:
                least = "0 (all cores)" if name == "threads" else "0"
                told = f"{name} is {getattr(self, name)}; it must be {least} or more"
                raise UsageError(told, **{name: 0})

    def for_provider(self, name: str) -> dict[str, str]:
        """Returns what a provider of this name is told beside its precision."""
        device = {"device_id": str(self.device_id)} if name in ("cuda", "tensorrt") and self.device_id else {}
        kept = {} if self.cache_dir is None else CACHE_OPTIONS.get(name, {})
        cache = {option: value.format(folder=self.cache_dir) for option, value in kept.items()}
        return {**device, **cache, **self.provider_options}

    def for_session(self) -> ort.SessionOptions:
        """Returns ONNX Runtime's own options, with the pool of threads shared where it can be."""
        options = ort.SessionOptions()
        options.log_severity_level = 4
        if self.spinning and POOL.serves(self.threads):
            options.use_per_session_threads = False
        else:
            options.intra_op_num_threads = self.threads
            if not self.spinning:
                options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return options


class SharedPool:
    """The threads that the sessions of this process share, so that four graphs don't have four times the threads.

    ONNX Runtime makes one such pool in a process, of the size that is asked for first; sessions of another size have
    threads of their own, as have all of them where another library has made the pool, or ONNX Runtime is too old to be
    asked. One thread needs no pool.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._size: int | None = None
        self._tried = False

    def serves(self, threads: int) -> bool:
        """Returns whether the pool has so many threads; makes it where there is none yet."""
        if threads == 1:
            return False
        with self._lock:
            if not self._tried:
                self._tried = True
                self._size = threads if _made(threads) else None
            return self._size == threads


def _made(threads: int) -> bool:
    make = getattr(ort, "set_global_thread_pool_sizes", None)
    if make is None:
        return False
    try:
        make(threads, 1)
    except Exception:  # ONNX Runtime's errors share no base class; the pool is there already, of a size nobody tells
        return False
    return True


POOL = SharedPool()
