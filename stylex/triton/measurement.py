"""Batch size, queue delay and queue length of a served network, from how long batches of photos take."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from stylex.api.site import check_photo
from stylex.imaging.writing import encoded
from stylex.triton.photos import PhotoPainter, PhotoRequest

SIDE = 512
"""Pixels of the measured photo's sides."""
ROUNDS = 3
"""Times that each batch is painted; the fastest counts, which other work on the machine disturbs least."""
BATCHES_AHEAD = 2
"""The largest batch that is tried has so many photos for each worker."""
ENOUGH = 0.95
"""Share of the best rate that is good enough for a smaller batch."""
QUEUE_SECONDS = 10.0
"""Seconds that a photo may wait in the queue."""


@dataclass(frozen=True)
class Measurement:
    """Seconds that batches took, and what follows from them.

    Attributes:
        seconds: by the number of photos, from 1 up.
        size: pixels of the photo's sides.
        ran: technique, precision and provider, in words.
        workers: photos that were painted at the same time.
    """

    seconds: dict[int, float]
    size: int
    ran: str
    workers: int

    @property
    def batch(self) -> int:
        """Returns the smallest batch whose rate is within `ENOUGH` of the best."""
        rates = {count: count / seconds for count, seconds in self.seconds.items()}
        return next(count for count, rate in sorted(rates.items()) if rate >= ENOUGH * max(rates.values()))

    @property
    def rate(self) -> float:
        """Returns photos a second in such batches."""
        return self.batch / self.seconds[self.batch]

    @property
    def queue_delay(self) -> float:
        """Returns the seconds that a photo gains in a full batch, so that waiting for others never costs more."""
        return max(0.0, self.seconds[1] - self.seconds[self.batch] / self.batch)

    @property
    def queue_size(self) -> int:
        """Returns how many photos are painted within `QUEUE_SECONDS`; those behind them would wait in vain."""
        return max(1, int(self.rate * QUEUE_SECONDS))


def measured(photos: PhotoPainter, rounds: int = ROUNDS) -> Measurement:
    """Paints batches of one photo, from JPEG to JPEG, in turn.

    Args:
        photos: paints them.
        rounds: times that each batch is painted.

    Raises:
        StylexError: the photo can't be painted.
    """
    size = photos.painter.metadata.spec.fixed_size or SIDE
    photo = _photo(size)
    request = PhotoRequest(photo, style_picture=photo if photos.painter.takes_styles else b"")
    counts = _counts(BATCHES_AHEAD * photos.workers)
    taken: dict[int, list[float]] = {count: [] for count in counts}
    _painted(photos, [request] * photos.workers)  # the first time is slower
    for _ in range(rounds):
        for count in counts:
            taken[count].append(_painted(photos, [request] * count))
    seconds = {count: min(times) for count, times in taken.items()}
    return Measurement(seconds, size, photos.painter.title, photos.workers)


def _counts(most: int) -> list[int]:
    """Returns the powers of two up to `most`."""
    return [1 << power for power in range(most.bit_length())]


def _photo(size: int) -> bytes:
    photo = cv2.resize(check_photo(), (size, size), interpolation=cv2.INTER_LINEAR)
    return encoded(np.asarray(photo, np.uint8), None, Path("photo.jpg"))


def _painted(photos: PhotoPainter, requests: list[PhotoRequest]) -> float:
    """Paints a batch; returns its seconds."""
    begun = time.perf_counter()
    for answer in photos.paint_all(requests):
        if isinstance(answer, BaseException):
            raise answer
    return time.perf_counter() - begun
