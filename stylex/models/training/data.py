"""Pictures for training: a folder held in memory as uint8, and seeded random crops of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from stylex.errors import InputError
from stylex.imaging.arrays import shrunk
from stylex.imaging.content import usable_picture
from stylex.imaging.folders import FEWEST_PICTURES, picture_files

MOST_PICTURES = 8192
"""Pictures of a folder that are held in memory at most (some 230 KB each); of more, a seeded sample is taken."""
NAMED = 5
"""Files that can't be used that are named with their reasons; the others are counted."""

Picture = npt.NDArray[np.uint8]


@dataclass
class PictureFolder:
    """Decoded pictures of one folder.

    Attributes:
        path: the folder.
        pictures: RGB (H, W, 3) uint8.
        weights: how often each is drawn, in sum 1.
        skipped: names of files that could not be used, with the reason.
        digest: SHA-256 of the list of used names and sizes.
        held_out: files that are left for evaluation.
        smallest: pixels of the smallest crop, as a share of the size that it is brought to.
    """

    path: Path
    pictures: list[Picture]
    weights: npt.NDArray[np.float64]
    skipped: list[str] = field(default_factory=list)
    digest: str = ""
    held_out: int = field(default=0, kw_only=True)
    smallest: float = field(default=0.6, kw_only=True)

    def sample(self, count: int, size: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
        """Returns random crops, flipped half the time.

        A crop's side lies between `smallest` times `size`, which is then enlarged, and the whole picture, so that both
        smooth and dense textures are seen.

        Returns:
            (count, size, size, 3) uint8.
        """
        chosen = rng.choice(len(self.pictures), count, p=self.weights)
        return np.stack([crop(self.pictures[i], size, rng, self.smallest) for i in chosen])

    def description(self) -> dict[str, Any]:
        """Returns what the training card says of the folder."""
        counts = {"folder": self.path.name, "pictures": len(self.pictures), "skipped": len(self.skipped)}
        return {**counts, "file_list_sha256": self.digest}

    def lines(self) -> list[str]:
        """Returns what is used of the folder, then the first files that aren't with their reasons, one a line."""
        held = f", {self.held_out} held out for evaluation" if self.held_out else ""
        first = f"{self.path}: {len(self.pictures)} pictures, {len(self.skipped)} skipped{held}"
        more = [f"skipped {len(self.skipped) - NAMED} more"] if len(self.skipped) > NAMED else []
        return [first, *(f"skipped {line}" for line in self.skipped[:NAMED]), *more]


def crop(picture: Picture, size: int, rng: np.random.Generator, smallest: float = 0.6) -> Picture:
    """Returns one random crop (size, size, 3), flipped half the time, see `PictureFolder.sample`."""
    height, width = picture.shape[:2]
    longest = min(height, width)
    side = int(rng.integers(min(int(smallest * size), longest), longest + 1))
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    cut = picture[top : top + side, left : left + side]
    method = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    cut = np.asarray(cv2.resize(cut, (size, size), interpolation=method), np.uint8)
    return cut[:, ::-1] if rng.random() < 0.5 else cut


def is_held_out(name: str, share: float) -> bool:
    """Returns whether a file is kept for evaluation: decided by a hash of its name, so that the split never moves."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") < share * 2**32


def load_folder(
    path: Path,
    short_side: int,
    *,
    favour: str | None = None,
    favour_weight: float = 5.0,
    hold_out: float = 0.0,
    seed: int = 0,
) -> PictureFolder:
    """Reads every picture below `path`, reduced to a short side of at most `short_side` pixels.

    Args:
        hold_out: share of the files that is left for evaluation; none is where the others would be too few.
        favour: file names that begin with this are drawn `favour_weight` times as often (single works among many
            studies).

    Raises:
        InputError: no such folder, or fewer than 8 usable pictures in it.
    """
    files = picture_files(path)
    held = [f for f in files if is_held_out(f.name, hold_out)]
    found, skipped = _read(_sampled([f for f in files if f not in set(held)], seed), short_side)
    if len(found) < FEWEST_PICTURES:
        more, unusable = _read(held, short_side)
        if len(found) + len(more) >= FEWEST_PICTURES:  # too small a folder to hold anything out
            found, skipped, held = {**found, **more}, [*skipped, *unusable], []
    if len(found) < FEWEST_PICTURES:
        out = f", {len(held)} held out for evaluation" if held else ""
        raise InputError(
            f"{path} has {len(found)} usable pictures ({len(skipped)} skipped{out}); training needs at least "
            f"{FEWEST_PICTURES}: add some, or choose another folder{_first(skipped)}"
        )
    used, digest = sorted(found), hashlib.sha256()
    for file in used:
        digest.update(f"{file.relative_to(path).as_posix()} {file.stat().st_size}\n".encode())
    weights = np.array([favour_weight if favour and file.name.startswith(favour) else 1.0 for file in used])
    pictures = [found[file] for file in used]
    return PictureFolder(path, pictures, weights / weights.sum(), skipped, digest.hexdigest(), held_out=len(held))


def _sampled(files: list[Path], seed: int) -> list[Path]:
    """Returns all of the files, or a seeded sample of `MOST_PICTURES`, in order."""
    if len(files) <= MOST_PICTURES:
        return files
    keep = np.random.default_rng(seed).choice(len(files), MOST_PICTURES, replace=False)
    return [files[i] for i in sorted(keep)]


def _read(files: Sequence[Path], short_side: int) -> tuple[dict[Path, Picture], list[str]]:
    """Returns the usable pictures by file, reduced, and a line for each file that isn't usable."""
    found, skipped = {}, []
    for file in files:
        try:
            found[file] = reduced(usable_picture(file, short_side), short_side)
        except InputError as error:
            skipped.append(str(error))
    return found, skipped


def _first(skipped: Sequence[str]) -> str:
    """Returns the end of a message that names the first files that can't be used."""
    more = f" and {len(skipped) - NAMED} more" if len(skipped) > NAMED else ""
    return f" (skipped: {'; '.join(skipped[:NAMED])}{more})" if skipped else ""


def reduced(picture: Picture, short_side: int) -> Picture:
    """Returns a picture whose shorter side has at most `short_side` pixels, and the longer one at most twice that."""
    return np.ascontiguousarray(shrunk(picture, short_side)[: 2 * short_side, : 2 * short_side])
