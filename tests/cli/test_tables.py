"""Tables on the terminal."""

from __future__ import annotations

import onnxruntime as ort
import pytest

from stylex import __version__
from stylex.cli.tables import heading, print_table
from stylex.runtime.engine import hardware


def test_a_table_is_headed_by_hardware_and_versions(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hardware, "processor", lambda: "Some [bold] Chip " + "x" * 120)
    monkeypatch.setattr(hardware, "gpus", lambda: ("Some Card",))
    monkeypatch.setattr(hardware, "instruction_sets", lambda: ("avx2",))
    print_table("speed", ("precision", "ms"), [("int8", 1.25), ("fp16", None)])
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("Some [bold] Chip xxx")
    assert f"{hardware.cores()} cores" in first
    assert rest[:2] == ["Some Card", "AVX2"]
    assert f"stylex {__version__}, ONNX Runtime {ort.__version__}, Python" in rest[2]
    assert "speed" in rest[3]
    monkeypatch.setattr(hardware, "memory_gib", lambda: None)
    monkeypatch.setattr(hardware, "instruction_sets", lambda: None)
    assert "memory unknown" in heading()[0]
    assert len(heading()) == 3
