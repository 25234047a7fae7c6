"""Shared libraries of NVIDIA's that execution providers need: loads them, and names those that are missing."""

from __future__ import annotations

import contextlib
import ctypes
import io
import re
from collections.abc import Iterator
from pathlib import Path

from stylex.installation import onnxruntime
from stylex.runtime.engine.hardware import command_output

DRIVER = "libcuda.so.1"
"""Comes with the driver of the card, not with CUDA."""
TENSORRT = re.compile(r"libnv(infer|onnxparser)")
CUDA_PACKAGES = "pip install 'onnxruntime-gpu[cuda,cudnn]'"
"""Brings CUDA's and cuDNN's libraries, where pip finds ONNX Runtime for CUDA installed, and nothing else."""


def preload() -> None:
    """Loads the CUDA libraries of pip's nvidia packages, where they are installed."""
    ort = onnxruntime()
    if hasattr(ort, "preload_dlls"):
        with contextlib.redirect_stdout(io.StringIO()):  # it prints what it doesn't find
            ort.preload_dlls()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silences what ONNX Runtime logs outside of sessions, where a provider doesn't start; what it raises says enough.

    Its severity can be set, but not asked for: behind the block it is ONNX Runtime's own, warnings.
    """
    ort = onnxruntime()
    ort.set_default_logger_severity(4)
    try:
        yield
    finally:
        ort.set_default_logger_severity(2)


def missing_libraries(provider: str) -> tuple[str, ...]:
    """Returns the libraries that a provider needs and the loader doesn't find; none where the system doesn't tell."""
    folder = Path(onnxruntime().__file__).parent / "capi"
    listed = command_output("ldd", str(folder / f"libonnxruntime_providers_{provider}.so"))
    return tuple(name for name in re.findall(r"(\S+) => not found", listed) if not _loads(name))


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def advice(missing: tuple[str, ...]) -> str:
    """Returns which libraries are missing, and what brings them."""
    steps = []
    if any(name != DRIVER and not TENSORRT.match(name) for name in missing):
        steps.append(CUDA_PACKAGES)
    if any(TENSORRT.match(name) for name in missing):
        steps.append("pip install 'tensorrt<11'")
    *others, last = missing
    message = f"{', '.join(others)} and {last} are missing" if others else f"{last} is missing"
    line = " && ".join(steps)
    driver = "install NVIDIA's driver" if DRIVER in missing else ""
    return f"{message}: {', then '.join(filter(None, (driver, line)))}"
