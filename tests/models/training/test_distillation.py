from __future__ import annotations

import torch
import torch.nn.functional as F

from stylex.models.training.distillation import picture_distance


def test_a_blurred_picture_is_farther_than_its_pixels():
    """The steps between neighbours count: what fades is farther than what is a little too dark everywhere."""
    picture = torch.rand(2, 3, 64, 64)
    blurred = F.avg_pool2d(picture, 3, 1, 1, count_include_pad=False)
    darker = (picture - (picture - blurred).abs().mean((1, 2, 3), keepdim=True)).clamp(0, 1)
    assert picture_distance(picture, picture).abs().max() == 0
    assert (picture_distance(blurred, picture) > 1.5 * picture_distance(darker, picture)).all()


def test_what_the_clamp_cuts_still_learns():
    student = torch.full((1, 3, 16, 16), 1.2, requires_grad=True)
    picture_distance(student, torch.full((1, 3, 16, 16), 0.5)).sum().backward()
    assert student.grad.min() > 0
