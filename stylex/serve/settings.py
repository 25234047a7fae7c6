"""The limits and the backend of a service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stylex.cores import cores
from stylex.errors import UsageError
from stylex.imaging.picture import MAX_PIXELS
from stylex.techniques import DEFAULT, TECHNIQUES, technique_named

SERVED = tuple(
    sorted(
        (t.name for t in TECHNIQUES if t.verb == "run" and t.kind in ("statistics", "feed-forward")),
        key=lambda name: name != DEFAULT,
    )
)
"""Techniques that paint within a request, the default first. An optimization takes minutes, and regions are options."""
MIB = 1 << 20


@dataclass(frozen=True)
class Settings:
    """Settings of a service.

    Attributes:
        techniques: the ones that are served; the first is what a request gets that names none.
        precision, provider, graphs: as for `stylex.load`.
        workers: photos that are painted at the same time; 0 for as many as there are cores.
        threads: of each of them; 0 shares the cores among the workers.
        queue: requests that may wait beside those that are painted; any more are refused.
        time_limit: seconds that a request may take, from its first byte to its answer.
        max_bytes: of a request's body.
        max_pixels: of a picture in a request.
        longest: pixels of a painted picture's longer side, at the most.
    """

    techniques: tuple[str, ...] = SERVED
    precision: str = "auto"
    provider: str = "auto"
    graphs: Path | None = None
    workers: int = 0
    threads: int = 0
    queue: int = 16
    time_limit: float = 30.0
    max_bytes: int = 32 * MIB
    max_pixels: int = MAX_PIXELS
    longest: int = 2048

    def __post_init__(self) -> None:
        _require_served(self.techniques)
        for name, least in (("workers", 0), ("threads", 0), ("queue", 0), ("max_bytes", 1), ("longest", 16)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be {least} or more", **{name: None})
        if not self.time_limit > 0:
            raise UsageError(f"time_limit is {self.time_limit}; it must be above 0 seconds", time_limit=None)

    @property
    def at_once(self) -> int:
        """Returns how many photos are painted at the same time."""
        return self.workers or cores()

    @property
    def threads_each(self) -> int:
        """Returns how many threads each of them has."""
        return self.threads or max(1, cores() // self.at_once)

    @property
    def admitted(self) -> int:
        """Returns how many requests are worked on or wait, at the most."""
        return self.at_once + self.queue


def _require_served(techniques: Sequence[str]) -> None:
    if not techniques:
        raise UsageError("a service needs a technique: name one at least", technique=None)
    for name in techniques:
        if technique_named(name).name not in SERVED:
            raise UsageError(f"{name} can't be served; choose {', '.join(SERVED)}", technique=None)
