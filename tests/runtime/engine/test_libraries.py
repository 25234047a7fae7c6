"""Libraries that a provider lacks, as the system's loader lists them."""

from __future__ import annotations

from pathlib import Path

import onnxruntime as ort
import pytest

from stylex.errors import ProviderUnavailable
from stylex.runtime.engine.libraries import CUDA_PACKAGES, advice, missing_libraries, preload
from stylex.runtime.engine.providers import provider_named, session_arguments

LISTED = """
	libc.so.6 => /lib/libc.so.6 (0x1)
	libcublasLt.so.0 => not found
	libcuda.so.1 => not found
	libm.so.6 => not found
"""


@pytest.fixture
def ldd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the loader list these; libm is already loaded here."""
    program = tmp_path / "ldd"
    program.write_text(f"#!/bin/sh\ncat <<'EOF'\n{LISTED}\nEOF\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


@pytest.mark.usefixtures("ldd")
def test_what_is_missing_is_named_and_nothing_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing_libraries("cuda") == ("libcublasLt.so.0", "libcuda.so.1")
    cuda = provider_named("cuda")
    monkeypatch.setattr(ort, "get_available_providers", lambda: [cuda.ort_name, "CPUExecutionProvider"])
    monkeypatch.setattr(ort, "InferenceSession", lambda *_, **__: pytest.fail("nothing may be opened"))
    expected = f"libcublasLt.so.0 and libcuda.so.1 are missing: install NVIDIA's driver, then {CUDA_PACKAGES}"
    with pytest.raises(ProviderUnavailable) as caught:
        session_arguments(cuda, ort.SessionOptions())
    assert str(caught.value) == f"the cuda provider can't start: {expected}"


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (("libcuda.so.1",), "libcuda.so.1 is missing: install NVIDIA's driver"),
        (("libcublas.so.13",), f"libcublas.so.13 is missing: {CUDA_PACKAGES}"),
        (("libnvinfer.so.10",), "libnvinfer.so.10 is missing: pip install 'tensorrt<11'"),
        (
            ("libcudnn.so.9", "libnvinfer.so.10", "libnvonnxparser.so.10"),
            f"libcudnn.so.9, libnvinfer.so.10 and libnvonnxparser.so.10 are missing: {CUDA_PACKAGES} && "
            "pip install 'tensorrt<11'",
        ),
    ],
)
def test_what_brings_them(missing: tuple[str, ...], expected: str) -> None:
    assert advice(missing) == expected


def test_nothing_is_missing_where_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert missing_libraries("cuda") == ()


def test_onnx_runtime_prints_nothing_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ort, "preload_dlls", lambda: print("Failed to load libcublas.so.13"), raising=False)
    preload()
    assert capsys.readouterr().out == ""
