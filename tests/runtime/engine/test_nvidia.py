"""Options for cards that no test has: their names are those that are documented, their shapes those of the graphs."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from stylex.artifacts.catalog import GRAPHS
from stylex.artifacts.graph_file import read_metadata
from stylex.artifacts.metadata import GraphMetadata
from stylex.errors import ResourceError
from stylex.runtime.engine.nvidia import (
    COMPILERS,
    Caches,
    Card,
    caches,
    cuda_options,
    tensorrt_options,
    tensorrt_rtx_options,
)
from stylex.runtime.engine.providers import provider_named
from stylex.runtime.engine.session import open_graph

CUDA = {
    *("device_id", "gpu_mem_limit", "arena_extend_strategy", "cudnn_conv_algo_search", "do_copy_in_default_stream"),
    *("cudnn_conv_use_max_workspace", "cudnn_conv1d_pad_to_nc1d", "enable_cuda_graph", "prefer_nhwc", "use_tf32"),
}
TENSORRT = {
    *("device_id", "trt_max_workspace_size", "trt_engine_cache_enable", "trt_engine_cache_path"),
    *("trt_timing_cache_enable", "trt_timing_cache_path", "trt_fp16_enable", "trt_int8_enable"),
    *("trt_profile_min_shapes", "trt_profile_opt_shapes", "trt_profile_max_shapes"),
}
TENSORRT_RTX = {
    *("nv_max_workspace_size", "nv_runtime_cache_path"),
    *("nv_profile_min_shapes", "nv_profile_opt_shapes", "nv_profile_max_shapes"),
}
"""Options as ONNX Runtime's pages and, for RTX, the header in its package name them."""
KEPT = Caches(Path("engines"), Path("timings"))
FILES = ("adain-fp16", "adain-style", "fast-the-scream-fp16", "multiscale-int8", "upscaler-fp16", "segmenter-fp16")


def of(name: str) -> GraphMetadata:
    """Returns the metadata of an embedded graph."""
    return read_metadata(GRAPHS / f"{name}.onnx")


def profile(metadata: GraphMetadata, kind: str) -> dict[str, list[int]]:
    """Returns the shapes by input that TensorRT is told."""
    shapes = tensorrt_options(Card(), KEPT, metadata).get(f"trt_profile_{kind}_shapes", "")
    pairs = (one.split(":") for one in shapes.split(",") if one)
    return {name: [int(side) for side in shape.split("x")] for name, shape in pairs}


def test_options_are_called_as_they_are_documented() -> None:
    card, metadata = Card(1, 512), of("adain-fp16")
    assert cuda_options(card).keys() <= CUDA and cuda_options(card)["gpu_mem_limit"] == str(512 * 2**20)
    assert cuda_options(Card())["cudnn_conv_algo_search"] == "HEURISTIC" and "gpu_mem_limit" not in cuda_options(Card())
    own = {option for _, option in provider_named("tensorrt").enables}
    assert {*tensorrt_options(card, KEPT, metadata), *own} == TENSORRT
    assert {*tensorrt_rtx_options(card, KEPT, metadata)} == TENSORRT_RTX
    assert not [key for key in tensorrt_options(Card(), KEPT, metadata) if "workspace" in key]


@pytest.mark.parametrize("name", FILES)
def test_profiles_name_every_dynamic_input_and_shapes_that_run(name: str) -> None:
    session = ort.InferenceSession(GRAPHS / f"{name}.onnx", providers=["CPUExecutionProvider"])
    least, usual, most = (profile(of(name), kind) for kind in ("min", "opt", "max"))
    dynamic = {i.name for i in session.get_inputs() if not all(isinstance(side, int) for side in i.shape)}
    assert least.keys() == usual.keys() == most.keys() == dynamic
    for key in dynamic:
        assert all(a <= b <= c for a, b, c in zip(least[key], usual[key], most[key], strict=True))
    types = {"tensor(float)": np.float32, "tensor(uint8)": np.uint8}
    shapes = {i.name: least.get(i.name, i.shape) for i in session.get_inputs()}
    session.run(None, {i.name: np.ones(shapes[i.name], types[i.type]) for i in session.get_inputs()})


