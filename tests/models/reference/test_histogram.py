"""The runtime's lookup tables against the same by sorting, in torch."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from skimage.exposure import match_histograms

from stylex.errors import UsageError
from stylex.models.reference import histogram
from stylex.runtime import histogram as runtime

shapes = arrays.array_shapes(min_dims=2, max_dims=2, max_side=9).map(lambda shape: (*shape, 3))
pictures = st.sampled_from([np.uint8, np.uint16]).flatmap(lambda kind: st.tuples(*[arrays.arrays(kind, shapes)] * 2))


def gap(one, other):
    return np.abs(one.astype(int) - other).max()


@pytest.mark.parametrize("space", runtime.SPACES)
@pytest.mark.parametrize("strength", [1.0, 0.4])
def test_photos(space, strength):
    photo, other = skimage.data.astronaut()[::3, ::3], skimage.data.coffee()[::3, ::3]
    style = [(other, 2.0), (skimage.data.chelsea()[::3, ::3], 1.0)]
    for one in (other, style):
        painted = histogram.match(photo, one, space, strength)
        assert painted.dtype == np.uint8 and painted.shape == photo.shape
        assert gap(painted, runtime.match(photo, one, space, strength)) <= 1


@settings(deadline=None, max_examples=60)
@given(pictures, st.sampled_from(runtime.SPACES))
def test_anything(pair, space):
    photo, style = pair
    painted = histogram.match(photo, style, space)
    assert painted.dtype == photo.dtype and painted.shape == photo.shape
    scale = 1 if photo.dtype == np.uint8 or space == "rgb" else 257
    assert gap(painted, runtime.match(photo, style, space)) <= scale
    if space == "rgb":
        assert gap(painted, match_histograms(photo, style, channel_axis=2)) <= 1
        np.testing.assert_array_equal(histogram.match(photo, photo), photo)


def test_strength_0_is_the_photo():
    photo = skimage.data.chelsea()[:20, :30]
    np.testing.assert_array_equal(histogram.match(photo, photo[::-1], "lab", 0.0), photo)


def test_values_need_no_levels():
    values, wanted = torch.rand(3, 200), 5 + torch.rand(3, 300) ** 2
    found = histogram.matched(values.double(), wanted.double())
    for have, got, want in zip(values, found, wanted, strict=True):
        assert torch.equal(have.argsort(), got.argsort())
        torch.testing.assert_close(got.mean(), want.double().mean(), atol=0.02, rtol=0)


def test_the_same_errors():
    photo = skimage.data.chelsea()[:20, :30]
    with pytest.raises(UsageError, match="colour space"):
        histogram.match(photo, photo, "cmyk")
