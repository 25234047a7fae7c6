"""What the machine says of itself."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stylex.runtime.engine import hardware


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Answers are cached; every test asks anew, and leaves nothing behind."""
    caches = (hardware._cpuinfo, hardware.processor, hardware.instruction_sets, hardware.gpus)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


def pretend(monkeypatch: pytest.MonkeyPatch, cpuinfo: str, machine: str = "x86_64", system: str = "Linux") -> None:
    monkeypatch.setattr(hardware, "_cpuinfo", lambda: cpuinfo)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(platform, "system", lambda: system)


def test_describe_is_plain_data() -> None:
    described = json.loads(json.dumps(hardware.describe()))
    assert set(described) == {"processor", "cores", "memory_gib", "instruction_sets", "gpus", "system", "python"}
    assert described["processor"]
    assert 1 <= described["cores"] <= (os.cpu_count() or 1)
    assert described["python"] == platform.python_version()


def test_memory() -> None:
    total, peak = hardware.memory_gib(), hardware.peak_memory_mib()
    assert total is None or total > 0.1
    assert peak is None or 10 < peak < (total or 1e9) * 1024


def test_x86_with_vnni(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        pretend(
            patched, "processor : 0\nmodel : 143\nmodel name\t: Some Xeon\nflags\t\t: fpu avx2 avx512f avx512_vnni\n"
        )
        assert hardware.processor() == "Some Xeon"
        assert hardware.instruction_sets() == ("avx512_vnni", "avx2", "avx512f")
        assert hardware.int8_is_exact()


def test_x86_without_vnni(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        pretend(patched, "model name : Old\nflags : fpu avx2\n")
        assert not hardware.int8_is_exact()


def test_a_board_with_arm_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        pretend(patched, "Features : fp asimd asimddp\nModel : Some Board 5\n", machine="aarch64")
        assert hardware.processor() == "Some Board 5"
        assert hardware.instruction_sets() == ("asimddp",)
        assert hardware.int8_is_exact()


def test_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        pretend(patched, "", machine="arm64", system="Darwin")
        patched.setattr(hardware, "_sysctl", lambda name: "1" if "DotProd" in name else "Some Chip")
        assert hardware.processor() == "Some Chip"
        assert hardware.instruction_sets() == ("asimddp",)


def test_a_system_that_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        pretend(patched, "", machine="AMD64", system="Windows")
        patched.setattr(platform, "processor", lambda: "")
        assert hardware.processor() == "AMD64"
        assert hardware.instruction_sets() is None
        assert hardware.int8_is_exact()
        assert hardware.describe()["instruction_sets"] == []


def test_a_missing_sysctl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert hardware._sysctl("hw.anything") == ""


def nvidia_smi(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this shell script be the only nvidia-smi, on something that is no Jetson."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(hardware, "DEVICE_TREE_MODEL", folder / "model")


def test_graphics_cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nvidia_smi(tmp_path, "echo 'Some Card 80GB'; echo; echo 'Other Card'", monkeypatch)
    assert hardware.gpus() == ("Some Card 80GB", "Other Card")


@pytest.mark.parametrize("script", ["echo 'NVIDIA-SMI has failed'; exit 9", "", "kill -9 $$"])
def test_a_failing_nvidia_smi(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nvidia_smi(tmp_path, script, monkeypatch)
    assert hardware.gpus() == ()


def test_no_nvidia_smi_or_one_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hanging(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("nvidia-smi", 10)

    nvidia_smi(tmp_path, "", monkeypatch)
    (tmp_path / "nvidia-smi").chmod(0o644)
    assert hardware.gpus() == ()
    hardware.gpus.cache_clear()
    monkeypatch.setattr(subprocess, "run", hanging)
    assert hardware.gpus() == ()


def test_boards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nvidia_smi(tmp_path, "echo 'Orin (nvgpu)'", monkeypatch)
    (tmp_path / "model").write_bytes(b"NVIDIA Jetson Orin Nano Developer Kit\0")
    assert hardware.gpus() == ("NVIDIA Jetson Orin Nano Developer Kit",)
    hardware.gpus.cache_clear()
    (tmp_path / "model").write_bytes(b"Raspberry Pi 5 Model B\0")
    assert hardware.gpus() == ("Orin (nvgpu)",)
