"""Opening graphs: the good ones, every bad one, and providers that don't keep their word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from stylex.artifacts.catalog import GRAPHS
from stylex.artifacts.versions import newest
from stylex.errors import (
    InputError,
    ModelError,
    ProviderUnavailable,
    ResourceError,
    StylexError,
    UsageError,
)
from stylex.runtime.engine import options as options_module
from stylex.runtime.engine.options import SessionOptions
from stylex.runtime.engine.providers import provider_named
from stylex.runtime.engine.session import Session, open_graph
from stylex.runtime.semantic.segmenters import open_segmenter

CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
RealSession = ort.InferenceSession


def refusal(kind: type[StylexError], path: Path, provider: str = "cpu") -> str:
    with pytest.raises(kind) as caught:
        open_graph(path, provider)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    return str(caught.value)


def foreign_model(size: int = 4) -> onnx.ModelProto:
    """A valid model that stylex didn't write."""
    values = helper.make_tensor("w", TensorProto.FLOAT, [size], np.arange(size, dtype=np.float32).tobytes(), raw=True)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [size]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "add", ends[:1], ends[1:], [values])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


# What opens


@pytest.mark.parametrize("name", ["adain-fp32.onnx", "adain-fp16.onnx", "adain-int8.onnx", "adain-style.onnx"])
def test_embedded_graphs_open(name: str) -> None:
    session = open_graph(GRAPHS / name, threads=1)
    assert session.provider == "cpu"
    assert session.path == GRAPHS / name
    assert session.metadata.technique == "adain"
    assert session.metadata.licence
    assert session.metadata.provenance
    assert {"torch", "onnx", "stylex"} <= set(session.metadata.versions)


def test_embedded_graphs_fit_each_other() -> None:
    opened = [open_graph(path, threads=1).metadata for path in sorted(GRAPHS.glob("adain-*.onnx"))]
    graphs = [metadata for metadata in opened if metadata.technique == "adain"]
    assert len(graphs) == 4 < len(opened)  # those of its variants have names that begin alike
    assert len({metadata.weights_sha256 for metadata in graphs}) == 1
    assert sorted(metadata.spec.role for metadata in graphs) == ["style-encoder", "transfer", "transfer", "transfer"]


def test_a_path_as_text(tiny_encoder: Callable[..., Path]) -> None:
    session = open_graph(str(tiny_encoder()), threads=2)
    (code,) = session.run(style=np.full((1, 3, 5, 7), 0.5, np.float32))
    np.testing.assert_allclose(code, [[0.5, 0.5, 0.5]])


# What doesn't


def test_no_file(tmp_path: Path) -> None:
    assert "is not a file: give an ONNX file" in refusal(InputError, tmp_path / "missing.onnx")
    assert "is not a file" in refusal(InputError, tmp_path)
    assert "is not a file" in refusal(InputError, tmp_path / ("a" * 300))


def test_no_permission(
    tiny_encoder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:  # by a fake: nothing stops root
    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tiny_encoder()
    monkeypatch.setattr(Path, "read_bytes", denied)
    assert "can't be read (Permission denied)" in refusal(InputError, path)


@pytest.mark.parametrize("data", [b"", b"hello", b"\0" * 999, b"\x08\x0a" * 50, bytes(range(200, 256))])
def test_bytes_that_are_no_graph(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(data)
    message = refusal(ModelError, path)
    assert "bad.onnx" in message
    assert "export" in message


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_a_truncated_graph(share: float, tmp_path: Path) -> None:
    data = (GRAPHS / "adain-int8.onnx").read_bytes()
    path = tmp_path / "cut.onnx"
    path.write_bytes(data[: int(len(data) * share)])
    assert "is not a usable ONNX file" in refusal(ModelError, path)


def test_a_foreign_graph(tmp_path: Path) -> None:
    onnx.save(foreign_model(), tmp_path / "foreign.onnx")
    message = refusal(ModelError, tmp_path / "foreign.onnx")
    assert "is an ONNX graph that stylex export didn't make: export from the weights" in message
    assert "damaged" not in message


@pytest.mark.parametrize(("ir", "opset"), [(99, 18), (99, 99), (10, 99), (2**31 - 1, 2**31 - 1)])
@pytest.mark.parametrize("domain", ["", "ai.onnx"])
@pytest.mark.parametrize("ours", [False, True])
def test_a_graph_of_the_future(
    ir: int, opset: int, domain: str, ours: bool, tiny_encoder: Callable[..., Path], tmp_path: Path
) -> None:
    model = onnx.load(tiny_encoder()) if ours else foreign_model()
    model.ir_version = ir
    del model.opset_import[:]
    model.opset_import.extend([helper.make_opsetid(domain, opset), helper.make_opsetid("of.somebody", 7)])
    path = tmp_path / "newer.onnx"
    path.write_bytes(model.SerializeToString())
    most_ir, most_opset = newest()
    assert 10 <= most_ir < 99 and 18 <= most_opset < 99
    expected = (
        f"newer.onnx has IR version {ir} (opset {opset}), this ONNX Runtime {ort.__version__} reads up to IR version"
    )
    assert f"{expected} {most_ir} (opset {most_opset}): pip install -U onnxruntime" in refusal(ModelError, path)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "git lfs pull"),
        (b"<!DOCTYPE html><title>Sign in</title>", "a web page that was saved instead of the file: download"),
        (b'{"error": "not found"}', "a JSON file: give an ONNX file"),
        (b"PK\x03\x04" + bytes(90), "a ZIP archive: unpack it"),
    ],
)
def test_other_files_in_place_of_a_graph(data: bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / "graph.onnx").write_bytes(data)
    assert expected in refusal(ModelError, tmp_path / "graph.onnx")
    with pytest.raises(ModelError, match=r"graph.onnx is a"):
        open_segmenter(tmp_path / "graph.onnx")


