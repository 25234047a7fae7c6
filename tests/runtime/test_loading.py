"""From a technique to opened graphs: nothing is opened that isn't run."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from click.testing import CliRunner

import stylex
from stylex.cli import main
from stylex.errors import InputError, ModelError, ProviderUnavailable, UsageError
from stylex.imaging.writing import write_picture
from stylex.runtime import loading
from stylex.runtime.engine import hardware, providers
from stylex.runtime.engine.providers import provider_named
from stylex.runtime.engine.session import open_graph
from stylex.runtime.loading import _graph_for, best_precision, load
from stylex.techniques import technique_named

ROW = technique_named("adain")

GraphMaker = Callable[..., Path]
RealSession = ort.InferenceSession
CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The providers of every session of ONNX Runtime that is opened from here on."""
    asked: list[list[str]] = []

    def session(data: bytes, options: Any, **arguments: Any) -> Any:
        asked.append(arguments["providers"])
        return RealSession(data, options, **arguments)

    monkeypatch.setattr(ort, "InferenceSession", session)
    return asked


def test_run_opens_two_sessions_for_two_graphs(
    opened: list[list[str]], tmp_path: Path, photo: np.ndarray, painting: np.ndarray
) -> None:
    write_picture(tmp_path / "photo.png", photo)
    write_picture(tmp_path / "style.png", painting)
    call = ["run", "adain", str(tmp_path / "photo.png"), "--style", str(tmp_path / "style.png"), "--provider", "cpu"]
    result = CliRunner().invoke(main, [*call, "--threads", "1", "-o", str(tmp_path / "out.png")])
    assert result.exit_code == 0, result.output
    assert opened == [[CPU]] * 2


def test_off_the_cpu_a_file_is_opened_once(
    opened: list[list[str]], tiny_transfer: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for precision in ("int8", "fp16", "fp32"):
        folder = tiny_transfer(f"adain-{precision}.onnx", precision=precision).parent
    cuda = providers.provider_named("cuda")
    monkeypatch.setattr(ort, "get_available_providers", lambda: [CUDA, CPU])
    counted = ort.InferenceSession

    class Granted:
        def __init__(self, data: bytes, options: Any, **arguments: Any) -> None:
            self.real = counted(data, options, providers=[CPU])
            self.wanted = arguments["providers"]

        def get_providers(self) -> list[str]:
            return list(self.wanted)

    monkeypatch.setattr(ort, "InferenceSession", Granted)
    assert stylex.load("adain", provider="cuda", graphs=folder).provider == cuda.name
    assert len(opened) == 1


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_auto_is_the_fastest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ort, "get_available_providers", lambda: [CPU])
    monkeypatch.setattr(hardware, "int8_is_exact", lambda: True)
    assert load(threads=1).precision == "int8"
    monkeypatch.setattr(hardware, "int8_is_exact", lambda: False)
    assert load(threads=1).precision == "fp32"
    assert load(precision="int8", threads=1).precision == "int8"  # asked for is asked for
    assert best_precision(provider_named("cuda")) == "fp32"  # nothing faster was measured there


def test_auto_takes_what_the_folder_has(tiny_transfer: GraphMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "int8_is_exact", lambda: True)
    folder = tiny_transfer("adain-fp16.onnx", precision="fp16").parent
    assert load(graphs=folder, provider="cpu").precision == "fp16"
    tiny_transfer("adain-fp32.onnx", precision="fp32")
    assert load(graphs=folder, provider="cpu").precision == "fp32"
    tiny_transfer("adain-int8.onnx", precision="int8")
    assert load(graphs=str(folder), provider="cpu").precision == "int8"


def test_auto_prefers_what_was_made_for_the_provider(
    tiny_transfer: GraphMaker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hardware, "int8_is_exact", lambda: True)
    folder = tiny_transfer("adain-int8.onnx", precision="int8", target="tensorrt").parent
    tiny_transfer("adain-fp16.onnx", precision="fp16", target="cpu-arm")
    with caplog.at_level(logging.WARNING, "stylex"):
        assert load(graphs=folder, provider="cpu").precision == "fp16"
        assert _graph_for(ROW, "", "auto", provider_named("tensorrt"), folder).name == "adain-int8.onnx"
        tiny_transfer("adain-fp32.onnx", precision="fp32", target="tensorrt")
        assert load(graphs=folder, provider="cpu").precision == "fp32"
        assert _graph_for(ROW, "", "auto", provider_named("cuda"), folder).name == "adain-fp32.onnx"
    assert caplog.text == ""


