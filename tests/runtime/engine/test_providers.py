"""Execution providers by name."""

from __future__ import annotations

import importlib.machinery
import sys
import types
from pathlib import Path

import onnxruntime as ort
import pytest

from stylex.artifacts.metadata import TARGETS
from stylex.errors import ProviderUnavailable, UsageError
from stylex.runtime.engine import providers
from stylex.runtime.engine.providers import NAMES, PREFERENCE, PROVIDERS, available, candidates, provider_named, table


def offer(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let ONNX Runtime be built with these providers."""
    monkeypatch.setattr(ort, "get_available_providers", lambda: [provider_named(name).ort_name for name in names])


def test_the_table_is_sound() -> None:
    assert NAMES[:5] == ("cpu", "cuda", "tensorrt", "tensorrt-rtx", "openvino")
    assert {"webgpu", "coreml", "directml", "qnn", "xnnpack"} == set(NAMES[5:])
    assert len({p.ort_name for p in PROVIDERS}) == len(PROVIDERS)
    assert set(PREFERENCE) <= set(NAMES)
    assert PREFERENCE[-1] == "cpu"
    for provider in PROVIDERS:
        assert ("pip install " in provider.install) == (provider.name != "xnnpack")
        assert all((provider.systems, provider.wants, provider.expect))
        assert "stylex[" not in provider.install  # the extras would put two ONNX Runtimes into one folder
        assert set(provider.targets) <= set(TARGETS)
        assert provider.best in ("fp32", "fp16", "int8")
        assert (provider.companions[-1:] or (provider.ort_name,)) == ("CPUExecutionProvider",)


def test_the_readme_has_the_table() -> None:
    readme = Path(__file__).parents[3] / "README.md"
    assert table() in readme.read_text(encoding="utf-8"), "put in what `stylex doctor --markdown` prints"


def test_unknown_names_list_the_known_ones() -> None:
    for ask in (provider_named, available, candidates):
        with pytest.raises(
            UsageError, match=r"no provider 'gpu': choose one of auto, cpu, cuda, tensorrt, tensorrt-rtx"
        ):
            ask("gpu")


@pytest.mark.parametrize("name", ["cuda", "tensorrt", "tensorrt-rtx", "openvino", "webgpu", "directml", "qnn"])
def test_a_missing_provider_comes_with_its_install_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, "cpu")
    for ask in (available, candidates):
        with pytest.raises(ProviderUnavailable, match=rf"the {name} provider isn't part .*pip install "):
            ask(name)


def test_auto_takes_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, "cpu")
    assert [p.name for p in candidates("auto")] == ["cpu"]
    offer(monkeypatch, "cpu", "cuda", "tensorrt")
    assert [p.name for p in candidates("auto")] == ["cuda", "cpu"]
    assert [p.name for p in candidates("tensorrt")] == ["tensorrt"]


def test_session_arguments_pair_providers_with_options(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, *NAMES)
    monkeypatch.setattr(ort, "preload_dlls", lambda: None, raising=False)
    for provider in PROVIDERS:
        arguments = providers.session_arguments(provider, ort.SessionOptions())
        assert arguments["providers"][0] == provider.ort_name
        assert len(arguments["providers"]) == len(arguments["provider_options"])
        assert not any(arguments["provider_options"])  # FP32


@pytest.mark.parametrize(
    ("precision", "switched_on"),
    [("fp32", set()), ("fp16", {"trt_fp16_enable"}), ("int8", {"trt_fp16_enable", "trt_int8_enable"})],
)
def test_tensorrt_computes_as_the_graph_was_made_for(
    precision: str, switched_on: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, *NAMES)
    monkeypatch.setattr(ort, "preload_dlls", lambda: None, raising=False)
    arguments = providers.session_arguments(provider_named("tensorrt"), ort.SessionOptions(), precision)
    assert arguments["provider_options"] == [dict.fromkeys(switched_on, "True"), {}, {}]


@pytest.mark.parametrize("name", ["cuda", "tensorrt"])
def test_without_any_onnx_runtime_a_card_is_given_its_own(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "is_installed", lambda module: module != "onnxruntime")
    with pytest.raises(ProviderUnavailable, match=r"isn't installed: pip uninstall .* pip install onnxruntime-gpu"):
        providers.available(name)
    assert providers.available("cpu").name == "cpu"


def test_what_fits_a_provider() -> None:
    for provider in PROVIDERS:
        gpu = provider.name not in ("cpu", "openvino", "coreml", "xnnpack")
        for target in TARGETS:
            assert provider.fits("fp32", target)
            for precision in ("fp16", "int8"):
                assert provider.fits(precision, target) == (gpu == (target == "tensorrt"))


def test_a_plug_in_is_registered_once_and_its_devices_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = types.ModuleType("stylex_test_plugin")
    plugin.get_library_path = lambda: "plugin.so"  # type: ignore[attr-defined]
    plugin.__spec__ = importlib.machinery.ModuleSpec("stylex_test_plugin", None)
    monkeypatch.setitem(sys.modules, "stylex_test_plugin", plugin)
    registered: list[tuple[str, str]] = []
    devices = [types.SimpleNamespace(ep_name="PluginProvider"), types.SimpleNamespace(ep_name="CPUExecutionProvider")]
    monkeypatch.setattr(ort, "register_execution_provider_library", lambda *a: registered.append(a))
    monkeypatch.setattr(ort, "get_ep_devices", lambda: devices)
    taken: list[object] = []
    options = types.SimpleNamespace(add_provider_for_devices=lambda found, _: taken.extend(found))
    provider = providers.Provider("plug", "PluginProvider", "pip install plug", plugin="stylex_test_plugin")
    assert providers.is_present(provider)
    for _ in range(2):
        assert providers.session_arguments(provider, options) == {}
    assert registered == [("PluginProvider", "plugin.so")]
    assert taken == [devices[0]] * 2
    del devices[0]
    with pytest.raises(ProviderUnavailable, match="plug provider supports no device of this machine"):
        providers.session_arguments(provider, options)
