"""Pixels under full transparency: nobody sees them, so that they may change nothing that is seen."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from stylex.errors import InputError

PART = 2**16
"""Pixels that are filled at a time: what is computed for each takes thirty times the memory of its colour."""


def without_hidden(rgb: npt.NDArray[np.uint8], alpha: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Returns a picture whose hidden pixels are made of visible ones alone.

    Each is the mirror image of what lies behind the nearest visible pixel, or that pixel where nothing visible lies
    there: texture goes on, and statistics stay like those of what is seen. Black where nothing is visible.

    Args:
        rgb: uint8 (H, W, 3).
        alpha: uint8 (H, W); 0 hides.

    Returns:
        uint8 (H, W, 3); `rgb` itself where nothing is hidden.
    """
    hidden = alpha == 0
    if not hidden.any():
        return rgb
    if hidden.all():
        return np.zeros_like(rgb)
    labels, places = _nearest_visible(hidden)
    filled = np.array(rgb)
    rows = max(1, PART // hidden.shape[1])
    for top in range(0, hidden.shape[0], rows):
        y, x = np.nonzero(hidden[top : top + rows])
        near_y, near_x = places[:, labels[top : top + rows][y, x]]
        y += top
        mirror_y, mirror_x = 2 * near_y - y, 2 * near_x - x
        inside = (mirror_y >= 0) & (mirror_y < hidden.shape[0]) & (mirror_x >= 0) & (mirror_x < hidden.shape[1])
        inside[inside] = ~hidden[mirror_y[inside], mirror_x[inside]]
        filled[y, x] = rgb[np.where(inside, mirror_y, near_y), np.where(inside, mirror_x, near_x)]
    return filled


def _nearest_visible(hidden: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Returns a label (H, W) of each pixel's nearest visible one, and row and column of each label, (2, N)."""
    kind = cv2.DIST_LABEL_PIXEL
    labels = cv2.distanceTransformWithLabels(hidden.astype(np.uint8), cv2.DIST_L2, 5, labelType=kind)[1]
    rows, columns = np.nonzero(~hidden)
    places = np.zeros((2, int(labels.max()) + 1), np.int32)
    places[:, labels[rows, columns]] = rows, columns
    return np.asarray(labels, np.int32), places


def visible_part(rgb: npt.NDArray[np.uint8], alpha: npt.NDArray[np.uint8] | None, name: str) -> npt.NDArray[np.uint8]:
    """Returns the smallest part of a picture that holds all that is visible.

    Args:
        rgb: uint8 (H, W, 3).
        alpha: uint8 (H, W), or None where everything is visible.
        name: of the picture, for the message.

    Raises:
        InputError: nothing is visible.
    """
    if alpha is None:
        return rgb
    rows, columns = alpha.any(1).nonzero()[0], alpha.any(0).nonzero()[0]
    if not len(rows):
        raise InputError(f"nothing is visible in {name}, it is transparent everywhere: give another picture")
    return np.ascontiguousarray(rgb[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def on_white(rgb: npt.NDArray[np.uint8], alpha: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Returns a picture (H, W, 3) laid on white by its alpha channel (H, W), for formats that can't hold one."""
    share = alpha[..., None].astype(np.uint16)
    return np.asarray((rgb * share + np.uint16(255) * (255 - share) + 127) // 255, np.uint8)
