"""Steady painting, frame by frame, with the embedded graphs and no film."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import skimage.data

import stylex
from stylex.errors import UsageError
from stylex.imaging.color import keep_colors
from stylex.runtime.painter import Painter
from stylex.runtime.video.stylizer import PreparedStyle, StatisticsInterpolator, Stylizer, prepare_style


def pan(photo: np.ndarray, count: int, noise: float = 0.0) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    moved = [photo[20:116, 2 * i : 128 + 2 * i] for i in range(count)]
    return [np.clip(np.rint(frame + rng.normal(0, noise, frame.shape)), 0, 255).astype(np.uint8) for frame in moved]


CAT = skimage.data.chelsea()
COFFEE = skimage.data.coffee()[::2, ::2]


@pytest.fixture(scope="module")
def adain() -> Painter:
    return stylex.load("adain", "int8", "cpu", threads=1)


@pytest.fixture(scope="module")
def wave(adain: Painter) -> PreparedStyle:
    return prepare_style(adain, "great-wave")


@pytest.fixture(scope="module")
def scream() -> PreparedStyle:
    return prepare_style(stylex.load("fast", "int8", "cpu", style="the-scream", threads=1))


@pytest.fixture(scope="module")
def cartoon() -> PreparedStyle:
    return prepare_style(stylex.load("cyclegan", "int8", "cpu", style="cartoon", threads=1))


def test_off_is_the_painter(wave: PreparedStyle, scream: PreparedStyle) -> None:
    frames = pan(CAT, 3)
    for chosen, style in ((wave, "great-wave"), (scream, None)):
        stylizer = Stylizer(chosen, 0.7, keep_colors=True, temporal="off")
        for frame in frames:
            np.testing.assert_array_equal(stylizer(frame), chosen.painter(frame, style, 0.7, keep_colors=True))


def frozen(chosen: PreparedStyle, frame: np.ndarray, statistics: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    masks = None if chosen.weights is None else chosen.weights[:, None, None, None]
    painted = chosen.painter.paint(frame, chosen.codes, masks, statistics)
    assert painted.statistics is not None
    return painted.picture, painted.statistics


@pytest.mark.parametrize("name", ["wave", "scream"])
def test_statistics_are_those_of_the_shots_first_frame(name: str, request: pytest.FixtureRequest) -> None:
    chosen = request.getfixturevalue(name)
    frames = pan(CAT, 4) + pan(COFFEE, 4)
    stylizer = Stylizer(chosen, every=0)
    painted = [stylizer(frame) for frame in frames]
    assert (stylizer.shots, stylizer.runs, stylizer.notice) == (2, "statistics", "")
    for first in (0, 4):
        picture, statistics = frozen(chosen, frames[first], None)
        np.testing.assert_array_equal(painted[first], picture)
        for i in range(first + 1, first + 4):
            np.testing.assert_array_equal(painted[i], frozen(chosen, frames[i], statistics)[0])


def test_keyframes_glide_to_what_they_measure(wave: PreparedStyle) -> None:
    frames = [pan(CAT[:, i // 3 :], 1)[0] for i in range(9)]  # so slowly that nothing else makes a keyframe
    stylizer = Stylizer(wave, every=4)
    painted = [stylizer(frame) for frame in frames]
    first, fourth = (frozen(wave, frames[i], None)[1] for i in (0, 4))
    np.testing.assert_array_equal(painted[3], frozen(wave, frames[3], first)[0])
    half = frozen(wave, frames[5], first + (fourth - first) / 2)[0]
    assert np.abs(painted[5].astype(int) - half).max() <= 1
    there = frozen(wave, frames[7], fourth)[0]
    assert np.abs(painted[7].astype(int) - there).max() <= 1


def test_a_fade_in_is_not_painted_with_the_statistics_of_black(wave: PreparedStyle) -> None:
    photo = pan(CAT, 1)[0]
    fade = [(photo * (i / 10)).astype(np.uint8) for i in range(11)] + [photo] * 12
    stylizer = Stylizer(wave)
    painted = [stylizer(frame) for frame in fade]
    right, black = frozen(wave, photo, None)[0], frozen(wave, photo, frozen(wave, fade[0], None)[1])[0]
    off, far = (np.abs(x.astype(int) - right).mean() for x in (painted[-1], black))
    assert off < 3 and off < far / 5


def test_the_statistics_interpolator() -> None:
    interpolator = StatisticsInterpolator(np.zeros((1, 2), np.float32))
    assert interpolator.step().tolist() == [[0, 0]]
    interpolator.aim(np.array([[4, 8]], np.float32), 4)
    assert [interpolator.step()[0, 1] for _ in range(6)] == [2, 4, 6, 8, 8, 8]
    interpolator.aim(np.zeros((1, 2), np.float32), 4)
    interpolator.step()
    interpolator.aim(np.array([[3, 0]], np.float32), 1)  # turns from where it is
    assert interpolator.step().tolist() == [[3, 0]]


def flicker(frames: list[np.ndarray]) -> float:
    """Root mean square between frames that are moved by 2 pixels each."""
    off = [b[8:-8, 8:-12].astype(float) - a[8:-8, 10:-10] for a, b in itertools.pairwise(frames)]
    return float(np.sqrt(np.mean(np.square(off))))


@pytest.mark.parametrize("name", ["wave", "scream", "cartoon"])
def test_flow_halves_the_flicker(name: str, request: pytest.FixtureRequest) -> None:
    chosen, frames = request.getfixturevalue(name), pan(CAT, 8, noise=4)
    by_mode = {mode: [Stylizer(chosen, temporal=mode)] for mode in ("off", "flow")}
    rest = {mode: flicker([stylizer(frame) for frame in frames]) for mode, (stylizer,) in by_mode.items()}
    assert rest["flow"] < rest["off"] / 2


@pytest.mark.parametrize("temporal", ["off", "statistics", "flow"])
@pytest.mark.parametrize("name", ["wave", "scream", "cartoon"])
def test_strength_0_is_the_film(name: str, temporal: str, request: pytest.FixtureRequest) -> None:
    chosen = request.getfixturevalue(name)
    for kept in (False, True):
        stylizer = Stylizer(chosen, 0, keep_colors=kept, temporal=temporal)
        for frame in pan(CAT, 4, noise=4):
            np.testing.assert_array_equal(stylizer(frame), frame)


def test_small_strengths_are_near_the_film(wave: PreparedStyle) -> None:
    frames, far = pan(CAT, 4, noise=4), []
    for strength in (0.02, 0.1, 0.4):
        stylizer = Stylizer(wave, strength, temporal="flow")
        far.append(np.mean([np.abs(stylizer(frame).astype(int) - frame).mean() for frame in frames]))
    assert far[0] < 1.5
    assert far == sorted(far)


def test_flow_begins_anew_behind_a_cut(wave: PreparedStyle) -> None:
    frames = pan(CAT, 3) + pan(COFFEE, 2)
    stylizer = Stylizer(wave, temporal="flow")
    painted = [stylizer(frame) for frame in frames]
    np.testing.assert_array_equal(painted[3], wave.painter(frames[3], "great-wave"))
    assert (painted[4] != wave.painter(frames[4], "great-wave")).any()


def test_flow_shows_what_appears_at_once(scream: PreparedStyle) -> None:
    frame = pan(CAT, 1)[0]
    other = frame.copy()
    other[30:70, 40:90] = COFFEE[60:100, 60:110]
    stylizer = Stylizer(scream, temporal="flow")
    for shown in (frame, frame, frame):
        stylizer(shown)
    there = np.s_[36:64, 46:84]
    alone, steady = scream.painter(other)[there].astype(int), stylizer(other)[there].astype(int)
    was = scream.painter(frame)[there].astype(int)
    assert np.abs(steady - alone).mean() < 0.4 * np.abs(was - alone).mean()


def test_a_painter_without_statistics_says_so(cartoon: PreparedStyle) -> None:
    frame = pan(CAT, 1)[0]
    stylizer = Stylizer(cartoon)
    assert stylizer.runs == "off"
    assert "cyclegan has no statistics that could be frozen: every frame is painted alone" in stylizer.notice
    np.testing.assert_array_equal(stylizer(frame), cartoon.painter(frame))
    stylizer = Stylizer(cartoon, temporal="flow")
    assert stylizer.runs == "flow" and "only the flow" in stylizer.notice
    assert Stylizer(cartoon, temporal="off").notice == ""


def test_changes_between_frames(wave: PreparedStyle, scream: PreparedStyle) -> None:
    frames = pan(CAT, 6)
    stylizer = Stylizer(wave, temporal="flow")
    stylizer(frames[0])
    stylizer.strength = 0.5
    np.testing.assert_array_equal(stylizer(frames[1]), wave.painter(frames[1], "great-wave", 0.5))
    stylizer.style = scream
    np.testing.assert_array_equal(stylizer(frames[2]), scream.painter(frames[2], None, 0.5))
    stylizer(frames[3])
    stylizer.temporal = "off"
    np.testing.assert_array_equal(stylizer(frames[4]), scream.painter(frames[4], None, 0.5))
    smaller = np.ascontiguousarray(frames[5][:40, :56])
    stylizer.temporal = "flow"
    assert stylizer(smaller).shape == smaller.shape


def test_strength_0_of_one_style_is_the_film(scream: PreparedStyle) -> None:
    stylizer = Stylizer(scream, 0.0, temporal="flow")
    for frame in pan(CAT, 3):
        np.testing.assert_array_equal(stylizer(frame), frame)


def test_the_films_colours(wave: PreparedStyle) -> None:
    frames = pan(CAT, 3)
    plain, kept = Stylizer(wave, temporal="flow"), Stylizer(wave, temporal="flow", keep_colors=True)
    for frame in frames:
        np.testing.assert_array_equal(kept(frame), keep_colors(plain(frame), frame))


def test_several_styles(adain: Painter) -> None:
    mixed = prepare_style(adain, [("great-wave", 3), ("the-scream", 1)], "both")
    assert (mixed.name, mixed.strongest) == ("both", 1.5)
    frame = pan(CAT, 1)[0]
    expected = adain(frame, [("great-wave", 3), ("the-scream", 1)])
    np.testing.assert_array_equal(Stylizer(mixed, temporal="off")(frame), expected)


def test_wrong_calls(adain: Painter, wave: PreparedStyle, scream: PreparedStyle) -> None:
    for arguments, expected in (
        ({"style": wave, "temporal": "smooth"}, "the temporal mode is 'smooth'; choose off, statistics, flow"),
        ({"style": wave, "strength": 1.6}, "strength is 1.6; it must lie between 0 and 1.5"),
        ({"style": scream, "strength": 1.2}, "strength is 1.2; it must lie between 0 and 1$"),
        ({"style": wave, "strength": float("nan")}, "strength is nan"),
        ({"style": wave, "every": -1}, "keyframes every -1 frames"),
    ):
        with pytest.raises(UsageError, match=expected):
            Stylizer(**arguments)
    with pytest.raises(UsageError, match="adain needs a style"):
        prepare_style(adain)


@pytest.mark.parametrize("temporal", ["statistics", "flow"])
@pytest.mark.parametrize("place", [0, 3])
def test_frames_unlike_their_neighbours_cost_none_but_themselves(
    temporal: str, place: int, wave: PreparedStyle, scream: PreparedStyle
) -> None:
    still = pan(CAT, 1)[0]
    dim = (still * 0.08).astype(np.uint8)
    inserts = [[np.zeros_like(still)], [np.full_like(still, 255)] * 2, [pan(COFFEE, 1)[0]], [dim], [still // 2]]
    for chosen, insert in itertools.product((wave, scream), inserts):
        frames = [still] * place + insert + [still] * 4
        stylizer = Stylizer(chosen, temporal=temporal)
        painted = [stylizer(frame) for frame in frames]
        wanted = Stylizer(chosen, temporal="off")(still).astype(int)
        for picture, frame in zip(painted, frames, strict=True):
            if frame is still:
                assert np.abs(picture - wanted).mean() <= 10
