"""The palette distance: a sliced Wasserstein distance (Bonneel et al. 2015) of two pictures' pixels in L*a*b*."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from stylex.imaging.arrays import Image

Palette = npt.NDArray[np.float32]
"""Quantiles of the pixels along every direction, (DIRECTIONS, QUANTILES), in units of L*a*b*."""

BASES = 22
DIRECTIONS = 3 * BASES
"""Three perpendicular directions in each of 22 random bases, so that a shift counts the same whichever way it goes."""
QUANTILES = 1024
SEED = 0


def palette(picture: Image) -> Palette:
    """Returns what two pictures of any sizes are compared by, of RGB uint8 (H, W, 3)."""
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    along = np.sort(_directions() @ lab.T, axis=1)  # (DIRECTIONS, H * W)
    count = along.shape[1]
    places = np.clip((np.arange(QUANTILES) + 0.5) / QUANTILES * count - 0.5, 0, count - 1)
    below = places.astype(int)
    above, share = np.minimum(below + 1, count - 1), (places % 1).astype(np.float32)
    return np.asarray(along[:, below] * (1 - share) + along[:, above] * share, np.float32)


def palette_distance(a: Palette, b: Palette) -> float:
    """Returns the root of the mean squared distance of the quantiles over all directions, in units of L*a*b*.

    It is symmetric and 0 for pictures of the same pixels in any order. All pixels moved by a vector v are |v| / sqrt(3)
    away, since a direction sees only its own part of v.
    """
    return float(np.sqrt(np.mean((a - b) ** 2, dtype=np.float64)))


def _directions() -> npt.NDArray[np.float32]:
    """Returns seeded unit vectors, (DIRECTIONS, 3)."""
    rng = np.random.default_rng(SEED)
    bases = [np.linalg.qr(rng.normal(size=(3, 3)))[0] for _ in range(BASES)]
    return np.concatenate(bases).astype(np.float32)
