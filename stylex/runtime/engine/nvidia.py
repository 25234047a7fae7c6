"""Options of NVIDIA's execution providers, by the names that ONNX Runtime documents. Never run on a card.

https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html and TensorRT-ExecutionProvider.html beside
it; those of TensorRT RTX stand in `tensorrt_rtx_provider_options.h` of its package.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stylex.artifacts.metadata import BYTES, STYLE_ENCODER, TRANSFER, GraphMetadata

SIDES = (64, 512, 2048)
"""Pixels of a painted side that TensorRT prepares for: the least, the usual, the most. For others it builds anew."""
STYLES = (1, 1, 4)
"""Styles in one picture, likewise."""
KINDS = ("min", "opt", "max")


@dataclass(frozen=True)
class Card:
    """A graphics card.

    Attributes:
        device_id: its number.
        memory_limit_mib: MiB of its memory that a session may take at the most; 0 for no limit.
    """

    device_id: int = 0
    memory_limit_mib: int = 0

    @property
    def memory_limit(self) -> str:
        """Returns the limit in bytes."""
        return str(self.memory_limit_mib * 2**20)


@dataclass(frozen=True)
class Caches:
    """Where compiled graphs are kept.

    Attributes:
        engines: folder of one graph's engines.
        timings: folder of what kernels take on this card, which all graphs share.
    """

    engines: Path
    timings: Path

    def is_empty(self) -> bool:
        """Returns whether nothing was compiled yet, so that opening the graph takes long."""
        return not self.engines.is_dir() or not any(self.engines.iterdir())


def caches(folder: Path, provider: str, graph: str, versions: Mapping[str, str | None]) -> Caches:
    """Returns the folders for a graph: engines fit those weights and versions alone.

    Args:
        folder: of all caches.
        provider: that compiles.
        graph: SHA-256 of its file.
        versions: of the packages whose engines differ; None for one that isn't installed by pip.
    """
    named = "-".join(f"{name}-{version or 'system'}" for name, version in sorted(versions.items()))
    key = hashlib.sha256(f"{graph} {SIDES} {STYLES}".encode()).hexdigest()[:16]
    base = folder / provider / named
    return Caches(base / key, base / "timings")


def cuda_options(card: Card) -> dict[str, str]:
    """Returns the options of CUDA: convolutions are chosen by heuristics; a search would time all for each size."""
    limit = {"gpu_mem_limit": card.memory_limit, "arena_extend_strategy": "kSameAsRequested"}
    return {
        "device_id": str(card.device_id),
        "cudnn_conv_algo_search": "HEURISTIC",
        **(limit if card.memory_limit_mib else {}),
    }


def tensorrt_options(card: Card, kept: Caches, metadata: GraphMetadata) -> dict[str, str]:
    """Returns the options of TensorRT beside the graph's precision: caches, and sizes that engines are built for."""
    return {
        "device_id": str(card.device_id),
        "trt_engine_cache_enable": "True",
        "trt_engine_cache_path": str(kept.engines),
        "trt_timing_cache_enable": "True",
        "trt_timing_cache_path": str(kept.timings),
        **({"trt_max_workspace_size": card.memory_limit} if card.memory_limit_mib else {}),
        **_named("trt_profile_{}_shapes", metadata),
    }


def tensorrt_rtx_options(card: Card, kept: Caches, metadata: GraphMetadata) -> dict[str, str]:
    """Returns the options of TensorRT RTX, likewise; it chooses the card by its device, not by a number."""
    return {
        "nv_runtime_cache_path": str(kept.engines),
        **({"nv_max_workspace_size": card.memory_limit} if card.memory_limit_mib else {}),
        **_named("nv_profile_{}_shapes", metadata),
    }


@dataclass(frozen=True)
class Compiler:
    """A provider that compiles a graph when it is opened.

    Attributes:
        package: whose version says which engines fit.
        options: makes the provider's options.
        takes: in words, how long the first start takes.
    """

    package: str
    options: Callable[[Card, Caches, GraphMetadata], dict[str, str]]
    takes: str


COMPILERS = {
    "tensorrt": Compiler("tensorrt", tensorrt_options, "minutes"),
    "tensorrt-rtx": Compiler("onnxruntime-ep-nv-tensorrt-rtx-cu13", tensorrt_rtx_options, "some seconds"),
}


def _named(option: str, metadata: GraphMetadata) -> dict[str, str]:
    """Returns the profile as options, such as "content:1x3x68x68,codes:1x768,masks:1x1x8x8"; {} for fixed shapes."""
    shapes = [_shapes(metadata, side, styles) for side, styles in zip(SIDES, STYLES, strict=True)]
    profiles = [",".join(f"{name}:{'x'.join(map(str, shape))}" for name, shape in one.items()) for one in shapes]
    return {option.format(kind): text for kind, text in zip(KINDS, profiles, strict=True) if text}


def _shapes(metadata: GraphMetadata, side: int, styles: int) -> dict[str, tuple[int, ...]]:
    """Returns the shapes of the inputs that are dynamic, for square pictures of one size."""
    spec = metadata.spec
    painted = spec.painted_side(side)
    whole, cells = painted + 2 * spec.border, painted // spec.cell
    planes = (1, whole, whole, 3) if metadata.layout == BYTES else (1, 3, whole, whole)
    found: dict[str, tuple[int, ...]] = {}
    if spec.fixed_size is None:
        found["style" if spec.role == STYLE_ENCODER else "content"] = planes
    if spec.role == TRANSFER and spec.code_size:
        found |= {"codes": (styles, spec.code_size), "masks": (styles, 1, cells, cells)}
    return found
