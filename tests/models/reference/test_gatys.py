"""Optimization of pixels with a tiny network."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
import torch
import torch.nn.functional as F
from torch import nn

from stylex.errors import InputError, ModelError, UsageError
from stylex.models.reference.gatys import Gatys, GatysSettings, shared_out, sizes
from stylex.models.reference.pixels import as_picture, as_tensor, resized
from stylex.models.reference.style_losses import LAYER_WEIGHTS, StyleTarget, moments

PHOTO = np.ascontiguousarray(skimage.data.astronaut()[40:104, 180:260])  # 80x64
STYLE = np.ascontiguousarray(skimage.data.coffee()[100:180, 200:300])
FEW = {"iterations": 12, "coarsest": 40}


class Tiny(nn.Module):
    """Five layers of six channels, seeded."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(5)
        self.kernels = nn.ParameterList(
            torch.randn(6, 3 if i == 0 else 6, 3, 3, generator=generator) / (5 if i else 2) for i in range(5)
        )
        self.requires_grad_(False)

    def forward(self, x):
        found = {}
        for name, kernel in zip(LAYER_WEIGHTS, self.kernels, strict=True):
            x = found[name] = F.relu(F.conv2d(x if name == "1_1" else F.max_pool2d(x, 2), kernel, padding=1))
        return found


@pytest.fixture(scope="module")
def network():
    return Tiny()


def gatys(network, **settings):
    return Gatys(network, "4_1", GatysSettings(**{**FEW, **settings}), half=False)


def style_distance(network, picture, kind="wasserstein"):
    wanted = {name: moments(y) for name, y in network(as_tensor(STYLE)).items()}
    return float(StyleTarget(wanted, kind)(network(as_tensor(picture))))


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
@pytest.mark.parametrize("loss", ["wasserstein", "gram"])
def test_the_style_comes_nearer(network, optimizer, loss):
    before = PHOTO.copy()
    free = {"content_weight": 0.02, "variation": 0.05}
    painting = gatys(network, optimizer=optimizer, loss=loss, iterations=30, **free)(PHOTO, [(STYLE, 1.0)])
    assert painting.picture.shape == PHOTO.shape and painting.picture.dtype == np.uint8
    assert (painting.done, painting.stopped) == (30, False)
    assert style_distance(network, painting.picture, loss) < 0.5 * style_distance(network, PHOTO, loss)
    np.testing.assert_array_equal(PHOTO, before)


def test_it_is_the_same_every_time(network):
    one, two = (gatys(network)(PHOTO, [(STYLE, 1.0)]).picture for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_without_a_style_weight_the_photo_stays(network):
    plain = gatys(network, style_weight=0.0, variation=0.0, content_weight=1.0)(PHOTO, [(STYLE, 1.0)]).picture
    far = gatys(network, content_weight=0.0)(PHOTO, [(STYLE, 1.0)]).picture
    assert np.abs(plain.astype(float) - PHOTO).mean() < 0.5 * np.abs(far.astype(float) - PHOTO).mean()
    smooth = gatys(network, style_weight=0.0, variation=50.0)(PHOTO, [(STYLE, 1.0)]).picture.astype(float)
    assert np.abs(np.diff(smooth, axis=0)).mean() < 0.8 * np.abs(np.diff(PHOTO.astype(float), axis=0)).mean()


def test_weights_of_styles(network):
    other = np.ascontiguousarray(skimage.data.chelsea()[:70, :60])
    alone = gatys(network)(PHOTO, [(STYLE, 1.0)]).picture
    np.testing.assert_array_equal(gatys(network)(PHOTO, [(STYLE, 3.0), (other, 0.0)]).picture, alone)
    mixed = gatys(network)(PHOTO, [(STYLE, 1.0), (other, 1.0)]).picture
    assert style_distance(network, alone) < style_distance(network, mixed) < style_distance(network, PHOTO)


def test_every_iteration_is_told(network):
    steps = []
    painting = gatys(network)(PHOTO, [(STYLE, 1.0)], steps.append)
    assert [step.done for step in steps] == list(range(1, 13))
    assert all(step.losses.keys() == {"style", "content", "variation"} for step in steps)
    assert steps[0].picture().shape == PHOTO.shape
    np.testing.assert_array_equal(steps[-1].picture(), painting.picture)


def test_ctrl_c_keeps_what_there_is(network):
    kept = []

    def pressed(step):
        kept.append(step.picture())
        if step.done == 5:
            raise KeyboardInterrupt

    painting = gatys(network)(PHOTO, [(STYLE, 1.0)], pressed)
    assert (painting.done, painting.stopped) == (5, True)
    np.testing.assert_array_equal(painting.picture, kept[-1])


def test_ctrl_c_before_the_first_iteration(network, monkeypatch):
    def pressed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Tiny, "forward", pressed)
    painting = gatys(network)(PHOTO, [(STYLE, 1.0)])
    assert (painting.done, painting.stopped) == (0, True)
    np.testing.assert_array_equal(painting.picture, PHOTO)


@pytest.mark.parametrize("shape", [(16, 16), (17, 90), (200, 16)])
def test_small_and_long_pictures(network, shape):
    photo = np.ascontiguousarray(np.resize(PHOTO, (*shape, 3)))
    painting = gatys(network, coarsest=32, iterations=4)(photo, [(STYLE[:16, :20], 1.0)])
    assert painting.picture.shape == photo.shape and painting.done == 4


def test_what_cannot_be_painted(network):
    with pytest.raises(InputError, match="the photo is 80x15; gatys needs at least 16x16"):
        gatys(network)(PHOTO[:15], [(STYLE, 1.0)])
    with pytest.raises(InputError, match="a style is 9x80"):
        gatys(network)(PHOTO, [(STYLE[:, :9], 1.0)])
    for wrong, expected in (
        ({"iterations": 0}, "iterations is 0; it must be 1 or more"),
        ({"loss": "l1"}, "the loss is 'l1'; choose wasserstein or gram"),
        ({"optimizer": "sgd"}, "the optimizer is 'sgd'; choose adam or lbfgs"),
    ):
        with pytest.raises(UsageError, match=expected):
            gatys(network, **wrong)(PHOTO, [(STYLE, 1.0)])
    with pytest.raises(UsageError, match="not all 0"):
        gatys(network)(PHOTO, [(STYLE, 0.0)])
    with pytest.raises(ModelError, match="not finite any more: use the optimizer adam"):
        gatys(network, style_weight=float("inf"))(PHOTO, [(STYLE, 1.0)])


def test_sizes_grow_by_the_root_of_two():
    assert sizes(512, 128) == [128, 181, 256, 362, 512]
    assert sizes(500, 128) == [177, 250, 354, 500]
    assert sizes(100, 128) == [100]
    assert sizes(1, 128) == [1]


def test_iterations_are_shared_out():
    assert shared_out(300, 5) == [100, 50, 50, 50, 50]
    assert shared_out(7, 1) == [7]
    for iterations in (1, 2, 3, 11):
        parts = shared_out(iterations, 5)
        assert sum(parts) == iterations and min(parts) >= 0


def test_pictures_there_and_back():
    np.testing.assert_array_equal(as_picture(as_tensor(PHOTO), PHOTO), PHOTO)
    assert as_picture(as_tensor(PHOTO), STYLE).shape == STYLE.shape
    assert resized(as_tensor(PHOTO), 40).shape == (1, 3, 32, 40)
    assert resized(as_tensor(PHOTO), 10).shape == (1, 3, 16, 16)
    assert resized(as_tensor(PHOTO), 80) is not None
