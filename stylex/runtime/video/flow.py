"""Optical flow between two frames: where every pixel came from, and how far that can be believed.

DIS flow (Kroeger et al. 2016) from OpenCV. Occlusions by a forward-backward check, as in Sundaram et al. 2010 and Ruder
et al. 2016, Artistic Style Transfer for Videos, equation 5; here soft instead of a threshold, and together with how
well the warped frame explains the new one.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from stylex.imaging.sizes import at_most

SIDE = 480
"""Flow is computed on frames whose longer side is reduced to about this."""
SLOPE, OFFSET = 0.01, 0.5
"""The forward-backward check allows a squared gap of SLOPE times the flows' squared lengths plus OFFSET, in pixels."""
UNEXPLAINED = 16.0
"""Levels of 255 that the warped frame may be off until it counts half."""


@dataclass(frozen=True, eq=False)
class Motion:
    """From a frame to the one before it.

    Attributes:
        flow: (H, W, 2) float32, x and y in pixels: the pixel at p was at p + flow(p).
        trust: (H, W) float32, 0 (newly seen, or a wrong flow) to 1.
    """

    flow: npt.NDArray[np.float32]
    trust: npt.NDArray[np.float32]


def small_grey(frame: npt.NDArray[np.uint8], side: int = SIDE) -> npt.NDArray[np.uint8]:
    """Returns a frame, RGB (H, W, 3), as flow is computed on it: grey, (h, w)."""
    height, width = at_most(frame.shape[:2], side, smallest=16)
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


@functools.cache
def _finder(preset: int) -> cv2.DISOpticalFlow:
    return cv2.DISOpticalFlow.create(preset)


def motion(
    before: npt.NDArray[np.uint8],
    now: npt.NDArray[np.uint8],
    size: tuple[int, int],
    preset: int = cv2.DISOPTICAL_FLOW_PRESET_FAST,
) -> Motion:
    """Returns the motion between two frames.

    Args:
        before, now: as `small_grey` gives them.
        size: height and width of the frames themselves, which the result has.
        preset: of OpenCV's DIS flow.
    """
    finder = _finder(preset)
    back = np.asarray(finder.calc(now, before, None), np.float32)  # type: ignore[call-overload]
    forth = np.asarray(finder.calc(before, now, None), np.float32)  # type: ignore[call-overload]
    trust = consistency(back, forth) * explanation(before, now, back)
    height, width = size
    flow = cv2.resize(back, (width, height), interpolation=cv2.INTER_LINEAR)
    flow *= np.array([width / now.shape[1], height / now.shape[0]], np.float32)
    return Motion(np.asarray(flow, np.float32), np.asarray(cv2.resize(trust, (width, height)), np.float32))


def consistency(back: npt.NDArray[np.float32], forth: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Returns 1 where going back and forth ends at its start, 0 where it doesn't or leaves the frame; (h, w)."""
    places = at(back)
    returned = _moved(forth, places, cv2.INTER_LINEAR)
    gap = _squared(back + returned)
    allowed = SLOPE * (_squared(back) + _squared(returned)) + OFFSET
    height, width = back.shape[:2]
    inside = (places >= -0.5).all(2) & (places[..., 0] <= width - 0.5) & (places[..., 1] <= height - 0.5)
    return np.asarray(np.exp(-np.square(gap / allowed)) * inside, np.float32)


def explanation(
    before: npt.NDArray[np.uint8], now: npt.NDArray[np.uint8], back: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Returns 1 where the frame before, warped, is what is seen now, falling to 0; (h, w)."""
    off = cv2.GaussianBlur(cv2.absdiff(warped(before, back, cv2.INTER_LINEAR), now), (5, 5), 0).astype(np.float32)
    return np.asarray(np.exp2(-np.square(off / np.float32(UNEXPLAINED))), np.float32)


def warped(
    picture: npt.NDArray[np.uint8], flow: npt.NDArray[np.float32], method: int = cv2.INTER_CUBIC
) -> npt.NDArray[np.uint8]:
    """Returns a picture (H, W) or (H, W, 3) moved along a flow (H, W, 2); cubic, as it is done with every frame."""
    return np.asarray(_moved(picture, at(flow), method), np.uint8)


def _moved(values: npt.NDArray[Any], places: npt.NDArray[np.float32], method: int) -> npt.NDArray[Any]:
    # None, as OpenCV documents it: its types ask for an array, and with an empty one OpenCV 5.0 reads random places.
    moved = cv2.remap(values, places, None, method, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(moved)


def at(flow: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Returns the places that a flow points to, (H, W, 2), x and y."""
    return flow + _grid(flow.shape[0], flow.shape[1])


@functools.lru_cache(4)
def _grid(height: int, width: int) -> npt.NDArray[np.float32]:
    return np.dstack(np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)))


def _squared(flow: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(np.einsum("hwc,hwc->hw", flow, flow), np.float32)
