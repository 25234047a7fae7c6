from __future__ import annotations

import numpy as np
import pytest
import torch

from stylex.imaging import palette as runtime
from stylex.models.shared import palette


def as_tensor(picture):
    return torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255


@pytest.fixture
def pictures(photo):
    return photo[:200, :160], np.ascontiguousarray(photo[::-2, ::2][:, :, ::-1])


def test_torch_measures_as_the_runtime_does(photo, pictures):
    for picture in (photo, *pictures):
        found = palette.as_numbers(palette.measured(as_tensor(picture)))[0]
        np.testing.assert_allclose(found, runtime.palette_of(picture), atol=1e-6)


def test_numbers_are_read_back():
    numbers = torch.rand(3, 9)
    torch.testing.assert_close(palette.as_numbers(palette.of_numbers(numbers)), numbers)


@pytest.mark.parametrize("most", [1.3, 4.0])
def test_torch_maps_as_the_runtime_does(pictures, most):
    a, b = (palette.measured(as_tensor(x)) for x in pictures)
    matrix, offset = palette.transport(a, b, most)
    wanted = runtime.transport(*(runtime.palette_of(x) for x in pictures), most)
    np.testing.assert_allclose(torch.cat((matrix[0], offset[0, :, None]), 1), wanted, atol=1e-4)


def test_torch_goes_the_way_as_the_runtime_does(pictures):
    a, b = (palette.measured(as_tensor(x)) for x in pictures)
    have = palette.as_numbers(palette.between(a, b, torch.tensor([0.3])))[0]
    numbers = [runtime.palette_of(x) for x in pictures]
    wanted = runtime.between(numbers[0], numbers[1][None], np.array([0.3], np.float32))
    np.testing.assert_allclose(have, wanted, atol=1e-5)


def test_torch_recolors_as_the_runtime_does(pictures):
    photo, style = pictures
    colors = palette.before(palette.measured(as_tensor(photo)), palette.measured(as_tensor(style)))
    have = palette.recolored(as_tensor(photo), colors, torch.tensor([0.7]))
    amounts = np.full((1, 1, 1, 1), 0.7, np.float32)
    wanted = runtime.recolored(
        photo, runtime.maps_before(runtime.palettes_under(photo, amounts), runtime.palette_of(style)[None]), amounts
    )
    # OpenCV multiplies bytes by matrices of a few binary digits
    assert (have[0].clamp(0, 1) * 255 - as_tensor(wanted)[0] * 255).abs().max() <= 0.8


def test_gradients_of_a_map():
    x = torch.rand(1, 3, 6, 6, dtype=torch.float64, requires_grad=True)
    target = (torch.rand(1, 3).double(), torch.diag(torch.tensor([0.05, 0.02, 0.01])).double()[None])
    assert torch.autograd.gradcheck(lambda y: palette.transport(palette.measured(y), target, 0.9), (x,))


@pytest.mark.parametrize("level", [0.0, 0.5])
def test_pictures_of_one_colour_have_finite_gradients(level):
    flat = torch.full((2, 3, 8, 8), level, requires_grad=True)
    target = palette.measured(torch.rand(2, 3, 8, 8))
    made = palette.recolored(flat, palette.transport(palette.measured(flat), target, 2.0), torch.ones(2))
    made.square().sum().backward()
    assert torch.isfinite(made).all() and flat.grad is not None and torch.isfinite(flat.grad).all()


def test_torch_tones_as_the_runtime_does(pictures):
    """Of a coloured photo, a greyish one and a grey one."""
    photo, style = pictures
    grey = photo.mean(2, keepdims=True)
    numbers = runtime.palette_of(style)
    for colors in (1.0, 0.05, 0.0):
        some = np.clip(grey + colors * (photo - grey), 0, 255).astype(np.uint8)
        have = palette.toned(palette.measured(as_tensor(style)), palette.measured(as_tensor(some)))
        wanted = runtime.toned(numbers, runtime.palette_of(some))
        np.testing.assert_allclose(palette.as_numbers(have)[0], wanted, atol=1e-5)
