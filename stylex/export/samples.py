"""Pictures that an export is calibrated and checked with: how many, how large, and as inputs of a graph."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from stylex.export import drawn
from stylex.export.graph_spec import STRENGTHS, Feed, Traceable
from stylex.export.photos import Photo, crops


@dataclass(frozen=True)
class Samples:
    """Photos and drawn pictures of a seed.

    Attributes:
        calibrating, checking: photos for each purpose, at most.
        fewest: photos for each, at the least.
        most_pixels: of all photos together; of large fixed sizes fewer are taken.
        side, drawn_side: pixels of the photos and of pictures with flat areas for a graph of any size.
        rounds: of pictures with flat areas, see `drawn.flats`; one for graphs of a fixed size that is larger.
        equalizing: every so many calibration photos one serves to equalize the channels, which needs no exact ranges.
        seed: of crops and drawings.
    """

    calibrating: int = 32
    checking: int = 24
    fewest: int = 4
    most_pixels: int = 32 * 512**2
    side: int = 256
    drawn_side: int = 128
    rounds: int = 4
    equalizing: int = 4
    seed: int = 0

    def photos(self, traceable: Traceable, folder: Path | None, *, check: bool) -> list[Feed]:
        """Returns inputs from real photos; checking sees other photos than calibration.

        Args:
            traceable: whose inputs they are.
            folder: of photos, or None for those inside scikit-image.
            check: whether they are to check with.

        Raises:
            InputError: as `stylex.export.photos.photos` does.
        """
        size = traceable.spec.fixed_size or self.side
        wanted = min(self.checking if check else self.calibrating, self.most_pixels // size**2)
        side = size + 2 * traceable.spec.border
        return _feeds(traceable, crops(folder, max(self.fewest, wanted), side, self.seed, check=check), check, count())

    def drawings(self, traceable: Traceable) -> list[Feed]:
        """Returns inputs from drawn pictures to calibrate on; none for a graph that paints nothing."""
        size = traceable.spec.fixed_size or self.side
        pictures = drawn.calibrating(size + 2 * traceable.spec.border, self.seed) if traceable.pictures else []
        return _feeds(traceable, pictures, False, count())

    def flats(self, traceable: Traceable, *, check: bool) -> list[Feed]:
        """Returns inputs from drawn pictures with flat areas; none for a graph that paints nothing.

        They are painted at strengths up to 1: beyond, more is changed than a style asks for anyway.

        Args:
            check: whether they are to check with; others serve to choose by.
        """
        size = traceable.spec.fixed_size or min(self.side, self.drawn_side)
        rounds = self.rounds if size <= self.drawn_side else 1
        side = size + 2 * traceable.spec.border
        pictures = drawn.flats(side, self.seed, rounds, check=check) if traceable.pictures else []
        numbers = (n for n in count() if STRENGTHS[n % len(STRENGTHS)] <= 1)
        return _feeds(traceable, pictures, check, numbers)


def _feeds(traceable: Traceable, pictures: list[Photo], check: bool, numbers: Iterable[int]) -> list[Feed]:
    """Returns the inputs that show pictures, in styles and at strengths by numbers."""
    return [traceable.feed(picture, number, check) for picture, number in zip(pictures, numbers, strict=False)]


SAMPLES = Samples()
"""The samples of every export that asks for no others."""