def test_one_warning_where_nothing_was_made_for_the_provider(
    tiny_transfer: GraphMaker, tiny_encoder: GraphMaker, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tiny_transfer("adain-int8.onnx", precision="int8", target="tensorrt").parent
    tiny_transfer("adain-fp16.onnx", precision="fp16", target="tensorrt")
    tiny_encoder(precision="fp16", target="tensorrt")  # FP16 in its weights alone: no matter
    with caplog.at_level(logging.WARNING, "stylex"):
        painter = load(graphs=folder, provider="cpu")
        painter.encode(noise(40, 40))
    expected = f"adain-{painter.precision}.onnx was exported for tensorrt; "
    expected += "for cpu export it with the target cpu-x86 or cpu-arm"
    assert [record.getMessage() for record in caplog.records] == [expected]


def test_a_graph_for_processors_on_a_graphics_card(
    tiny_transfer: GraphMaker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tiny_transfer("adain-int8.onnx", precision="int8").parent
    session = open_graph(folder / "adain-int8.onnx")
    monkeypatch.setattr(loading, "open_graph", lambda *_, **__: dataclasses.replace(session, provider="tensorrt"))
    monkeypatch.setattr(loading, "candidates", lambda name: (provider_named(name),))
    with caplog.at_level(logging.WARNING, "stylex"):
        load(precision="int8", graphs=folder, provider="tensorrt")
    expected = "adain-int8.onnx was exported for cpu-x86; for tensorrt export it with the target tensorrt"
    assert [record.getMessage() for record in caplog.records] == [expected]


def test_the_precision_is_the_graphs_own_word(tiny_transfer: GraphMaker) -> None:
    folder = tiny_transfer("adain-fp32.onnx", precision="int8").parent
    assert load(precision="fp32", graphs=folder, provider="cpu").precision == "int8"


@pytest.mark.parametrize(("precision", "flag"), [("fp32", ""), ("fp16", " --fp16"), ("int8", " --int8")])
def test_a_missing_graph_comes_with_the_line_that_makes_it(precision: str, flag: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(precision=precision, graphs=tmp_path, provider="cpu")
    assert f"has no adain-{precision}.onnx: make it with `stylex export adain{flag} -o {tmp_path}`" in str(caught.value)


def test_what_is_asked_for_is_checked() -> None:
    with pytest.raises(UsageError, match="there is no technique 'picasso'"):
        load("picasso")
    with pytest.raises(UsageError, match="semantic' has no graphs that could be loaded"):
        load("semantic")
    with pytest.raises(UsageError, match="precision is 'int4'; choose auto, fp32, fp16, int8"):
        load(precision="int4")
    with pytest.raises(UsageError, match="no provider 'gpu'"):
        load(provider="gpu")
    with pytest.raises(UsageError, match="threads is -1"):
        load(threads=-1)


@pytest.mark.parametrize("name", ["cuda", "tensorrt", "openvino"])
def test_a_provider_asked_for_is_never_replaced(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ort, "get_available_providers", lambda: [CPU])
    with pytest.raises(ProviderUnavailable, match="pip install"):
        load(provider=name)


def test_auto_warns_of_a_provider_that_does_not_start(
    tiny_transfer: GraphMaker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, folder = ort.InferenceSession, tiny_transfer().parent

    def session(data: bytes, options: Any, **arguments: Any) -> Any:
        if arguments["providers"][0] == CUDA:
            raise RuntimeError("CUDA failure 35: driver too old")
        return real(data, options, **arguments)

    monkeypatch.setattr(ort, "get_available_providers", lambda: [CUDA, CPU])
    monkeypatch.setattr(ort, "InferenceSession", session)
    with caplog.at_level(logging.WARNING, "stylex"):
        assert load(graphs=folder).provider == "cpu"
    assert "driver too old): check the card and its driver with nvidia-smi; trying" in caplog.text
    with pytest.raises(ProviderUnavailable, match="driver too old"):
        load(provider="cuda", graphs=folder)


def test_a_style_encoder_where_a_transfer_graph_is_needed(tiny_encoder: GraphMaker) -> None:
    folder = tiny_encoder("adain-fp32.onnx").parent
    with pytest.raises(ModelError, match="is a style-encoder graph, a transfer graph is needed here"):
        load(precision="fp32", graphs=folder, provider="cpu")