def test_metadata_that_is_no_text(tiny_encoder: Callable[..., Path]) -> None:
    path = tiny_encoder()
    data = bytearray(path.read_bytes())
    for key in (b"stylex.schema", b"stylex.role"):
        broken = bytearray(data)
        broken[data.index(key) + len(key) + 3] = 0xFF
        path.write_bytes(broken)
        assert "is not a usable ONNX file ('utf-8' codec can't decode" in refusal(ModelError, path)
        with pytest.raises(ModelError, match="is not a usable ONNX file"):
            open_segmenter(path)


def test_an_unknown_operator(tiny_encoder: Callable[..., Path]) -> None:
    path = tiny_encoder()
    model = onnx.load(path)
    model.graph.node[0].op_type = "Frobnicate"
    onnx.save(model, path)
    assert "is not a usable ONNX file" in refusal(ModelError, path)


def test_weights_in_another_file(tmp_path: Path) -> None:
    path = tmp_path / "split.onnx"
    onnx.save(foreign_model(4096), path, save_as_external_data=True, location="split.bin", size_threshold=0)
    assert (tmp_path / "split.bin").stat().st_size >= 4 * 4096
    assert "external data" in refusal(ModelError, path)
    assert "export it as one file" in refusal(ModelError, path)


def test_damaged_metadata(tiny_transfer: Callable[..., Path]) -> None:
    path = tiny_transfer()
    model = onnx.load(path)
    next(p for p in model.metadata_props if p.key == "stylex.border").value = "two"
    onnx.save(model, path)
    assert "metadata of" in refusal(ModelError, path)


# Running


def test_a_wrong_input_is_told_with_its_shape(tiny_encoder: Callable[..., Path]) -> None:
    session = open_graph(tiny_encoder())
    with pytest.raises(ModelError, match=r"adain-style\.onnx failed on cpu with an input of 1x4x8x8") as caught:
        session.run(style=np.zeros((1, 4, 8, 8), np.float32))
    assert "\n" not in str(caught.value)
    with pytest.raises(ModelError, match="failed on cpu"):
        session.run(picture=np.zeros((1, 3, 8, 8), np.float32))


@pytest.mark.parametrize("error", [RuntimeError("Failed to allocate memory for buffer"), MemoryError()])
def test_running_out_of_memory(error: Exception, tiny_encoder: Callable[..., Path]) -> None:
    class Exhausted:
        def run(self, *_: object) -> None:
            raise error

    real = open_graph(tiny_encoder())
    session = Session(real.path, "cpu", real.sha256, Exhausted(), real.metadata)
    with pytest.raises(ResourceError, match=r"not enough memory on cpu for an input of 1x3x8x8: use a smaller size"):
        session.run(style=np.zeros((1, 3, 8, 8), np.float32))


def test_ctrl_c_passes_through(tiny_encoder: Callable[..., Path]) -> None:
    class Stopped:
        def run(self, *_: object) -> None:
            raise KeyboardInterrupt

    real = open_graph(tiny_encoder())
    with pytest.raises(KeyboardInterrupt):
        Session(real.path, "cpu", real.sha256, Stopped(), real.metadata).run(style=np.zeros(1))


# Providers


def pretend(monkeypatch: pytest.MonkeyPatch, opened: Callable[..., Any]) -> list[list[str]]:
    """Let ONNX Runtime be built with CUDA, and open sessions as `opened` does; collects what was asked for."""
    asked: list[list[str]] = []

    def session(data: bytes, options: Any, **arguments: Any) -> Any:
        asked.append(arguments["providers"])
        return opened(data, options, **arguments)

    monkeypatch.setattr(ort, "get_available_providers", lambda: [CUDA, CPU])
    monkeypatch.setattr(ort, "InferenceSession", session)
    return asked


class Granted:
    """A session that runs on these providers, whatever was asked for."""

    def __init__(self, graph: Path, *providers: str) -> None:
        self.real, self.providers = RealSession(str(graph), providers=[CPU]), list(providers)

    def get_providers(self) -> list[str]:
        return self.providers

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def test_an_unknown_provider(tiny_encoder: Callable[..., Path]) -> None:
    assert "choose one of auto, cpu" in refusal(UsageError, tiny_encoder(), "gpu")


