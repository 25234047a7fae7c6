"""Counts the processor cores that this process may use: by its affinity, and by the quota of its container."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

PROC = Path("/proc/self")
MOST_THREADS = 1024
"""Largest number of threads that can be asked for; more than there are cores gain nothing."""


def cores() -> int:
    """Returns how many cores this process may use, at least 1.

    Those of its affinity, and not more than the quota of its control groups allows (`cpu.max`, or `cpu.cfs_quota_us` of
    version 1), rounded down: with one thread more than the quota, all of them wait for the next period.
    """
    return max(1, min([_affine(), *map(int, _quotas())]))


def _affine() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def _quotas() -> Iterator[float]:
    """Yields the cores that each control group of this process is given, from its own one up; none where unlimited."""
    for folder, root in _groups():
        for group in (folder, *folder.parents):
            if (quota := _quota(group)) is not None:
                yield quota
            if group == root:
                break


def _groups() -> Iterator[tuple[Path, Path]]:
    """Yields folders of this process's control groups that limit the processor, with where they are mounted."""
    own = {}
    for line in _lines(PROC / "cgroup"):  # such as 4:cpu,cpuacct:/docker/1f, and 0::/ for version 2
        number, controllers, path = (*line.split(":", 2), "", "")[:3]
        if number == "0" or "cpu" in controllers.split(","):
            own["cgroup2" if number == "0" else "cgroup"] = path
    for line in _lines(PROC / "mountinfo"):
        before, _, behind = line.partition(" - ")
        kind, _, options = (*behind.split(), "", "", "")[:3]
        if kind in own and (kind == "cgroup2" or "cpu" in options.split(",")):
            mounted, at = (re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), text) for text in before.split()[3:5])
            group = PurePosixPath(own[kind])
            inside = group.relative_to(mounted) if group.is_relative_to(mounted) else PurePosixPath()
            yield Path(at) / inside, Path(at)


def _quota(group: Path) -> float | None:
    """Returns the cores that a control group is given; None where it is unlimited or doesn't tell."""
    try:
        if (group / "cpu.max").exists():
            most, period = (group / "cpu.max").read_text().split()
        else:
            most, period = ((group / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return int(most) / int(period) if int(most) > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
