"""Pictures that an export is calibrated and checked with: how many, how large, and as inputs of a graph."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stylex.export import drawn
from stylex.export.graph_spec import Feed, Traceable
from stylex.export.photos import Photo, crops


@dataclass(frozen=True)
class Samples:
    """Photos and drawn pictures of a seed.

    Attributes:
        calibrating, checking: photos for each purpose, at most.
        fewest: photos for each, at the least.
        most_pixels: of all photos together; of large fixed sizes fewer are taken.
        side: pixels of the pictures for a graph of any size.
        equalizing: every so many calibration photos one serves to equalize the channels, which needs no exact ranges.
        seed: of crops and drawings.
    """

    calibrating: int = 32
    checking: int = 24
    fewest: int = 4
    most_pixels: int = 32 * 512**2
    side: int = 256
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
        return _feeds(traceable, crops(folder, max(self.fewest, wanted), side, self.seed, check=check), check)

    def drawings(self, traceable: Traceable, *, check: bool) -> list[Feed]:
        """Returns inputs from drawn pictures; none for a graph that paints nothing."""
        if not traceable.pictures:
            return []
        side = (traceable.spec.fixed_size or self.side) + 2 * traceable.spec.border
        pictures = drawn.checking(side, self.seed) if check else drawn.calibrating(side, self.seed)
        return _feeds(traceable, pictures, check)


def _feeds(traceable: Traceable, pictures: list[Photo], check: bool) -> list[Feed]:
    return [traceable.feed(picture, i, check) for i, picture in enumerate(pictures)]


SAMPLES = Samples()
"""The samples of every export that asks for no others."""