def test_a_graph_of_one_size_is_prepared_for_its_styles_alone() -> None:
    metadata = of("adain-fp16")
    fixed = dataclasses.replace(metadata, spec=dataclasses.replace(metadata.spec, fixed_size=256))
    assert profile(fixed, "max") == {"codes": [4, 768], "masks": [4, 1, 32, 32]}
    fast = of("fast-the-scream-fp16")
    whole = dataclasses.replace(fast, spec=dataclasses.replace(fast.spec, fixed_size=256))
    assert profile(whole, "min") == {} and "trt_profile_min_shapes" not in tensorrt_options(Card(), KEPT, whole)


def test_engines_fit_one_graph_and_the_versions_they_were_built_with(tmp_path: Path) -> None:
    versions = {"onnxruntime": "1.31.1", "tensorrt": "10.3"}
    first = caches(tmp_path, "tensorrt", "a" * 64, versions)
    assert first == caches(tmp_path, "tensorrt", "a" * 64, dict(reversed(versions.items())))
    other = caches(tmp_path, "tensorrt", "b" * 64, versions)
    assert first.engines != other.engines and first.timings == other.timings
    newer = caches(tmp_path, "tensorrt", "a" * 64, {**versions, "tensorrt": None})
    assert newer.engines.parent != first.engines.parent and newer.timings != first.timings
    assert first.is_empty()
    first.engines.mkdir(parents=True)
    assert first.is_empty()
    (first.engines / "adain_sm87.engine").touch()
    assert not first.is_empty()


def pretend(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Lets ONNX Runtime have TensorRT without its libraries; collects what a session is opened with."""
    asked: list[dict[str, Any]] = []
    real, tensorrt = ort.InferenceSession, provider_named("tensorrt")

    class Granted:
        def __init__(self, data: bytes, options: Any, **arguments: Any) -> None:
            asked.append(arguments)
            self.real = real(data, options, providers=["CPUExecutionProvider"])

        def get_providers(self) -> list[str]:
            return [tensorrt.ort_name]

        def __getattr__(self, name: str) -> Any:
            return getattr(self.real, name)

    monkeypatch.setattr(ort, "InferenceSession", Granted)
    monkeypatch.setattr(ort, "get_available_providers", lambda: [tensorrt.ort_name])
    monkeypatch.setattr(ort, "preload_dlls", lambda: None, raising=False)
    return asked


def test_the_first_start_says_that_it_is_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("STYLEX_CACHE", str(tmp_path))
    asked = pretend(monkeypatch)
    with caplog.at_level(logging.WARNING, "stylex"):
        open_graph(GRAPHS / "fast-the-scream-fp16.onnx", "tensorrt")
        own, beside, _ = asked[0]["provider_options"]
        engines = Path(own["trt_engine_cache_path"])
        assert caplog.messages == [
            f"tensorrt compiles fast-the-scream-fp16.onnx, which takes {COMPILERS['tensorrt'].takes}; "
            f"it is kept in {engines}"
        ]
        assert tmp_path in engines.parents and engines.is_dir() and Path(own["trt_timing_cache_path"]).is_dir()
        assert beside == cuda_options(Card())
        (engines / "some.engine").touch()
        open_graph(GRAPHS / "fast-the-scream-fp16.onnx", "tensorrt")
    assert len(caplog.messages) == 1


def test_a_cache_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("STYLEX_CACHE", str(tmp_path / "file"))
    pretend(monkeypatch)
    with pytest.raises(ResourceError, match=r"can't be made \(Not a directory\): name another in STYLEX_CACHE"):
        open_graph(GRAPHS / "fast-the-scream-fp16.onnx", "tensorrt")
