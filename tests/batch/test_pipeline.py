"""Bounded work in threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from stylex.batch.pipeline import AHEAD, Room, completed


def test_all_results_come_once() -> None:
    assert sorted(completed(lambda n: n * n, range(50), 3)) == [n * n for n in range(50)]
    assert list(completed(lambda n: n, [], 2)) == []


def test_no_more_items_are_taken_than_workers_need() -> None:
    taken, finished, most = 0, 0, 0

    def items() -> Iterator[int]:
        nonlocal taken, most
        while taken < 100:
            taken += 1
            most = max(most, taken - finished)
            yield taken

    def work(item: int) -> int:
        nonlocal finished
        time.sleep(0.001 * (item % 3))
        with lock:
            finished += 1
        return item

    lock = threading.Lock()
    assert sorted(completed(work, items(), 2)) == list(range(1, 101))
    assert 2 <= most <= AHEAD * 2


def test_what_is_raised_ends_the_work() -> None:
    done: list[int] = []

    def work(item: int) -> int:
        if item == 3:
            raise ValueError("third")
        done.append(item)
        return item

    with pytest.raises(ValueError, match="third"):
        list(completed(work, range(1000), 2))
    assert len(done) < 20


def test_what_is_in_work_is_finished_when_the_caller_stops() -> None:
    stopping, finished = threading.Event(), []

    def work(item: int) -> int:
        time.sleep(0.01)
        finished.append(item)
        return item

    results = completed(work, range(1000), 2, stopping)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert stopping.is_set()
    count = len(finished)
    assert 1 <= count <= 2 * AHEAD + 1
    time.sleep(0.03)
    assert len(finished) == count, "nothing goes on behind"


def test_room_is_shared() -> None:
    room, most = Room(100), 0

    def inside(need: int) -> None:
        nonlocal most
        with room.of(need):
            most = max(most, room.taken)
            time.sleep(0.002)

    list(completed(inside, [60, 40, 40, 30, 100, 10] * 4, 6))
    assert 60 <= most <= 100
    assert room.taken == 0


def test_what_is_larger_than_the_room_goes_alone() -> None:
    room = Room(10)
    with room.of(1000):
        assert room.taken == 1000
    with Room(None).of(10**15):
        pass
