"""Bounded work in threads: few photos at once, and no more memory than there is."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
AHEAD = 2
"""Items that are taken for each worker: the one in work and the next one."""


def completed(
    function: Callable[[T], R], items: Iterable[T], workers: int, stopping: threading.Event | None = None
) -> Iterator[R]:
    """Applies a function to items in several threads, and yields the results as they are completed.

    Each worker takes an item through all of its stages, so that one photo is decoded while another one is painted and a
    third is encoded. Items are taken as workers become free. What is raised is raised here; then, or when the
    caller stops, items that are in work are finished and no more are begun.

    Args:
        function: is called in a thread.
        items: any number, such as a generator.
        workers: threads.
        stopping: is set as soon as no more results are wanted, for a function that can end early.
    """
    running: set[Future[R]] = set()
    pool = ThreadPoolExecutor(workers)
    try:
        for item in items:
            running.add(pool.submit(function, item))
            if len(running) >= AHEAD * workers:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    finally:
        if stopping is not None:
            stopping.set()
        pool.shutdown(cancel_futures=True)


class Room:
    """Memory that several threads share.

    Args:
        size: bytes; None for no limit.
    """

    def __init__(self, size: int | None) -> None:
        self.size, self.taken = size, 0
        self.changed = threading.Condition()

    @contextlib.contextmanager
    def of(self, need: int) -> Iterator[None]:
        """Waits until there is room for so many bytes, or nobody else is inside, and keeps it."""
        with self.changed:
            self.changed.wait_for(lambda: not self.taken or self.size is None or self.taken + need <= self.size)
            self.taken += need
        try:
            yield
        finally:
            with self.changed:
                self.taken -= need
                self.changed.notify_all()
