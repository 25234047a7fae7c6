"""Shots and keyframes, on moving pieces of real photos."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from stylex.runtime.video.keyframes import Keyframe, KeyframeFinder

N, D, C, S, X = Keyframe.NONE, Keyframe.DUE, Keyframe.CHANGED, Keyframe.SUDDEN, Keyframe.CUT


def pan(photo: np.ndarray, count: int, step: int = 2) -> list[np.ndarray]:
    return [np.ascontiguousarray(photo[20:110, step * i : 160 + step * i]) for i in range(count)]


def found(frames: list[np.ndarray], every: int = 0) -> list[Keyframe]:
    finder = KeyframeFinder(every)
    return [finder(frame) for frame in frames]


ASTRONAUT, COFFEE, CAT = (skimage.data.astronaut()[::2, ::2], skimage.data.coffee()[::2, ::2], skimage.data.chelsea())


def test_one_shot_has_one_cut() -> None:
    assert found(pan(CAT, 6, 1)) == [X, N, N, N, N, N]
    assert found(pan(CAT, 30)).count(X) == 1


@pytest.mark.parametrize("second", [COFFEE, CAT, ASTRONAUT[:, ::-1]])
def test_cuts(second: np.ndarray) -> None:
    keyframes = found(pan(ASTRONAUT, 8) + pan(second, 8))
    assert [i for i, keyframe in enumerate(keyframes) if keyframe is X] == [0, 8]


def test_a_fast_pan_is_no_cut() -> None:
    assert found(pan(CAT, 12, 12)).count(X) == 1


def test_noise_and_a_flicker_are_no_cuts() -> None:
    rng = np.random.default_rng(0)
    noisy = [np.clip(f + rng.normal(0, 12, f.shape), 0, 255).astype(np.uint8) for f in pan(CAT, 12)]
    assert found(noisy).count(X) == 1
    flicker = [np.clip(f * (1.05 if i % 2 else 0.95), 0, 255).astype(np.uint8) for i, f in enumerate(pan(CAT, 12))]
    assert found(flicker).count(X) == 1


def test_keyframes_are_due_after_so_many_frames_of_a_shot() -> None:
    frames = pan(CAT, 8, 1) + pan(COFFEE, 8, 1)
    assert found(frames, 3) == [X, N, N, D, N, N, D, N, X, N, N, D, N, N, D, N]
    assert D not in found(frames, 0)


def test_a_fade_from_black_is_measured_again_and_again() -> None:
    photo = pan(CAT, 1)[0]
    fade = [(photo * (i / 12)).astype(np.uint8) for i in range(13)] + [photo] * 5
    keyframes = found(fade)
    assert keyframes[:2] == [X, X]  # black, and the first frame that shows anything
    assert keyframes[2:6] == [S, S, S, C] and keyframes.count(X) == 2
    assert set(keyframes[-4:]) == {N}


@pytest.mark.parametrize(("alpha", "role"), [(0.9, C), (0.6, S), (0.3, S), (1.5, S)])
def test_another_light_is_a_change(alpha: float, role: Keyframe) -> None:
    frames = pan(CAT, 10, 1)
    dim = [cv2.convertScaleAbs(frame, alpha=alpha) for frame in frames[5:]]
    assert found(frames[:5] + dim)[5:7] == [role, N]


@pytest.mark.parametrize("length", [1, 2, 5])
@pytest.mark.parametrize("place", [0, 1, 2, 6])
def test_frames_unlike_their_neighbours_are_shots_of_their_own(place: int, length: int) -> None:
    frames = pan(CAT, 12, 1)
    for insert in (np.zeros_like(frames[0]), np.full_like(frames[0], 255), pan(COFFEE, 1)[0]):
        keyframes = found(frames[:place] + [insert] * length + frames[place:])
        assert [i for i, keyframe in enumerate(keyframes) if keyframe is X] == sorted({0, place, place + length})


def test_frames_that_are_all_unlike_are_all_cuts() -> None:
    frames = [pan(photo, 1)[0] for photo in (CAT, COFFEE, ASTRONAUT, COFFEE[::-1], CAT[:, ::-1])]
    assert found(frames + pan(CAT, 3, 1)) == [X] * 6 + [N] * 2


def test_something_that_passes_is_no_change() -> None:
    frames = [frame.copy() for frame in pan(CAT, 12, 0)]
    for i, frame in enumerate(frames):
        frame[:, 10 * i : 10 * i + 40] //= 4
    assert found(frames) == [X] + [N] * 11


def test_black_frames_are_alike() -> None:
    black = np.zeros((90, 160, 3), np.uint8)
    assert found([black] * 4) == [X, N, N, N]
    assert found([black] * 4 + pan(COFFEE, 1))[-1] is not N


def test_reset() -> None:
    finder = KeyframeFinder(0)
    assert [finder(frame) for frame in pan(CAT, 2)] == [X, N]
    finder.reset()
    assert finder(pan(CAT, 1)[0]) is X
