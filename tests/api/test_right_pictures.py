"""Pictures that must come out right, whatever the technique."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

import stylex
from stylex.errors import InputError
from stylex.imaging.picture import Picture, limited
from stylex.techniques import ARBITRARY

PHOTO = np.ascontiguousarray(skimage.data.coffee()[80:240:2, 100:340:2])
STYLE = np.ascontiguousarray(skimage.data.immunohistochemistry()[::4, ::4])
QUICK = [*ARBITRARY, "fast", "cyclegan", "histogram"]


def style_for(technique: str) -> object:
    return {"fast": "the-scream", "cyclegan": "cartoon", "histogram": STYLE}.get(technique, "irises")


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other).mean())


@pytest.mark.parametrize("technique", QUICK)
@pytest.mark.parametrize(
    "options", [{}, {"keep_colors": True, "size": 64}, {"tile": 512}], ids=["plain", "small", "tiles"]
)
def test_strength_0_is_the_photo(technique: str, options: dict[str, int]) -> None:
    if "tile" in options and technique == "histogram":
        pytest.skip("histogram matching has no tiles")
    result = stylex.stylize(PHOTO, technique, style=style_for(technique), strength=0, threads=1, **options)
    np.testing.assert_array_equal(result, limited(Picture(PHOTO), options.get("size")).rgb)


@pytest.mark.parametrize("technique", [*ARBITRARY, "fast", "histogram"])
def test_strengths_lead_away_from_the_photo_step_by_step(technique: str) -> None:
    painter = stylex.load(technique, **({"style": "the-scream"} if technique == "fast" else {}))
    style = None if technique == "fast" else style_for(technique)
    strengths = (0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5, 0.75, 1)
    distances = [apart(painter(PHOTO, style, strength), PHOTO) for strength in strengths]
    assert distances[0] == 0
    assert distances[1] < 2.5
    assert all(after > before - 0.5 for before, after in itertools.pairwise(distances))
    assert max(np.diff(distances)[:6]) < 0.35 * distances[-1] + 3


def test_a_region_of_strength_0_is_the_photo() -> None:
    mask = np.zeros(PHOTO.shape[:2], np.float32)
    mask[:, :60] = 1
    for left in (None, ("irises", 0)):
        for kept in (False, True):
            options = {"masks": {"left": mask}, "feather": 0, "keep_colors": kept}
            result = stylex.stylize(PHOTO, "adain", regions={"left": left, "background": "irises"}, **options)
            assert apart(result[:, :40], PHOTO[:, :40]) < 0.5
            assert apart(result[:, 80:], PHOTO[:, 80:]) > 5


def cutout(color: tuple[int, int, int], picture: np.ndarray) -> Image.Image:
    """A picture in the middle of hidden pixels of one colour."""
    alpha = np.zeros(picture.shape[:2], np.uint8)
    alpha[16:-16, 16:-16] = 255
    return Image.fromarray(np.dstack([np.where(alpha[..., None] > 0, picture, np.array(color, np.uint8)), alpha]))


@pytest.mark.parametrize("technique", QUICK)
def test_hidden_pixels_of_the_photo_have_no_influence(technique: str) -> None:
    painted = [
        np.asarray(stylex.stylize(cutout(color, PHOTO), technique, style=style_for(technique), threads=1))
        for color in ((0, 0, 0), (255, 0, 255))
    ]
    assert painted[0].shape[2] == 4
    np.testing.assert_array_equal(*painted)


@pytest.mark.parametrize("technique", [*ARBITRARY, "histogram"])
def test_hidden_pixels_of_the_style_have_no_influence(technique: str, tmp_path: Path) -> None:
    for name, color in (("black.png", (0, 0, 0)), ("magenta.png", (255, 0, 255))):
        cutout(color, STYLE).save(tmp_path / name)
    styles = [cutout((0, 255, 0), STYLE), tmp_path / "black.png", str(tmp_path / "magenta.png"), STYLE[16:-16, 16:-16]]
    painted = [stylex.stylize(PHOTO, technique, style=style, threads=1) for style in styles]
    for other in painted[1:]:
        np.testing.assert_array_equal(painted[0], other)


@pytest.mark.parametrize("technique", [*ARBITRARY, "histogram", "gatys"])
def test_a_style_of_which_nothing_is_visible_is_refused(technique: str) -> None:
    nothing = Image.new("RGBA", (80, 80), (200, 10, 10, 0))
    with pytest.raises(InputError, match="nothing is visible in"):
        stylex.stylize(PHOTO, technique, style=nothing)


def test_grey_stays_grey_with_kept_colours() -> None:
    grey = np.repeat(PHOTO.mean(2).astype(np.uint8)[..., None], 3, 2)
    result = stylex.stylize(grey, "adain", style="composition-vii", keep_colors=True)
    assert (result == result[..., :1]).all()


@pytest.mark.parametrize("technique", ARBITRARY)
def test_a_photo_in_its_own_style_changes_little(technique: str) -> None:
    own = stylex.stylize(PHOTO, technique, style=PHOTO)
    other = stylex.stylize(PHOTO, technique, style="composition-vii")
    assert apart(own, PHOTO) < 0.6 * apart(other, PHOTO)
