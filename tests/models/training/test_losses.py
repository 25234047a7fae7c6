from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pytorch_msssim import ms_ssim
from safetensors.torch import load_file, save_file

from stylex.errors import InputError, ModelError
from stylex.models.encoders import loss_networks
from stylex.models.training import losses


def as_tensor(picture):
    return torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255


@pytest.fixture
def slim(teacher):
    return loss_networks.SlimVgg(teacher)


def test_loss_networks_hand_out_every_stage(teacher, slim):
    x = torch.rand(2, 3, 64, 48)
    assert {k: tuple(v.shape) for k, v in slim(x).items()} == {
        "1_1": (2, 4, 64, 48),
        "2_1": (2, 4, 32, 24),
        "3_1": (2, 6, 16, 12),
        "4_1": (2, 6, 8, 6),
        "5_1": (2, 6, 4, 3),
    }
    assert list(loss_networks.Vgg(teacher)(x)) == ["1_1", "2_1", "3_1"]
    assert not list(slim.parameters()), "they are frozen"


def test_a_missing_loss_network(tmp_path):
    with pytest.raises(InputError, match="name the folder that holds it"):
        loss_networks.Vgg(tmp_path)


def test_a_damaged_loss_network(tmp_path, teacher):
    (tmp_path / loss_networks.VGG_FILE).write_bytes((teacher / loss_networks.VGG_FILE).read_bytes()[:200])
    with pytest.raises(ModelError, match="damaged"):
        loss_networks.Vgg(tmp_path)
    tensors = load_file(teacher / loss_networks.VGG_FILE)
    save_file({k: v for k, v in tensors.items() if k != "conv2_2.bias"}, tmp_path / loss_networks.VGG_FILE)
    with pytest.raises(ModelError, match=r"lacks conv2_2\.bias"):
        loss_networks.Vgg(tmp_path)


def test_the_teacher_is_found_above_the_photos(tmp_path, teacher):
    inside = teacher.parent / "data" / "photos"
    assert loss_networks.find_teacher(None, inside) == teacher
    assert loss_networks.find_teacher(tmp_path, inside) == tmp_path
    with pytest.raises(InputError, match="name one as the teacher"):
        loss_networks.find_teacher(None, tmp_path)


def test_style_loss(slim, photo):
    x = as_tensor(photo[:96, :96])
    have, other = losses.statistics(slim(x)), losses.statistics(slim(1 - x))
    assert losses.style_loss(have, have).item() == 0
    assert losses.style_loss(have, other).item() > 0.01
    one = losses.style_loss(have, other, ("1_1",))
    assert 0 < one.item() < losses.style_loss(have, other).item()


def test_style_loss_does_not_see_where_things_are(slim):
    x = torch.rand(1, 3, 64, 64)
    features = slim(x)
    turned = {name: f.flip(3) for name, f in features.items()}
    assert losses.style_loss(losses.statistics(turned), losses.statistics(features)).item() < 1e-6


def test_gram_loss_sees_which_channels_are_strong_together_and_not_where():
    x = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    grams = losses.gram_matrices({"1_1": x})
    torch.testing.assert_close(grams["1_1"], torch.einsum("bihw,bjhw->bij", x, x) / 64)
    moved = losses.gram_matrices({"1_1": x.roll((3, 5), (2, 3))})
    assert losses.gram_loss(moved, grams).max() < 1e-10
    apart = torch.stack([x[:, 0], x[:, 1].flip(1), x[:, 2]], 1)  # the same means and deviations, other pairs
    assert losses.gram_loss(losses.gram_matrices({"1_1": apart}), grams).min() > 1e-4
    twice = losses.gram_loss(losses.gram_matrices({"1_1": x * 2**0.5}), grams)
    torch.testing.assert_close(twice, torch.ones(2))


def test_content_loss_does_not_see_contrast():
    x = torch.randn(2, 4, 16, 16)
    assert losses.content_loss(x, x).tolist() == [0, 0]
    assert losses.content_loss(3 * x + 1, x).max() < 1e-3
    assert losses.content_loss(x.flip(3), x).min() > 0.5


def test_interpolate_goes_from_one_to_the_other():
    a, b = ({"1_1": (torch.rand(3, 4), torch.rand(3, 4))} for _ in range(2))
    mean, std = losses.interpolate(a, b, torch.tensor([0.0, 0.5, 1.0]))["1_1"]
    torch.testing.assert_close(mean[0], a["1_1"][0][0])
    torch.testing.assert_close(std[1], (a["1_1"][1][1] + b["1_1"][1][1]) / 2)
    torch.testing.assert_close(mean[2], b["1_1"][0][2])


def test_total_variation():
    assert losses.total_variation(torch.full((1, 3, 8, 8), 0.3)).item() == 0
    stairs = torch.arange(8.0).expand(1, 3, 8, 8)
    assert losses.total_variation(stairs).item() == 1
    assert losses.total_variation(stairs.transpose(2, 3)).item() == 1


