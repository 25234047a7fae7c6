"""Where shots begin, and which frames the content statistics are measured on."""

from __future__ import annotations

from enum import Enum

import cv2
import numpy as np
import numpy.typing as npt

THUMBNAIL = (64, 36)
"""Width and height of what two frames are compared by."""
LEAST = 6.0
"""Levels of 255 that a cut changes the thumbnail by, at least."""
TIMES = 4.0
"""A cut changes the thumbnail at least so many times as much as the frames before did."""
ALIKE = 0.6
"""A cut leaves a correlation of the two thumbnails below this."""
MOVED_ALIKE = 0.85
"""A cut right behind another one leaves a lower correlation, where the middle of the frame before fits best.

The usual change isn't known there. Pans of any speed leave 0.99, pictures that have nothing in common at most 0.79.
"""
CUT_SHARE = 0.4
"""Share of the picture that such a cut changes, at least; something that passes changes less."""
MEMORY = 0.8
"""Share that the frames before keep in what counts as a usual change."""
SHIFT = 6.0
"""Levels of 255 that a channel's mean moves by since the last keyframe where the frame has become another.

That is a fade, another light, or the camera somewhere else; most of the picture takes part in it.
"""
CONTRAST = 1.1
"""Factor that a channel's standard deviation changes by since the last keyframe where the frame has become another."""
SUDDEN_SHIFT = 16.0
"""`SHIFT` from one frame to the next: a flash, a light that is switched, the first frames of a fade from black.

Nothing is gained by changing the statistics slowly where the picture itself jumps.
"""
SUDDEN_CONTRAST = 1.25
"""`CONTRAST` from one frame to the next."""
MOST = 0.6
"""Share of the picture that is most of it."""
LITTLE = 4.0
"""Levels of 255 that a difference has, at least, to count."""
PART = 0.05
"""Share of the value that a difference has beside `LITTLE`, at least, to count."""
NOISE = 2.0
"""Levels added to deviations, so that those of black frames compare."""


class Keyframe(Enum):
    """The role of a frame for the content statistics."""

    NONE = "use what there is"
    DUE = "measure again, it is time"
    CHANGED = "measure again, the picture has become another"
    SUDDEN = "measure again and use it at once, the picture has become another from one frame to the next"
    CUT = "a new shot"


class KeyframeFinder:
    """Finds the role of one frame after the other.

    Args:
        every: frames from one keyframe of a shot to the next; 0 for as long as the picture stays alike.
    """

    def __init__(self, every: int) -> None:
        self.every = every
        self.reset()

    def reset(self) -> None:
        """Lets the next frame begin a shot."""
        self._last: npt.NDArray[np.float32] | None = None
        self._key = np.zeros((THUMBNAIL[1], THUMBNAIL[0], 3), np.float32)
        self._usual: float | None = None  # not known before a shot's second frame
        self._since = 0

    def __call__(self, frame: npt.NDArray[np.uint8]) -> Keyframe:
        """Returns the role of the next frame, RGB uint8 (H, W, 3)."""
        thumbnail = cv2.resize(frame, THUMBNAIL, interpolation=cv2.INTER_AREA).astype(np.float32)
        found = self._found(thumbnail)
        self._last = thumbnail
        self._since += 1
        if found is not Keyframe.NONE:
            self._key, self._since = thumbnail, 0
        return found

    def _found(self, thumbnail: npt.NDArray[np.float32]) -> Keyframe:
        if self._last is None:
            return Keyframe.CUT
        change = float(np.abs(thumbnail - self._last).mean())
        if self._is_cut(thumbnail, self._last, change):
            self._usual = None
            return Keyframe.CUT
        self._usual = change if self._usual is None else MEMORY * self._usual + (1 - MEMORY) * change
        if has_become_another(thumbnail, self._last, SUDDEN_SHIFT, SUDDEN_CONTRAST):
            return Keyframe.SUDDEN
        if has_become_another(thumbnail, self._key):
            return Keyframe.CHANGED
        return Keyframe.DUE if self.every and self._since + 1 >= self.every else Keyframe.NONE

    def _is_cut(self, thumbnail: npt.NDArray[np.float32], last: npt.NDArray[np.float32], change: float) -> bool:
        if change <= max(LEAST, TIMES * (self._usual or 0.0)) or correlation(thumbnail, last) >= ALIKE:
            return False
        if self._usual is not None:
            return True
        return changed_share(thumbnail, last) > CUT_SHARE and moved_correlation(last, thumbnail) < MOVED_ALIKE


def has_become_another(
    thumbnail: npt.NDArray[np.float32],
    key: npt.NDArray[np.float32],
    least_shift: float = SHIFT,
    least_contrast: float = CONTRAST,
) -> bool:
    """Returns whether a frame of the same shot needs other statistics than the keyframe; thumbnails (h, w, 3)."""
    shift = np.abs(thumbnail.mean((0, 1)) - key.mean((0, 1))).max()
    ratio = np.log((thumbnail.std((0, 1)) + NOISE) / (key.std((0, 1)) + NOISE))
    if shift <= least_shift and np.abs(ratio).max() <= np.log(least_contrast):
        return False
    return changed_share(thumbnail, key) > MOST


def changed_share(thumbnail: npt.NDArray[np.float32], key: npt.NDArray[np.float32]) -> float:
    """Returns which share of a thumbnail's pixels differs from another's, 0 to 1."""
    return float((np.abs(thumbnail - key) > LITTLE + PART * key).any(2).mean())


def correlation(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Returns the correlation of two thumbnails' grey values, -1 to 1; 1 where both are flat, 0 where one is."""
    a, b = (picture.mean(2) - picture.mean() for picture in (one, other))
    norms = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if max(norms) < 1:
        return 1.0
    return float((a * b).sum()) / (norms[0] * norms[1]) if min(norms) >= 1 else 0.0


def moved_correlation(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Returns the correlation of the middle of a thumbnail with that part of another which resembles it most."""
    width, height = THUMBNAIL
    middle = np.ascontiguousarray(one[height // 4 : -height // 4, width // 4 : -width // 4])
    if min(middle.std((0, 1)).max(), other.std((0, 1)).max()) < 1:
        return correlation(one, other)
    return float(cv2.matchTemplate(other, middle, cv2.TM_CCOEFF_NORMED).max())
