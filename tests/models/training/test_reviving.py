from __future__ import annotations

import torch

from stylex.models.shared.backbone import BackboneSpec, Trunk
from stylex.models.training.reviving import revive

SPEC = BackboneSpec(quarter=8, eighth=12, blocks=2, fine_blocks=1)


def test_dead_channels_come_back_and_the_pictures_stay():
    torch.manual_seed(0)
    trunk, photos = Trunk(SPEC), torch.rand(2, 3, 36, 44)
    hidden = [trunk.stem, trunk.entry.conv, trunk.coarse[0].first.conv, trunk.fine[0].first.conv]
    with torch.no_grad():
        for convolution in (*hidden, trunk.coarse[-1].second):
            convolution.bias[2:6] = -1e3

    def paint():
        return trunk.paint(trunk.stem(photos))

    before = paint()
    assert revive(trunk, paint, 0) >= 20
    torch.testing.assert_close(paint(), before, atol=0.02, rtol=0)
    assert revive(trunk, paint, 0) < 4, "what was revived may move a later channel, no more"
    paint().square().mean().backward()
    for reader in (trunk.entry.conv, trunk.skip, trunk.coarse[0].second, trunk.up.conv):
        assert (reader.weight.grad[:, 2:6].abs().amax((0, 2, 3)) > 0).all()


def test_a_trunk_that_is_alive_keeps_its_weights():
    torch.manual_seed(0)
    trunk, photos = Trunk(SPEC), torch.rand(2, 3, 36, 44)
    for convolution in trunk.modules():
        if isinstance(convolution, torch.nn.Conv2d):
            convolution.weight.data.mul_(0.1)
            convolution.bias.data.fill_(1.0)
    before = {name: value.clone() for name, value in trunk.state_dict().items()}
    assert revive(trunk, lambda: trunk.paint(trunk.stem(photos)), 0) == 0
    assert all(torch.equal(before[name], value) for name, value in trunk.state_dict().items())
