"""Everything that a session can be told beside its provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stylex.artifacts.metadata import GraphMetadata
from stylex.cores import MOST_THREADS, cores
from stylex.errors import UsageError
from stylex.files import cache_folder
from stylex.installation import onnxruntime, version

if TYPE_CHECKING:
    from stylex.runtime.engine.nvidia import Caches, Card

LIMITS = {
    "threads": (0, MOST_THREADS),
    "device_id": (0, MOST_THREADS),
    "memory_limit_mib": (0, 2**24),
    "bucket": (1, 4096),
}
"""Least and greatest values of the numbers among the options."""
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
        memory_limit_mib: MiB of the card's memory that cuda takes at the most, and that TensorRT takes to build an
            engine; 0 for no limit.
        bucket: pixels to a multiple of which sides are rounded up and photos reflected, where a provider prepares for
            each size, such as 64; 1 for as few pixels as the graph needs. Statistics are then those of the photo with
            what was reflected, which moves pictures by 1 level of 255 on average.
        provider_options: more options of the execution provider, as ONNX Runtime calls them; they come before stylex's.
        cache_dir: folder where tensorrt, tensorrt-rtx and openvino keep compiled graphs for the next start. By default
            NVIDIA's have one in `stylex.files.cache_folder`, and openvino has none.
        profile: where ONNX Runtime's profile is written, the beginning of the file's path; None for no profile.
    """

    threads: int = 0
    spinning: bool = True
    device_id: int = 0
    memory_limit_mib: int = 0
    bucket: int = 1
    provider_options: Mapping[str, str] = field(default_factory=dict)
    cache_dir: Path | str | None = None
    profile: Path | None = None

    def __post_init__(self) -> None:
        for name, (least, most) in LIMITS.items():
            value = getattr(self, name)
            if not isinstance(value, (int, np.integer)) or not least <= value <= most:
                start = "0 (all cores)" if name == "threads" else least
                message = f"{name} is {value!r}; it must be a whole number from {start} to {most}"
                raise UsageError(message, **{name: least})

    @property
    def thread_count(self) -> int:
        """Returns the number of threads that the CPU's graphs are given."""
        return int(self.threads) or cores()

    @property
    def card(self) -> Card:
        """Returns the graphics card that is asked for."""
        from stylex.runtime.engine.nvidia import Card

        return Card(int(self.device_id), int(self.memory_limit_mib))

    def caches(self, provider: str, sha256: str) -> Caches:
        """Returns where one of `COMPILERS` keeps what it compiles of the graph whose file has this SHA-256."""
        from stylex.runtime.engine.nvidia import COMPILERS, caches

        package = COMPILERS[provider].package
        versions = {"onnxruntime": str(onnxruntime().__version__), package: version(package)}
        return caches(Path(self.cache_dir or cache_folder() / "engines"), provider, sha256, versions)

    def for_provider(self, name: str, metadata: GraphMetadata, sha256: str) -> dict[str, str]:
        """Returns what a provider of this name is told beside its precision, to open a graph."""
        from stylex.runtime.engine.nvidia import COMPILERS, cuda_options

        own: dict[str, str] = {}
        if name == "cuda":
            own = cuda_options(self.card)
        elif name in COMPILERS:
            own = COMPILERS[name].options(self.card, self.caches(name, sha256), metadata)
        elif name == "openvino" and self.cache_dir is not None:
            own = {"cache_dir": str(self.cache_dir)}
        return {**own, **self.provider_options}

    def for_session(self) -> Any:
        """Returns ONNX Runtime's own options.

        Threads are always given as a number: without one, ONNX Runtime ties its threads to cores of the machine that
        the process may not use, and knows nothing of a container's quota.
        """
        options = onnxruntime().SessionOptions()
        options.log_severity_level = 4
        options.enable_mem_pattern = False  # one block for all tensors takes nearly twice the memory, and no less time
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
