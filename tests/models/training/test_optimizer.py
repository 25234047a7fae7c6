from __future__ import annotations

import pytest
import torch
from torch import nn

from stylex.models.training.optimizer import Optimizer


def network() -> nn.Sequential:
    torch.manual_seed(0)
    made = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 1), nn.Flatten(), nn.Linear(4 * 6 * 6, 5))
    made[1].requires_grad_(False)
    return made.to(memory_format=torch.channels_last)


def stepped(optimizer, net):
    before = [p.detach().clone() for p in net.parameters()]
    optimizer.zero_grad()
    for p in net.parameters():
        if p.requires_grad:
            p.grad = torch.randn_like(p)
    optimizer.step()
    return [p.detach() - old for p, old in zip(net.parameters(), before, strict=True)]


def test_steps_of_muon_are_orthogonal_and_those_of_vectors_adams():
    net = network()
    weight, bias, frozen, frozen_bias, linear, last = stepped(Optimizer(net, 1e-3, 0.9, muon=True), net)
    for moved in (weight.permute(0, 2, 3, 1).flatten(1), linear):
        singular = torch.linalg.svdvals(moved)
        assert singular.min() > 0.4 * singular.max(), "a matrix moves alike in all directions"
        assert moved.square().mean().sqrt() == pytest.approx(2e-4, rel=0.5), "as far as by Adam"
    torch.testing.assert_close(bias.abs(), torch.full_like(bias, 1e-3))
    torch.testing.assert_close(last.abs(), torch.full_like(last, 1e-3))
    assert not frozen.any() and not frozen_bias.any()


def test_without_muon_all_is_adams():
    net = network()
    optimizer = Optimizer(net, 1e-3, 0.9)
    assert list(optimizer.parts) == ["adam"]
    weight, *_ = stepped(optimizer, net)
    torch.testing.assert_close(weight.abs(), torch.full_like(weight, 1e-3))
    optimizer.set_rate(0.0)
    assert not any(moved.any() for moved in stepped(optimizer, net))


def test_gradients_are_forgotten():
    net = network()
    optimizer = Optimizer(net, 1e-3, 0.9, muon=True)
    stepped(optimizer, net)
    optimizer.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_it_goes_on_from_its_own_tensors_alone():
    net = network()
    optimizer = Optimizer(net, 1e-3, 0.9, muon=True)
    stepped(optimizer, net)
    kept = {name: tensor.clone() for name, tensor in optimizer.tensors().items()}
    again = Optimizer(net, 1e-3, 0.9, muon=True)
    again.load(kept)
    assert again.tensors().keys() == kept.keys()
    assert all(torch.equal(tensor, kept[name]) for name, tensor in again.tensors().items())
    everything = Optimizer(net, 1e-3, 0.9)
    with pytest.raises(ValueError, match="is of another optimizer"):
        everything.load(kept)
    stepped(everything, net)
    with pytest.raises(ValueError, match="is of another optimizer"):
        again.load(everything.tensors())


def test_another_memory_format_is_refused():
    with pytest.raises(AssertionError, match="channels-last"):
        Optimizer(nn.Conv2d(3, 8, 3), 1e-3, 0.9, muon=True)
