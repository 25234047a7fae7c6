from __future__ import annotations

import pytest
import torch

from stylex.models.shared.backbone import BackboneSpec, Trunk
from stylex.models.training.pruning import deeper_name, pruned

SPEC = BackboneSpec(quarter=8, eighth=16, blocks=2, fine_blocks=2)
NARROW = BackboneSpec(quarter=6, eighth=12, blocks=2, fine_blocks=2)


def painted(trunk: Trunk, photo: torch.Tensor) -> torch.Tensor:
    return trunk.paint(trunk.stem(photo))


def of(trunk: Trunk, spec: BackboneSpec) -> Trunk:
    small = Trunk(spec)
    small.load_state_dict(pruned(trunk, spec).state)
    return small


@torch.no_grad()
def test_nothing_pruned_is_the_same_network():
    trunk, photo = Trunk(SPEC), torch.rand(1, 3, 36, 44)
    torch.testing.assert_close(painted(of(trunk, SPEC), photo), painted(trunk, photo))
    left = pruned(trunk, SPEC)
    assert left.eighth.tolist() == list(range(16)) and left.quarter.tolist() == list(range(8))


@torch.no_grad()
def test_channels_without_weight_go_first():
    """A network in which the surplus channels do nothing paints the same without them, wherever they stand."""
    trunk, photo = Trunk(SPEC), torch.rand(1, 3, 36, 44)
    silent, mute = [1, 4, 8, 15], [0, 5]
    for name, parameter in trunk.named_parameters():
        if parameter.shape[0] in (8, 16):
            parameter[silent if parameter.shape[0] == 16 else mute] = 0
        if parameter.ndim == 4 and parameter.shape[1] in (8, 16):
            parameter[:, silent if parameter.shape[1] == 16 else mute] = 0
        assert parameter.abs().sum() > 0, name
    left = pruned(trunk, NARROW)
    assert not set(left.eighth.tolist()) & set(silent) and not set(left.quarter.tolist()) & set(mute)
    torch.testing.assert_close(painted(of(trunk, NARROW), photo), painted(trunk, photo))


@torch.no_grad()
def test_the_last_blocks_stay():
    trunk, shallow = Trunk(SPEC), BackboneSpec(8, 16, 1, 1)
    small = of(trunk, shallow)
    torch.testing.assert_close(small.coarse[0].second.weight, trunk.coarse[1].second.weight)
    torch.testing.assert_close(small.fine[0].second.weight, trunk.fine[1].second.weight)
    assert deeper_name("coarse.0.second.bias", SPEC, shallow) == "coarse.1.second.bias"
    assert deeper_name("up.conv.bias", SPEC, shallow) == "up.conv.bias"


def test_a_wider_network_is_none_of_its_parts():
    with pytest.raises(RuntimeError):
        pruned(Trunk(NARROW), SPEC)