def test_a_provider_that_is_not_installed_is_never_replaced(
    tiny_encoder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ort, "get_available_providers", lambda: [CPU])
    monkeypatch.setattr(ort, "InferenceSession", lambda *_, **__: pytest.fail("nothing may be opened"))
    assert "pip install onnxruntime-gpu" in refusal(ProviderUnavailable, tiny_encoder(), "cuda")


def test_a_provider_that_is_granted(tiny_encoder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = tiny_encoder()
    asked = pretend(monkeypatch, lambda *_, **__: Granted(path, CUDA, CPU))
    assert open_graph(path, "cuda").provider == "cuda"
    assert asked == [[CUDA, CPU]]


def test_a_session_that_fell_back_is_refused(
    tiny_encoder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tiny_encoder()
    pretend(monkeypatch, lambda *_, **__: Granted(path, CPU))
    message = refusal(ProviderUnavailable, path, "cuda")
    assert "did not start (its device is missing): check the card and its driver with nvidia-smi" in message


def test_a_provider_that_fails_to_open(tiny_encoder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(data: bytes, options: Any, **arguments: Any) -> Any:
        assert not arguments["enable_fallback"]
        if arguments["providers"][0] == CUDA:
            raise RuntimeError("CUDA failure 35: driver too old\nfile: x.cc")
        return RealSession(data, options, **arguments)

    asked = pretend(monkeypatch, opened)
    message = refusal(ProviderUnavailable, tiny_encoder(), "cuda")
    assert "did not start (CUDA failure 35: driver too old): check the card" in message
    assert asked == [[CUDA, CPU], [CPU]]  # the CPU shows that the file isn't the one at fault


def test_a_bad_file_is_not_blamed_on_the_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"hello")
    asked = pretend(monkeypatch, RealSession)
    assert "is not a usable ONNX file" in refusal(ModelError, tmp_path / "bad.onnx", "cuda")
    assert asked == []


def test_an_unsound_graph_is_not_blamed_on_the_provider(
    tiny_encoder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tiny_encoder()
    model = onnx.load(path)
    model.graph.node[0].op_type = "Frobnicate"
    onnx.save(model, path)
    asked = pretend(monkeypatch, RealSession)
    assert "is not a usable ONNX file" in refusal(ModelError, path, "cuda")
    assert asked == [[CUDA, CPU], [CPU]]


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_a_provider_is_opened_for_the_precision_of_the_graph(
    precision: str, tiny_transfer: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STYLEX_CACHE", str(tmp_path / "cache"))
    path, options = tiny_transfer(precision=precision), []

    def opened(data: bytes, _options: Any, **arguments: Any) -> Any:
        options.append(arguments.get("provider_options", [{}])[0])
        return Granted(path, arguments["providers"][0])

    pretend(monkeypatch, opened)
    tensorrt = provider_named("tensorrt")
    monkeypatch.setattr(ort, "get_available_providers", lambda: [tensorrt.ort_name, CPU])
    assert open_graph(path, "tensorrt").provider == "tensorrt"
    assert options[0].items() > tensorrt.options(precision).items()


def test_a_run_that_fails_is_not_tried_again_elsewhere(tiny_encoder: Callable[..., Path]) -> None:
    session = open_graph(tiny_encoder())
    assert session._session._enable_fallback is False


def test_shapes_are_asked_for_once(tiny_encoder: Callable[..., Path]) -> None:
    session = open_graph(tiny_encoder())
    assert session.shapes == {"style": [1, 3, "h", "w"]}
    assert session.shapes is session.shapes


def test_threads_are_a_number_and_hardly_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options_module, "cores", lambda: 3)
    for asked, given in ((0, 3), (1, 1), (7, 7)):
        options = SessionOptions(asked, spinning=asked != 7)
        session_options = options.for_session()
        assert (options.thread_count, session_options.intra_op_num_threads) == (given, given)
        assert session_options.get_session_config_entry("session.intra_op.spin_duration_us") == "50"
        assert session_options.get_session_config_entry("session.intra_op.allow_spinning") == (
            "0" if asked == 7 else "1"
        )


@pytest.mark.parametrize("threads", [-1, 1025, 10**20, 1.5, float("nan"), float("inf"), "2", None])
def test_numbers_of_threads_that_make_no_sense(threads: Any) -> None:
    with pytest.raises(UsageError, match=r"threads is .*; it must be a whole number from 0 \(all cores\) to 1024"):
        SessionOptions(threads)


def test_sessions_are_keys_and_say_what_they_are() -> None:
    first, second = (open_graph(GRAPHS / "adain-int8.onnx", threads=1) for _ in range(2))
    assert len({first, second}) == 2 and first != second
    assert repr(first) == "<Session adain-int8.onnx on cpu>"
