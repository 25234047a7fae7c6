"""Tiles: they cover the photo once, their statistics add up to the whole's, and nothing shows where they meet."""

from __future__ import annotations

import dataclasses
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

import stylex
from stylex.artifacts.catalog import GRAPHS
from stylex.artifacts.graph_file import read_metadata
from stylex.artifacts.metadata import TRANSFER, GraphMetadata, GraphSpec
from stylex.errors import UsageError
from stylex.runtime import tiles
from stylex.runtime.painter import Painter
from stylex.runtime.tiles import Tiling, planned, pooled

few = settings(max_examples=8, deadline=None, derandomize=True, database=None)
many = settings(max_examples=200, deadline=None, derandomize=True, database=None)
SPEC = GraphSpec(TRANSFER, 3, multiple=8, smallest=32, border=2, reach=113, sites=(2, 1))
METADATA = GraphMetadata("adain", "edge", "fp32", "cpu-x86", 18, "a" * 64, SPEC)


def of(**changed: Any) -> GraphMetadata:
    """The metadata with another specification."""
    return dataclasses.replace(METADATA, spec=dataclasses.replace(SPEC, **changed))


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """Real detail, and a dark half beside a light one, so that tiles have statistics of their own: (300, 452, 3)."""
    pair = [np.asarray(one)[:300, :226] for one in (skimage.data.rocket() // 2, skimage.data.coffee())]
    return np.concatenate(pair, 1)


@pytest.fixture(scope="module")
def fast() -> Painter:
    return stylex.load("fast", "int8", "cpu", style="the-scream", threads=1)


@pytest.fixture(scope="module")
def fast_floats() -> Painter:
    return stylex.load("fast", "fp16", "cpu", style="the-scream", threads=1)


@pytest.fixture(scope="module")
def adain() -> Painter:
    return stylex.load("adain", "fp32", "cpu", threads=1)


def largest(one: np.ndarray, other: np.ndarray) -> int:
    return int(cv2.absdiff(one, other).max())


# Geometry


@many
@given(st.integers(1, 900), st.integers(1, 900), st.integers(128, 300), st.sampled_from([8, 16]))
def test_tiles_cover_every_pixel_once_and_bring_their_surroundings(h: int, w: int, tile: int, multiple: int) -> None:
    metadata = of(multiple=multiple)
    plan = planned(metadata, h, w, tile)
    if plan is None:
        assert max(h, w) <= tile + multiple
        return
    covered = np.zeros((h, w), int)
    for y in plan.rows:
        for x in plan.columns:
            covered[y.start : y.end, x.start : x.end] += 1
            for span, side in ((y, h), (x, w)):
                assert span.first % multiple == span.start % multiple == 0
                assert span.first == max(0, span.start - plan.halo) and span.last == min(side, span.end + plan.halo)
                assert span.end - span.start <= tile + multiple
    assert plan.halo >= metadata.spec.reach
    assert (covered == 1).all()


@many
@given(st.integers(1, 900), st.integers(1, 900), st.integers(128, 300))
def test_what_is_measured_adds_up_to_every_pixel_once(height: int, width: int, tile: int) -> None:
    plan = planned(METADATA, height, width, tile)
    if plan is None:
        return
    covered = np.zeros((height, width), int)
    for (top, left, bottom, right), sign in tiles._parts(plan):
        covered[top:bottom, left:right] += sign
    assert (covered == 1).all()


def test_statistics_of_parts_make_those_of_the_whole() -> None:
    values = np.random.default_rng(0).normal(3, 2, (60, 3)) * [1, 5, 0.1]
    cut = [(values[:30], 30), (values[10:], 50), (values[10:30], -20)]

    def statistics_of(rows: np.ndarray) -> np.ndarray:  # sites of 2 channels and of 1, then a root mean square
        mean, std = rows.mean(0), rows.std(0)
        found = [*mean[:2], *std[:2], mean[2], std[2], np.sqrt((rows[:, 0] ** 2).mean())]
        return np.array(found, np.float32)[None]

    whole = pooled([(statistics_of(rows), count) for rows, count in cut], SPEC)
    assert whole.dtype == np.float32
    np.testing.assert_allclose(whole, statistics_of(values), rtol=1e-4)


# The painted picture


@few
@given(height=st.integers(1, 300), width=st.integers(200, 452), tile=st.integers(88, 240))
def test_a_network_of_one_style_paints_the_same_in_tiles(
    fast: Painter, fast_floats: Painter, scene: np.ndarray, height: int, width: int, tile: int
) -> None:
    """At INT8 the last digits of the photo's numbers differ, and so does what is rounded: rarely, by a few steps."""
    photo = scene[:height, -width:]
    assert largest(fast_floats(photo, tile=tile), fast_floats(photo)) <= 1
    tiled, whole = fast(photo, tile=tile), fast(photo)
    assert largest(tiled, whole) <= 16 and cv2.absdiff(tiled, whole).mean() < 0.2


def test_a_network_without_statistics_paints_the_same_in_tiles(scene: np.ndarray) -> None:
    painter = stylex.load("cyclegan", "int8", "cpu", style="cartoon", threads=1)
    np.testing.assert_array_equal(painter(scene, tile=160), painter(scene))


def test_any_style_is_painted_the_same_in_tiles(adain: Painter, scene: np.ndarray) -> None:
    styles = [("starry-night", 2.0), ("the-scream", 1.0)]
    codes, weights = adain.codes(styles)
    scene = np.ascontiguousarray(scene[:180, 40:380])
    whole = adain.paint(scene, codes, weights[:, None, None, None])
    parts = adain.paint(scene, codes, weights[:, None, None, None], tile=200)
    assert largest(parts.picture, whole.picture) <= 1
    assert parts.statistics is not None and whole.statistics is not None
    np.testing.assert_allclose(parts.statistics, whole.statistics, rtol=1e-3, atol=1e-4)


def test_statistics_of_its_own_would_show(adain: Painter, scene: np.ndarray) -> None:
    """The passes are needed: tiles by themselves differ by far more."""
    codes = adain.codes("starry-night")[0]
    one = np.ones((1, 1, 1, 1), np.float32)
    left = adain.paint(np.ascontiguousarray(scene[:, :226]), codes, one).picture
    assert largest(left, adain.paint(scene, codes, one).picture[:, :226]) > 20


def test_frozen_statistics_and_masks_at_int8(scene: np.ndarray) -> None:
    painter = stylex.load("adain", "int8", "cpu", threads=1)
    codes = painter.codes([("starry-night", 1.0), ("great-wave", 1.0)])[0]
    masks = np.random.default_rng(0).random((2, 1, 7, 9)).astype(np.float32)
    whole = painter.paint(scene, codes, masks)
    parts = painter.paint(scene, codes, masks, whole.statistics, tile=160)
    assert largest(parts.picture, whole.picture) <= 1
    np.testing.assert_array_equal(parts.statistics, whole.statistics)


def test_colours_and_strength(fast: Painter, scene: np.ndarray) -> None:
    whole, parts = (fast(scene, strength=0.6, keep_colors=True, tile=tile) for tile in ("off", 160))
    assert largest(whole, parts) <= 2


def test_progress_counts_every_run(fast: Painter, scene: np.ndarray) -> None:
    progress: list[tuple[int, int]] = []
    fast(scene, tile=160, progress=lambda done, of: progress.append((done, of)))
    plan = fast.tiles(scene, 160)
    assert plan is not None and plan.count == 6 and plan.passes == 1
    assert progress == [(i, plan.runs) for i in range(1, plan.runs + 1)]


def test_every_embedded_network_can_be_used_on_tiles() -> None:
    metadata = [read_metadata(path) for path in GRAPHS.glob("*.onnx")]
    assert not [f.technique for f in metadata if f.spec.role == TRANSFER and not f.spec.reach]


# When


def test_auto_cuts_large_photos_only() -> None:
    assert planned(METADATA, 2000, 3000, "auto") is None
    plan = planned(METADATA, 4000, 6000, "auto")
    assert plan == Tiling(4000, 6000, 2000, 2000, 120, 2)
    assert str(plan) == "6 tiles of 2000x2000"
    assert planned(METADATA, 4000, 6000, "off") is None
    for unable in ({"reach": 0}, {"fixed_size": 512}):
        assert planned(of(**unable), 4000, 6000, "auto") is None


def test_without_being_asked_nothing_is_cut(fast: Painter, monkeypatch: pytest.MonkeyPatch, scene: np.ndarray) -> None:
    monkeypatch.setattr(tiles, "LARGEST_WHOLE", 1)
    monkeypatch.setattr(tiles, "SIDE", 160)
    assert fast.tiles(scene, "auto") is not None
    calls: list[int] = []
    fast(scene, progress=lambda done, _: calls.append(done))
    assert not calls


@pytest.mark.parametrize(
    ("tile", "changed", "expected"),
    [
        (112, {}, r"a tile of 112 pixels is too small: this fp32 graph of adain sees 120 around it; give 120 or more"),
        (-1, {}, "a tile of -1 pixels is too small"),
        ("small", {}, "tile is 'small'; give auto, off, or the pixels of a tile"),
        (True, {}, "tile is True"),
        (500.0, {}, r"tile is 500\.0"),
        (512, {"fixed_size": 512}, "paints one size alone, and no tiles: export it for any size"),
        (512, {"reach": 0}, "doesn't say how far it sees, and can't paint tiles: give off and a smaller size"),
    ],
)
def test_what_is_no_tile(tile: int, changed: dict[str, int], expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        planned(of(**changed), 900, 900, tile)
