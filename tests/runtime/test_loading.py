"""From a technique to opened graphs: nothing is opened that isn't run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from click.testing import CliRunner

import stylex
from stylex.cli import main
from stylex.imaging.images import write_picture
from stylex.runtime.engine import providers

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
