"""What hides under full transparency."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from stylex.errors import InputError
from stylex.imaging.content import picture_of, visible_of
from stylex.imaging.hidden import visible_part, without_hidden
from stylex.imaging.picture import limited
from stylex.imaging.reading import read_picture

PHOTO = np.ascontiguousarray(skimage.data.chelsea()[80:140, 120:210])


@given(st.data())
def test_hidden_pixels_have_no_influence(data: st.DataObject) -> None:
    size = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    one, other = (data.draw(hnp.arrays(np.uint8, (*size, 3))) for _ in range(2))
    alpha = data.draw(hnp.arrays(np.uint8, size, elements=st.sampled_from([0, 0, 1, 128, 255])))
    visible = alpha > 0
    other[visible] = one[visible]
    found = without_hidden(one, alpha)
    np.testing.assert_array_equal(found, without_hidden(other, alpha))
    np.testing.assert_array_equal(found[visible], one[visible])
    if visible.any():
        colors = {tuple(pixel) for pixel in one[visible].tolist()}
        assert all(tuple(pixel) in colors for pixel in found.reshape(-1, 3).tolist())


def test_texture_goes_on() -> None:
    alpha = np.full(PHOTO.shape[:2], 255, np.uint8)
    alpha[:, 45:] = 0
    found = without_hidden(PHOTO, alpha)
    np.testing.assert_array_equal(found[:, 45:80], PHOTO[:, 43:8:-1])
    assert without_hidden(PHOTO, np.full_like(alpha, 1)) is PHOTO
    assert not without_hidden(PHOTO, np.zeros_like(alpha)).any()


def test_memory_is_bounded() -> None:
    """A cut-out product with much around it: its hidden pixels are filled a part at a time."""
    picture = np.zeros((1200, 1600, 3), np.uint8)
    picture[500:600, 700:800] = 200
    tracemalloc.start()
    found = without_hidden(picture, picture[..., 0])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.min() == 200
    assert peak < 16 * picture.shape[0] * picture.shape[1]


@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
def test_files_that_differ_under_alpha_are_the_same_picture(suffix: str, tmp_path: Path) -> None:
    alpha = np.zeros(PHOTO.shape[:2], np.uint8)
    alpha[10:50, 20:70] = 255
    pictures = []
    for color in ((0, 0, 0), (255, 0, 255)):
        rgb = np.where(alpha[..., None] > 0, PHOTO, np.array(color, np.uint8))
        options = {"lossless": True, "exact": True} if suffix == "webp" else {}
        Image.fromarray(np.dstack([rgb, alpha])).save(tmp_path / f"p.{suffix}", **options)
        pictures.append(read_picture(tmp_path / f"p.{suffix}"))
        pictures.append(picture_of(Image.fromarray(np.dstack([rgb, alpha]))))
    for picture in pictures:
        np.testing.assert_array_equal(picture.rgb, pictures[0].rgb)
        small = limited(picture, 30)
        np.testing.assert_array_equal(small.rgb, limited(pictures[0], 30).rgb)
        np.testing.assert_array_equal(visible_part(picture.rgb, picture.alpha, "p"), PHOTO[10:50, 20:70])


def test_a_style_of_which_nothing_is_visible() -> None:
    nothing = Image.fromarray(np.dstack([PHOTO, np.zeros(PHOTO.shape[:2], np.uint8)]))
    with pytest.raises(InputError, match="nothing is visible in the style, it is transparent everywhere"):
        visible_of(nothing, "the style")
    assert visible_part(PHOTO, None, "p") is PHOTO
