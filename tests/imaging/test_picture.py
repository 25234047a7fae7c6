"""Arrays that are pictures, and those that aren't."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stylex.errors import InputError
from stylex.imaging.picture import as_rgb
from stylex.imaging.reading import read_picture
from stylex.imaging.writing import write_picture


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.zeros((4, 5, 3), np.float32), "got float32 (4, 5, 3); a picture is a numpy uint8 array of shape (H, W, 3)"),
        (np.zeros((4, 5, 3)), "multiply 0..1 values by 255 and convert to uint8"),
        (np.zeros((4, 5, 3), np.uint16), "scale to 0..255 and convert to uint8"),
        (np.zeros((4, 5, 3), bool), "convert to uint8"),
        (np.zeros((4, 5, 4), np.uint8), "split the alpha off"),
        (np.zeros((4, 5), np.uint8), "repeat grey"),
        (np.zeros((3, 5, 7), np.uint8), "channels last"),
        (np.zeros((1, 4, 5, 3), np.uint8), "one picture at a time"),
        (np.zeros((5, 5, 2), np.uint8), "red, green and blue"),
        (np.zeros((), np.uint8), "got uint8 ()"),
        (np.zeros((0, 5, 3), np.uint8), "no pixels (5x0)"),
        (np.broadcast_to(np.uint8(0), (8001, 8000, 3)), "64.0 megapixels (8000x8001); the limit is 64"),
        ([[[0, 0, 0]]], "got a list"),
        (Image.new("RGB", (2, 2)), "numpy.asarray"),
        (None, "got a NoneType"),
    ],
)
def test_arrays_that_are_no_picture(array: object, expected: str) -> None:
    with pytest.raises(InputError, match=re.escape(expected)) as caught:
        as_rgb(array)
    assert "\n" not in str(caught.value)


def test_as_rgb_gives_contiguous_pixels(photo: np.ndarray, tmp_path: Path) -> None:
    assert as_rgb(photo) is photo
    mirrored = photo[:, ::-1]
    contiguous = as_rgb(mirrored)
    assert contiguous.flags.c_contiguous
    np.testing.assert_array_equal(contiguous, mirrored)
    write_picture(tmp_path / "mirrored.png", mirrored, mirrored[..., 0])  # strided, both
    picture = read_picture(tmp_path / "mirrored.png")
    visible = mirrored[..., 0] > 0
    np.testing.assert_array_equal(picture.rgb[visible], mirrored[visible])
    np.testing.assert_array_equal(picture.alpha, mirrored[..., 0])
