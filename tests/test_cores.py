"""How many cores a process may use, from files as Linux writes them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from stylex import cores as module
from stylex.cores import cores

MOUNTS = {
    1: "33 25 0:28 {root} {at} rw,nosuid - cgroup cgroup rw,cpu,cpuacct",
    2: "30 25 0:26 {root} {at} rw,nosuid shared:4 - cgroup2 cgroup2 rw",
}


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_affine", lambda: 8)


def pretend(
    monkeypatch: pytest.MonkeyPatch, folder: Path, version: int, path: str = "/", root: str = "/", name: str = "cgroup"
) -> Path:
    """Let this process be in a control group; returns the folder where the groups are mounted."""
    at = folder / name
    at.mkdir()
    line = f"0::{path}\n" if version == 2 else f"12:memory:/elsewhere\n4:cpu,cpuacct:{path}\n"
    (folder / "cgroup-of-self").mkdir()
    (folder / "cgroup-of-self" / "cgroup").write_text(line)
    mounted = MOUNTS[version].format(root=root, at=str(at).replace(" ", "\\040"))
    (folder / "cgroup-of-self" / "mountinfo").write_text(f"22 1 0:21 / /proc rw - proc proc rw\n{mounted}\n")
    monkeypatch.setattr(module, "PROC", folder / "cgroup-of-self")
    return at


def limit(group: Path, version: int, quota: object, period: int = 100_000) -> None:
    group.mkdir(parents=True, exist_ok=True)
    if version == 2:
        (group / "cpu.max").write_text(f"{quota} {period}\n")
        return
    (group / "cpu.cfs_quota_us").write_text(f"{-1 if quota == 'max' else quota}\n")
    (group / "cpu.cfs_period_us").write_text(f"{period}\n")


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("quota", "expected"),
    [(100_000, 1), (150_000, 1), (200_000, 2), (50_000, 1), (1_000, 1), (700_000, 7), (9_900_000, 8), ("max", 8)],
)
def test_a_quota(version: int, quota: object, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(pretend(monkeypatch, tmp_path, version), version, quota)
    assert cores() == expected


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("version", [1, 2])
def test_the_tightest_group_above_counts(version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = pretend(monkeypatch, tmp_path, version, "/pod/box", name="with space")
    limit(at / "pod" / "box", version, 600_000)
    limit(at / "pod", version, 300_000)
    limit(at, version, "max")
    assert cores() == 3


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("version", [1, 2])
def test_a_container_sees_its_own_group_at_the_root(
    version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As version 1 in Docker: the path is the host's, and what is mounted is that group."""
    limit(pretend(monkeypatch, tmp_path, version, "/docker/1f", "/docker/1f"), version, 200_000)
    assert cores() == 2


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("text", ["", "0::/\n", "nonsense", "max", "1 2 3", "100000 0"])
def test_files_that_say_nothing(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = pretend(monkeypatch, tmp_path, 2)
    (at / "cpu.max").write_text(text)
    assert cores() == 8
    (tmp_path / "cgroup-of-self" / "cgroup").write_text(text)
    assert cores() == 8
    monkeypatch.setattr(module, "PROC", tmp_path / "nowhere")
    assert cores() == 8


PAINTS = """
import os
os.sched_setaffinity(0, {core})
import cv2, numpy as np, stylex
painter = stylex.load("adain"); painter(np.zeros((64, 64, 3), np.uint8), "irises")
painter.encode(np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3))
for task in os.listdir("/proc/self/task"):
    lines = open(f"/proc/self/task/{{task}}/status").read().splitlines()
    print([line.split()[1] for line in lines if line.startswith("Cpus_allowed_list")][0])
print(painter.options.thread_count, cv2.getNumThreads())
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity")
def test_no_thread_leaves_the_cores_of_the_process() -> None:
    core = min(os.sched_getaffinity(0))
    done = subprocess.run(
        [sys.executable, "-c", PAINTS.format(core={core})], capture_output=True, text=True, check=True
    )
    *lists, counts = done.stdout.splitlines()
    assert (set(lists), counts, done.stderr) == ({str(core)}, "1 1", "")


def test_opencv_has_no_more_threads_than_cores() -> None:
    assert cv2.getNumThreads() <= cores()


@pytest.fixture
def limited() -> Iterator[Path]:
    """A control group of the kernel's own with a quota of 1.5 cores, below that of this process."""
    if os.cpu_count() == 1:
        pytest.skip("one core can't be limited to one and a half")
    for above, _ in module._groups():
        group = above / f"stylex-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            if (group / "cpu.max").exists():
                (group / "cpu.max").write_text("150000 100000")
            else:
                (group / "cpu.cfs_quota_us").write_text("150000")
            yield group
            return
        except OSError:
            continue
        finally:
            group.rmdir()
    pytest.skip("no control group can be made here: that needs root and a cgroup file system that is writable")


def test_a_quota_of_the_kernels_own(limited: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from stylex.cores import cores; before = cores(); "
        "Path(sys.argv[1], 'cgroup.procs').write_text(str(os.getpid())); print(before, cores())"
    )
    call = [sys.executable, "-c", program, str(limited)]
    done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=60)
    if "PermissionError" in done.stderr or "Operation not supported" in done.stderr:
        pytest.skip("no process can be moved into a control group here")
    before, within = map(int, done.stdout.split())
    assert within == 1 <= before
