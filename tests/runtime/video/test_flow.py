"""Optical flow on photos that were moved by a known one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from stylex.runtime.video.flow import consistency, explanation, motion, small_grey, warped

CAT = skimage.data.chelsea()


def shifted(x: float, y: float) -> np.ndarray:
    """What a camera sees that has moved right by x and down by y pixels."""
    matrix = np.array([[1, 0, 60 + x], [0, 1, 40 + y]], np.float32)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(CAT, matrix, (320, 200), flags=flags), np.uint8)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (1.5, -0.7), (-6, 4), (11, 0)])
@pytest.mark.parametrize("side", [480, 160])
def test_a_known_shift(x: float, y: float, side: int) -> None:
    before, now = shifted(0, 0), shifted(x, y)
    found = motion(small_grey(before, side), small_grey(now, side), (200, 320))
    assert found.flow.shape == (200, 320, 2) and found.trust.shape == (200, 320)
    assert found.flow.dtype == found.trust.dtype == np.float32
    inside = found.flow[20:-20, 20:-20]  # the pixel that is now at p was at p + (x, y)
    assert np.abs(np.median(inside, (0, 1)) - (x, y)).max() < 0.35
    assert np.median(found.trust) > 0.9
    again = warped(before, found.flow)[20:-20, 20:-20].astype(float)
    if x or y:
        still = np.square(before[20:-20, 20:-20].astype(float) - now[20:-20, 20:-20]).mean()
        assert np.square(again - now[20:-20, 20:-20]).mean() < still / 3


def test_what_is_newly_seen_is_not_trusted() -> None:
    before, now = shifted(0, 0), shifted(0, 0)
    now[60:140, 120:200] = skimage.data.coffee()[100:180, 100:180]  # something has appeared
    found = motion(small_grey(before), small_grey(now), (200, 320))
    assert found.trust[75:125, 135:185].mean() < 0.35
    assert found.trust[:40].mean() > 0.9


def test_what_comes_in_from_outside_is_not_trusted() -> None:
    found = motion(small_grey(shifted(0, 0)), small_grey(shifted(12, 0)), (200, 320))
    assert found.trust[:, -8:].mean() < 0.2 < 0.8 < found.trust[:, 40:-40].mean()


def test_forward_and_backward() -> None:
    flow = np.zeros((20, 30, 2), np.float32)
    flow[..., 0] = 2
    agree = consistency(flow, -flow)
    assert agree[:, :27].min() > 0.99
    assert (agree[:, -1] == 0).all()  # 2 pixels to the right is outside
    assert consistency(flow, flow)[:, :27].max() < 0.01


def test_explanation() -> None:
    grey = small_grey(shifted(0, 0))
    still = np.zeros((*grey.shape, 2), np.float32)
    assert explanation(grey, grey, still).min() == 1
    assert explanation(grey, 255 - grey, still).mean() < 0.3


def test_warping_by_nothing_changes_nothing() -> None:
    picture = shifted(0, 0)
    np.testing.assert_array_equal(warped(picture, np.zeros((200, 320, 2), np.float32)), picture)


def test_small_frames() -> None:
    assert small_grey(np.zeros((720, 1280, 3), np.uint8)).shape == (270, 480)
    assert small_grey(np.zeros((4, 6, 3), np.uint8)).shape == (16, 16)
    found = motion(small_grey(np.zeros((4, 6, 3), np.uint8)), small_grey(np.zeros((4, 6, 3), np.uint8)), (4, 6))
    assert found.flow.shape == (4, 6, 2)
