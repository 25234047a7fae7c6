"""Regions, each in its own style and strength."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import stylex
from stylex.errors import InputError, UsageError
from stylex.runtime.semantic.regions import MOST_STYLES, Region, overlay, paint, parse_region, region_masks, styled

Photo = np.ndarray


class Left:
    """A segmenter that finds "person" in the left half."""

    title = "left"

    def __call__(self, photo: np.ndarray) -> dict[str, np.ndarray]:
        mask = np.zeros((12, 16), np.float32)
        mask[:, :8] = 1
        return {"person": mask, "background": 1 - mask}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("person=irises:0.6", Region("person", "irises", 0.6)),
        ("person=irises", Region("person", "irises", 1.0)),
        (" sky = irises : 1 ", Region("sky", "irises", 1.0)),
        ("person", Region("person")),
        ("person=", Region("person")),
        ("person=C:\\pics\\a.jpg:0.25", Region("person", "C:\\pics\\a.jpg", 0.25)),
        ("person=C:\\pics\\a.jpg", Region("person", "C:\\pics\\a.jpg", 1.0)),
        ("person=a:b.jpg:.5", Region("person", "a:b.jpg", 0.5)),
        ("person=a=b.jpg:0", Region("person", "a=b.jpg", 0.0)),
        ("sky=irises+deluge:0.5", Region("sky", [("irises", 1.0), ("deluge", 1.0)], 0.5)),
    ],
)
def test_a_region_as_it_is_typed(text: str, wanted: Region) -> None:
    assert parse_region(text) == wanted


def test_files_whose_names_look_like_more_are_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a:0.5", "one+two.png"):
        Path(name).touch()
    assert parse_region("x=a:0.5") == Region("x", "a:0.5")
    assert parse_region("x=one+two.png:0.3") == Region("x", "one+two.png", 0.3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("=irises", "is no region"), ("", "is no region"), ("a=b:2", "strength 2.0"), ("a=b:-1", "strength -1.0")],
)
def test_what_is_no_region(text: str, expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        parse_region(text)


def test_the_background_is_what_is_left(photo: Photo) -> None:
    regions = [Region("person"), Region("background")]
    found = region_masks(photo, regions, segmenter=Left(), feather=0)
    assert list(found) == ["person", "background"]
    assert found["person"].shape == photo.shape[:2]
    np.testing.assert_allclose(found["person"] + found["background"], 1, atol=1e-5)
    assert found["person"][:, :40].mean() > 0.95 and found["person"][:, 90:].mean() < 0.05


def test_given_masks_go_before_the_segmenter_and_overlaps_share(photo: Photo) -> None:
    whole = np.ones(photo.shape[:2], np.float32)
    found = region_masks(photo, [Region("person"), Region("sky")], {"sky": whole}, Left(), 0)
    assert list(found) == ["sky", "person"] and "background" not in found
    np.testing.assert_allclose(found["sky"][:, :30].mean(), 0.5, atol=0.05)
    np.testing.assert_allclose(found["sky"][:, 100:].mean(), 1, atol=0.05)
    alone = region_masks(photo, [Region("sky"), Region("background")], {"sky": 0.25 * whole}, None, 0)
    np.testing.assert_allclose(alone["background"], 0.75, atol=1e-6)


def test_edges_are_feathered(photo: Photo) -> None:
    mask = np.zeros(photo.shape[:2], np.float32)
    mask[:, 64:] = 1
    soft = region_masks(photo, [Region("sky")], {"sky": mask}, feather=0.1)["sky"]
    assert ((soft > 0.1) & (soft < 0.9)).mean() > 0.05
    hard = region_masks(photo, [Region("sky")], {"sky": mask}, feather=0)["sky"]
    np.testing.assert_array_equal(hard, mask)


def test_masks_that_fit_nothing(photo: Photo) -> None:
    mask = np.ones(photo.shape[:2], np.float32)
    with pytest.raises(UsageError, match=r"a mask of cat, but no such region; the regions are person, background"):
        region_masks(photo, [Region("person"), Region("background")], {"cat": mask}, Left())
    with pytest.raises(InputError, match="the mask of sky is 9x9, the photo is 128x96"):
        region_masks(photo, [Region("sky")], {"sky": np.ones((9, 9), np.float32)})
    with pytest.raises(UsageError, match="know the region cat, only person, background: give a mask of it"):
        region_masks(photo, [Region("cat")], segmenter=Left())
    with pytest.raises(UsageError, match="the background alone is the whole photo"):
        region_masks(photo, [Region("background", "irises")], segmenter=Left())
    with pytest.raises(UsageError, match="nothing says where the region cat is"):
        region_masks(photo, [Region("cat")])
    with pytest.raises(UsageError, match="the feather is 2"):
        region_masks(photo, [Region("sky")], {"sky": mask}, feather=2)


def test_each_place_gets_its_regions_style(painter: stylex.Painter, photo: Photo) -> None:
    regions = [Region("person", "the-scream"), Region("background", "great-wave")]
    masks = region_masks(photo, regions, segmenter=Left())
    both = paint(painter, photo, regions, masks).astype(float)
    scream, wave = (painter(photo, style).astype(float) for style in ("the-scream", "great-wave"))
    left, right = np.s_[:, :40], np.s_[:, 88:]
    for place, near, far in ((left, scream, wave), (right, wave, scream)):
        assert np.abs(both[place] - near[place]).mean() < 0.5 * np.abs(both[place] - far[place]).mean()


def test_a_region_without_a_style_keeps_the_photo(painter: stylex.Painter, photo: Photo) -> None:
    regions = [Region("person"), Region("background", "great-wave")]
    masks = region_masks(photo, regions, segmenter=Left())
    painted = paint(painter, photo, regions, masks)
    plain = painter(photo, "great-wave", 0)
    change = np.abs(painted.astype(float) - plain).mean(2)
    assert change[:, :32].mean() < 0.25 * change[:, 90:].mean()


def test_strengths_of_one_name_add_up_and_all_are_scaled(painter: stylex.Painter, photo: Photo) -> None:
    masks = {"sky": np.ones((1, 1), np.float32)}
    twice = [Region("sky", "irises", 0.5), Region("sky", "deluge", 0.25)]
    codes, maps = styled(painter, twice, masks, 0.8)
    assert codes.shape[0] == 2
    np.testing.assert_allclose(maps.ravel(), [0.4, 0.2])
    mixed = Region("sky", [("irises", 2.0), ("deluge", 1.0)], 0.75)
    np.testing.assert_array_equal(paint(painter, photo, twice, masks), paint(painter, photo, [mixed], masks))
    np.testing.assert_array_equal(
        paint(painter, photo, [Region("sky", "irises", 0.5)], masks), painter(photo, "irises", 0.5)
    )
    with pytest.raises(UsageError, match="the region sky has strength 2"):
        styled(painter, [Region("sky", "irises", 1.0), Region("sky", "deluge", 1.0)], masks)


def test_own_colors_stay(painter: stylex.Painter, photo: Photo) -> None:
    masks = {"sky": np.ones((1, 1), np.float32)}
    kept = paint(painter, photo, [Region("sky", "deluge")], masks, keep_colors=True)
    np.testing.assert_array_equal(kept, painter(photo, "deluge", keep_colors=True))


def test_protection_takes_the_strength_away_where_it_says(painter: stylex.Painter, photo: Photo) -> None:
    masks = {"photo": np.ones((1, 1), np.float32)}
    protection = np.ones((24, 32), np.float32)
    protection[:, :16] = 0
    painted = paint(painter, photo, [Region("photo", "the-scream")], masks, protection=protection)
    plain, full = painter(photo, "the-scream", 0), painter(photo, "the-scream")
    assert np.abs(painted[:, :40].astype(float) - plain[:, :40]).mean() < 6
    assert (
        np.abs(painted[:, 88:].astype(float) - full[:, 88:]).mean()
        < 0.5 * np.abs(full[:, 88:].astype(float) - plain[:, 88:]).mean()
    )


def test_what_cannot_be_painted(painter: stylex.Painter, photo: Photo) -> None:
    masks = {"sky": np.ones((1, 1), np.float32)}
    with pytest.raises(UsageError, match="no region has a style"):
        paint(painter, photo, [Region("sky")], masks)
    with pytest.raises(UsageError, match=r"holds .*pairs"):
        paint(painter, photo, [Region("sky", ["irises", "deluge"])], masks)  # type: ignore[arg-type]
    crowd = Region("sky", [("irises", 1.0)] * (MOST_STYLES + 1))
    with pytest.raises(UsageError, match=f"have {MOST_STYLES + 1} styles; the graph takes at most {MOST_STYLES}"):
        paint(painter, photo, [crowd], masks)
    fast = stylex.load("fast", "int8", "cpu", style="the-scream", threads=1)
    with pytest.raises(UsageError, match="fast has one style for the whole photo: take adain"):
        paint(fast, photo, [Region("sky", "irises")], masks)


def test_as_many_styles_as_the_graph_takes(painter: stylex.Painter, photo: Photo) -> None:
    crowd = Region("sky", [("irises", 1.0)] * MOST_STYLES)
    masks = {"sky": np.ones((1, 1), np.float32)}
    painted = paint(painter, photo, [crowd], masks)
    assert np.abs(painted.astype(float) - painter(photo, "irises")).max() <= 2


def test_the_picture_of_the_masks(photo: Photo) -> None:
    half = np.zeros(photo.shape[:2], np.float32)
    half[:, 64:] = 1
    shown = overlay(photo, {"a": half}).astype(int)
    assert shown.shape == photo.shape
    assert (shown[:, :64].max(2) == shown[:, :64].min(2)).all(), "grey where no region is"
    assert (shown[:, 64:].max(2) - shown[:, 64:].min(2)).mean() > 40
    assert overlay(photo, {}).shape == photo.shape
