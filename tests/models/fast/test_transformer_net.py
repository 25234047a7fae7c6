from __future__ import annotations

import torch

from stylex.models.fast.transformer_net import RgbTransformerNet, TransformerNet


def filled(tensors, early=False):
    network = TransformerNet(early).eval()
    network.load_state_dict(tensors)
    return network


@torch.no_grad()
def test_pictures_in_0_to_1_go_through_the_network_of_0_to_255(seeded_parts):
    network = filled(seeded_parts("TransformerNet"))
    content = torch.rand(1, 3, 24, 36)
    painted = network(content)
    assert painted.shape == content.shape and painted.std() > 0.05
    torch.testing.assert_close(painted, network.paint(255 * content).clamp(0, 255) / 255)
    torch.testing.assert_close(RgbTransformerNet(network)(content), painted, atol=1e-4, rtol=0)


@torch.no_grad()
def test_the_early_checkpoints_hold_the_same_network_in_bgr(seeded_parts):
    tensors = seeded_parts("TransformerNet")
    first, last = "conv1.conv2d.weight", ("deconv3.conv2d.weight", "deconv3.conv2d.bias")
    early = {first: tensors[first].flip(1)} | {name: tensors[name].flip(0) for name in last}
    early = {**tensors, **early}
    for old, new in (("weight", "scale"), ("bias", "shift")):
        early = {n.replace(old, new) if "conv2d" not in n else n: t for n, t in early.items()}
    content = torch.rand(1, 3, 24, 24)
    painted = filled(tensors)(content)
    torch.testing.assert_close(filled(early, True)(content), painted, atol=1e-3, rtol=0)
    torch.testing.assert_close(RgbTransformerNet(filled(early, True))(content), painted, atol=1e-3, rtol=0)
