from __future__ import annotations

import torch

from stylex.models.shared.backbone import BackboneSpec, Trunk
from stylex.models.training.growing import grow

SMALL = BackboneSpec(quarter=6, eighth=12, blocks=1, fine_blocks=1)
LARGE = BackboneSpec(quarter=8, eighth=20, blocks=3, fine_blocks=2)


def test_a_grown_network_paints_the_same_and_its_new_parts_can_learn():
    small, large, photo = Trunk(SMALL), Trunk(LARGE), torch.rand(1, 3, 36, 44)
    grow(small, large)
    painted = large.paint(large.stem(photo))
    torch.testing.assert_close(painted, small.paint(small.stem(photo)))
    painted.square().mean().backward()
    assert large.coarse[0].second.weight.grad.abs().max() > 0
    assert large.up.conv.weight.grad[:, 12:].abs().max() > 0
