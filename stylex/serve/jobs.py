"""Work of requests: so much at a time, equal work once, and none that nobody waits for any more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio
import anyio.abc
import anyio.to_thread

T = TypeVar("T")


@dataclass(eq=False)
class Job(Generic[T]):
    """Work that one request or several equal ones wait for.

    Attributes:
        work: is called in a thread with `stop`, which it may look at.
        stop: is set once nobody waits any more.
        scope: of the task that waits for a free thread.
        done: there is a result or an error.
        waiting: requests that wait.
    """

    work: Callable[[threading.Event], T]
    stop: threading.Event = field(default_factory=threading.Event)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    done: anyio.Event = field(default_factory=anyio.Event)
    waiting: int = 0
    result: T | None = None
    error: Exception | None = None

    def outcome(self) -> T:
        """Returns the result, or raises the error."""
        if self.error is not None:
            raise self.error
        assert self.result is not None, "it is done"
        return self.result


class Jobs(Generic[T]):
    """The jobs of a service.

    Args:
        group: of the tasks; it lives as long as the service.
        at_once: jobs that run at the same time, each in a thread.
    """

    def __init__(self, group: anyio.abc.TaskGroup, at_once: int) -> None:
        self.group = group
        self.limiter = anyio.CapacityLimiter(at_once)
        self.jobs: dict[bytes, Job[T]] = {}
        self.joined = 0

    @property
    def running(self) -> int:
        """Returns how many jobs run."""
        return int(self.limiter.borrowed_tokens)

    async def result(self, key: bytes, work: Callable[[threading.Event], T]) -> T:
        """Returns what the work returns, or what equal work in flight returns.

        A request that is cancelled leaves; where it was the last one, the job is stopped.

        Args:
            key: equal for equal work.
            work: see `Job`.
        """
        job = self.jobs.get(key)
        if job is None:
            job = self.jobs[key] = Job(work)
            self.group.start_soon(self._run, key, job)
        else:
            self.joined += 1
        job.waiting += 1
        try:
            await job.done.wait()
        finally:
            job.waiting -= 1
            if not job.waiting and not job.done.is_set():
                self._stop(key, job)
        return job.outcome()

    def _stop(self, key: bytes, job: Job[T]) -> None:
        self._forget(key, job)  # an equal request that comes now needs a job of its own
        job.stop.set()
        job.scope.cancel()

    async def _run(self, key: bytes, job: Job[T]) -> None:
        """Runs a job as soon as there is a free thread. What runs already isn't torn away, but may look at `stop`."""
        try:
            with job.scope:
                job.result = await anyio.to_thread.run_sync(job.work, job.stop, limiter=self.limiter)
        except Exception as error:
            job.error = error
        finally:
            self._forget(key, job)
            job.done.set()

    def _forget(self, key: bytes, job: Job[T]) -> None:
        if self.jobs.get(key) is job:
            del self.jobs[key]