@pytest.mark.parametrize("period", [4, 8])
def test_checkerboard_sees_the_networks_own_grid(photo, period):
    x = as_tensor(photo)[:, :, :480, :480]
    pattern = 0.1 * torch.randn(1, 3, period, period).repeat(1, 1, 480 // period, 480 // period)
    assert losses.checkerboard(pattern).item() > 0.9
    assert losses.checkerboard(x).item() < 0.15
    assert losses.checkerboard(x + pattern).item() > 4 * losses.checkerboard(x).item()


def test_checkerboard_ignores_other_periods_and_flat_areas():
    grid = 0.02 * torch.randn(1, 3, 7, 7).repeat(1, 1, 70, 70)
    ours = 0.02 * torch.randn(1, 3, 8, 8).repeat(1, 1, 60, 60)
    assert losses.checkerboard(ours) > 4 * losses.checkerboard(grid)
    assert losses.checkerboard(torch.full((1, 3, 96, 96), 0.4)).item() < 1e-9
    with pytest.raises(AssertionError, match="no cell"):
        losses.checkerboard(torch.rand(1, 3, 30, 96))


def test_flat_area_noise_is_fine_detail_where_the_photo_has_none(photo):
    x = as_tensor(photo)[:, :, :128, :128]
    calm = torch.full_like(x, 0.5)
    noise = 0.05 * torch.randn(x.shape)
    assert losses.flat_area_noise(calm, calm).item() < 1e-9
    assert losses.flat_area_noise(calm + noise, calm).item() > losses.flat_area_noise(x + noise, x).item() > 0
    half = torch.cat((calm[:, :, :, :64], (calm + noise)[:, :, :, 64:]), 3)  # rough on its right half only
    on_flat = torch.cat((noise[:, :, :, :64], torch.zeros_like(noise)[:, :, :, 64:]), 3)
    assert losses.flat_area_noise(calm + on_flat, half) > 5 * losses.flat_area_noise(calm + on_flat.flip(3), half)


def test_out_of_range():
    x = torch.tensor([0.0, 0.5, 1.0, -0.5, 1.5, 2.0]).view(1, 3, 1, 2)
    assert losses.out_of_range(x).item() == pytest.approx(2 / 6)


def test_structure_sees_what_moved_and_not_what_brightened(photo):
    x = as_tensor(photo)[:, :, :256, :256]
    assert losses.structure(x, x).item() == pytest.approx(0, abs=1e-3)
    assert losses.structure(x * 0.9 + 0.05, x).item() < 0.05
    assert losses.structure(x.flip(3), x).item() > 0.5
    noisy = [losses.structure(x + s * torch.randn(x.shape), x).item() for s in (0.02, 0.1, 0.4)]
    assert noisy == sorted(noisy)


def test_structure_agrees_with_ms_ssim_on_which_picture_is_closer(photo):
    x = as_tensor(photo)[:, :, :256, :256]
    changed = [F.avg_pool2d(x, k, 1, k // 2) for k in (3, 5, 9)] + [x + 0.2 * torch.randn(x.shape)]
    ours = [losses.structure(c, x).item() for c in changed]
    known = [1 - float(ms_ssim(c.clamp(0, 1), x, data_range=1.0)) for c in changed]
    assert np.corrcoef(ours, known)[0, 1] > 0.7


def test_local_style_wants_the_style_where_it_is_alike():
    """Two materials, told apart by one channel and painted in others: each position wants those of its own material."""
    photo = torch.zeros(1, 3, 4, 4)
    photo[:, 0, :2] = 8.0
    style = torch.zeros(1, 3, 4, 4)
    style[:, 0, :, :2], style[:, 1, :, :2], style[:, 2, :, 2:] = 8.0, 5.0, 3.0
    wanted = style.transpose(2, 3)  # the same two materials, above one another as in the photo
    right, wrong = losses.local_style(wanted, photo, style), losses.local_style(wanted.flip(2), photo, style)
    assert right.item() < 0.1 < 0.5 < wrong.item()


def test_random_crops_are_seeded_and_share_their_place():
    x = torch.arange(100.0).view(1, 1, 10, 10).repeat(3, 1, 1, 1)
    one, two = (losses.random_crops(x, 4, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, two) and one.shape == (3, 1, 4, 4)
    assert torch.equal(one[0], one[2])
    assert losses.random_crops(x, 10, torch.Generator()).shape == x.shape


def test_iridescence_is_colour_that_changes_where_the_photo_is_flat():
    flat = torch.full((1, 3, 96, 96), 0.5)
    ramp = torch.linspace(-0.2, 0.2, 96).expand(1, 96, 96)
    bands = flat + torch.stack((ramp, -ramp, 0 * ramp), 1)  # green on the left, pink on the right
    assert losses.iridescence(flat, flat).item() == pytest.approx(0, abs=1e-6)
    assert losses.iridescence(flat + ramp[:, None], flat).item() < 1e-6, "lightness may change"
    found = losses.iridescence(bands, flat).item()
    assert found > 1e-3
    assert losses.iridescence(bands, torch.rand(1, 3, 96, 96)).item() < 0.05 * found, "a rough photo may be colourful"
