"""Execution providers: which there are, which to ask for, and what was really granted.

ONNX Runtime falls back to the CPU without an error when a provider's libraries don't load. Here that raises.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stylex.errors import ProviderUnavailable, UsageError
from stylex.installation import is_installed, onnxruntime
from stylex.runtime.engine.libraries import advice, missing_libraries, preload

ONNX_RUNTIME_GPU = "pip uninstall -y onnxruntime onnxruntime-gpu && pip install onnxruntime-gpu"
"""The command that brings CUDA. Both are removed first: they share a folder, and pip installs none that it takes for
installed."""


@dataclass(frozen=True)
class Provider:
    """One execution provider.

    Attributes:
        name: as it is given on the command line.
        ort_name: as ONNX Runtime calls it.
        install: the line that brings it.
        companions: providers asked for beside it, for nodes that it doesn't take.
        enables: pairs of a graph's precision and an option that is switched on for it, so that the provider computes in
            no lower precision than the graph was made for.
        targets: what a graph is exported for, to run well on it; FP32 graphs run well everywhere.
        best: the precision that is fastest on it; unmeasured on cuda and tensorrt, which get FP32.
        plugin: module of a provider that is registered with ONNX Runtime instead of being built into it.
        one_device: the plug-in takes a single device, and chooses the card itself.
        systems, wants, expect: for the table: where it is to be had, the precision and the layout that suit it, and
            what it brings.
        verified: this project ran it and compared its pictures with the CPU's.
    """

    name: str
    ort_name: str
    install: str
    companions: tuple[str, ...] = ("CPUExecutionProvider",)
    enables: tuple[tuple[str, str], ...] = ()
    targets: tuple[str, ...] = ("cpu-x86", "cpu-arm")
    best: str = "int8"
    plugin: str = ""
    one_device: bool = False
    systems: str = ""
    wants: str = ""
    expect: str = ""
    verified: bool = False

    def fits(self, precision: str, target: str) -> bool:
        """Returns whether a graph of this precision, exported for this target, was made for the provider."""
        return precision == "fp32" or target in self.targets

    def options(self, precision: str) -> dict[str, str]:
        """Returns the options to open it with for a graph of this precision."""
        return {option: "True" for known, option in self.enables if known == precision}


CUDA = "CUDAExecutionProvider"
GPU_TARGETS = ("tensorrt",)
PROVIDERS = (
    Provider(
        "cpu",
        "CPUExecutionProvider",
        "pip install onnxruntime",
        (),
        systems="Linux, macOS, Windows",
        wants="INT8; uint8 (N, H, W, C) pictures on x86",
        expect="the times of this README; starts everywhere",
        verified=True,
    ),
    Provider(
        "cuda",
        CUDA,
        ONNX_RUNTIME_GPU,
        targets=GPU_TARGETS,
        best="fp32",
        systems="Linux and Windows with an NVIDIA card",
        wants="FP16 or FP32, NCHW; INT8 convolutions run on the CPU",
        expect="a slow first start, while CUDA's libraries load",
    ),
    Provider(
        "tensorrt",
        "TensorrtExecutionProvider",
        f"{ONNX_RUNTIME_GPU} 'tensorrt<11'",
        (CUDA, "CPUExecutionProvider"),
        (("fp16", "trt_fp16_enable"), ("int8", "trt_fp16_enable"), ("int8", "trt_int8_enable")),
        targets=GPU_TARGETS,
        best="fp32",
        systems="Linux and Windows with an NVIDIA card, Jetson",
        wants="FP16 or INT8 of --target tensorrt, NCHW",
        expect="minutes at the first start, to build an engine that is kept",
    ),
    Provider(
        "tensorrt-rtx",
        "NvTensorRTRTXExecutionProvider",
        "pip install onnxruntime-ep-nv-tensorrt-rtx-cu13",
        targets=GPU_TARGETS,
        best="fp32",
        plugin="onnxruntime_ep_nv_tensorrt_rtx",
        systems="Linux and Windows with an RTX card, 30xx or newer",
        wants="FP16 or INT8 of --target tensorrt, NCHW",
        expect="brings TensorRT along; seconds to compile at the first start",
    ),
    Provider(
        "openvino",
        "OpenVINOExecutionProvider",
        "pip install onnxruntime-ep-openvino",
        plugin="onnxruntime_ep_openvino",
        systems="Linux and Windows with an Intel processor or card",
        wants="INT8 of --target cpu-x86, or FP16",
        expect="faster INT8 than the CPU provider on Intel",
    ),
    Provider(
        "webgpu",
        "WebGpuExecutionProvider",
        "pip install onnxruntime-ep-webgpu",
        targets=GPU_TARGETS,
        best="fp32",
        plugin="onnxruntime_ep_webgpu",
        one_device=True,
        systems="Linux (with libvulkan.so.1), macOS, Windows; any graphics card",
        wants="FP16 or FP32, NCHW; no INT8",
        expect="shaders compiled at the first picture",
    ),
    Provider(
        "coreml",
        "CoreMLExecutionProvider",
        "pip install onnxruntime",
        best="fp32",
        systems="macOS, in the usual package",
        wants="FP16 or FP32, NCHW, fixed sizes",
        expect="parts with dynamic sizes stay on the CPU",
    ),
    Provider(
        "directml",
        "DmlExecutionProvider",
        "pip uninstall -y onnxruntime onnxruntime-directml && pip install onnxruntime-directml",
        targets=GPU_TARGETS,
        best="fp32",
        systems="Windows with any DirectX 12 card",
        wants="FP16 or FP32, NCHW",
        expect="no new features from its makers; webgpu is its successor",
    ),
    Provider(
        "qnn",
        "QNNExecutionProvider",
        "pip install onnxruntime-qnn",
        targets=GPU_TARGETS,
        best="fp32",
        plugin="onnxruntime_qnn",
        systems="Windows and Linux with a Qualcomm NPU",
        wants="INT8 with symmetric weights, fixed sizes",
        expect="nodes that the NPU doesn't take stay on the CPU",
    ),
    Provider(
        "xnnpack",
        "XnnpackExecutionProvider",
        "build ONNX Runtime with --use_xnnpack: no package on PyPI has it",
        best="fp32",
        systems="ARM and x86, in builds of one's own",
        wants="FP32, NHWC",
        expect="faster FP32 convolutions on ARM",
    ),
)
NAMES = tuple(p.name for p in PROVIDERS)
PREFERENCE = ("cuda", "cpu")
"""Providers that `auto` tries, in this order: CUDA, unmeasured, where installed, then the CPU, which always starts."""


def provider_named(name: str) -> Provider:
    """Returns the provider of that name.

    Raises:
        UsageError: there is none.
    """
    for provider in PROVIDERS:
        if provider.name == name:
            return provider
    raise UsageError(f"there is no provider {name!r}: choose one of auto, {', '.join(NAMES)}")


def table() -> str:
    """Returns the rows of all providers as a table of Markdown, as the README has it."""
    head = ("provider", "install", "systems", "wants", "expect", "verified")
    rows = [
        (f"`{p.name}`", f"`{p.install}`", p.systems, p.wants, p.expect, "yes" if p.verified else "unverified")
        for p in PROVIDERS
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows))


def is_present(provider: Provider) -> bool:
    """Returns whether the installed ONNX Runtime has it, built in or as a plug-in; whether it starts shows later."""
    if provider.ort_name in onnxruntime().get_available_providers():
        return True
    return bool(provider.plugin) and importlib.util.find_spec(provider.plugin) is not None


def available(name: str) -> Provider:
    """Returns the provider of that name, where the installed ONNX Runtime has it.

    Raises:
        UsageError: unknown name.
        ProviderUnavailable: not part of the installed ONNX Runtime.
    """
    provider = provider_named(name)
    if provider.install.startswith(ONNX_RUNTIME_GPU) and not is_installed("onnxruntime"):
        raise ProviderUnavailable(f"the {name} provider needs ONNX Runtime, which isn't installed: {provider.install}")
    if not is_present(provider):
        have = onnxruntime().__version__
        raise ProviderUnavailable(f"the {name} provider isn't part of ONNX Runtime {have} here: {provider.install}")
    return provider


def candidates(name: str) -> tuple[Provider, ...]:
    """Providers to try, in this order, for a name or "auto". Raises as `available` does."""
    if name == "auto":
        return tuple(p for p in map(provider_named, PREFERENCE) if is_present(p))
    return (available(name),)


def session_arguments(
    provider: Provider,
    options: Any,
    precision: str = "fp32",
    more: Mapping[str, str] | None = None,
    companions: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """Returns keyword arguments for `onnxruntime.InferenceSession`; a plug-in's devices go into the options instead.

    Args:
        precision: of the graph that is opened.
        more: options of the provider beside those that the precision needs.
        companions: options of providers that are asked for beside it, by ONNX Runtime's names.

    Raises:
        ProviderUnavailable: libraries that it needs are missing, or the plug-in supports no device of this machine.
    """
    if provider.name in ("cuda", "tensorrt"):
        preload()
        if missing := missing_libraries(provider.name):
            raise ProviderUnavailable(f"the {provider.name} provider can't start: {advice(missing)}")
    settings = {**provider.options(precision), **(more or {})}
    if provider.ort_name in onnxruntime().get_available_providers():
        return {
            "providers": [provider.ort_name, *provider.companions],
            "provider_options": [settings, *(dict((companions or {}).get(one, {})) for one in provider.companions)],
        }
    options.add_provider_for_devices(_plugin_devices(provider), settings)
    return {}


@functools.cache
def _register(provider: Provider) -> None:
    library = importlib.import_module(provider.plugin).get_library_path()
    onnxruntime().register_execution_provider_library(provider.ort_name, library)


def _plugin_devices(provider: Provider) -> list[Any]:
    """Returns the devices that a plug-in offers; registers it first."""
    _register(provider)
    devices = [d for d in onnxruntime().get_ep_devices() if d.ep_name == provider.ort_name]
    if not devices:
        raise ProviderUnavailable(
            f"the {provider.name} provider supports no device of this machine: use another", provider="cpu"
        )
    return devices[:1] if provider.one_device else devices
