"""Facts of the machine: processor, instruction sets, memory."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
from pathlib import Path

from stylex.cores import cores

INT8_FLAGS = {
    "avx512_vnni": "AVX-512 VNNI",
    "avx_vnni": "AVX VNNI",
    "amx_int8": "AMX INT8",
    "avx512_bf16": "AVX-512 BF16",
    "asimddp": "NEON dot product",
    "i8mm": "NEON INT8 matrix multiply",
    "avx2": "AVX2",
    "avx512f": "AVX-512",
}
DEVICE_TREE_MODEL = Path("/proc/device-tree/model")
VNNI = frozenset({"avx512_vnni", "avx_vnni", "amx_int8"})


@functools.cache
def _cpuinfo() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def command_output(*command: str) -> str:
    """Returns the output of a system command; empty where there is no such command, or it fails or hangs."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""


def _sysctl(name: str) -> str:
    return command_output("sysctl", "-n", name)


def _board() -> str:
    """Returns the model of a single-board computer; empty elsewhere."""
    try:
        return DEVICE_TREE_MODEL.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
    except OSError:
        return ""


@functools.cache
def gpus() -> tuple[str, ...]:
    """Names of NVIDIA's graphics cards, as their driver tells them; on a Jetson, the board's model."""
    board = _board()
    if "Jetson" in board:
        return (board,)
    names = command_output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
    return tuple(name.strip() for name in names.splitlines() if name.strip())


@functools.cache
def processor() -> str:
    """Returns the processor's name, as the system tells it."""
    for line in _cpuinfo().splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model"):
            return value.strip()
    if platform.system() == "Darwin":
        return _sysctl("machdep.cpu.brand_string") or platform.processor()
    return platform.processor() or platform.machine()


@functools.cache
def instruction_sets() -> tuple[str, ...] | None:
    """Returns those of `INT8_FLAGS` that the processor has; None where the system doesn't tell."""
    for line in _cpuinfo().splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            have = set(value.split())
            return tuple(flag for flag in INT8_FLAGS if flag in have)
    if platform.system() == "Darwin" and _sysctl("hw.optional.arm.FEAT_DotProd") == "1":
        return ("asimddp",)
    return None


def int8_is_exact() -> bool:
    """Returns whether 8-bit products are summed without saturation.

    x86 processors without VNNI add pairs of U8 x S8 products in 16 bits, which overflows with full-range weights.
    Unknown processors count as able.
    """
    have = instruction_sets()
    x86 = platform.machine().lower() in ("x86_64", "amd64", "i686")
    return have is None or not x86 or bool(VNNI & set(have))


def int8_is_fast() -> bool:
    """Returns whether 8-bit convolutions pay: ARM needs the dot product for it, which a Raspberry Pi 4 hasn't."""
    have = instruction_sets()
    arm = platform.machine().lower() in ("aarch64", "arm64", "armv7l", "armv8l")
    return have is None or not arm or "asimddp" in have


def memory_gib() -> float | None:
    """Returns the physical memory in GiB, None where the system doesn't tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (ValueError, OSError, AttributeError):
        return None


def peak_memory_mib() -> float | None:
    """Returns the largest resident memory of this process so far, in MiB; None where the system doesn't tell."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    try:
        import resource
    except ImportError:
        return None
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return usage / (2**20 if platform.system() == "Darwin" else 1024)


def describe() -> dict[str, object]:
    """Returns the machine, for the head of a benchmark."""
    memory = memory_gib()
    return {
        "processor": processor(),
        "cores": cores(),
        "memory_gib": round(memory, 1) if memory else None,
        "instruction_sets": list(instruction_sets() or ()),
        "gpus": list(gpus()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
