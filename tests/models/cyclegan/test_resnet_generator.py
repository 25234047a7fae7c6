from __future__ import annotations

import pytest
import torch

from stylex.models.cyclegan.resnet_generator import ResnetGenerator, RgbResnetGenerator


@pytest.mark.parametrize("blocks", [6, 9])
@torch.no_grad()
def test_pictures_in_0_to_1_go_through_the_network_of_minus_1_to_1(seeded_parts, blocks):
    network = ResnetGenerator(blocks).eval()
    network.load_state_dict(seeded_parts("ResnetGenerator", blocks=blocks))
    content = torch.rand(1, 3, 20, 28)
    painted = network(content)
    assert painted.shape == content.shape and painted.std() > 0.05
    assert network.paint(2 * content - 1).min() < 0
    folded = RgbResnetGenerator(network)(content)
    assert (folded - painted).abs().max() < 0.1 / 255, "the cut in front of the tanh can't be seen"
