from __future__ import annotations

import numpy as np
import pytest
import torch

from stylex.models.encoders.loss_networks import LossNetworks
from stylex.models.training.data import load_folder
from stylex.models.training.style_bank import (
    PIXELS,
    StyleBank,
    StyleTarget,
    joined,
    quantile_distances,
    relative_style_losses,
)

CPU = torch.device("cpu")


@pytest.fixture
def bank(teacher, crops):
    return StyleBank(load_folder(crops("painting", 9), 128), LossNetworks(teacher, CPU), 96, 5, 3, CPU)


def test_a_crop_and_its_target_are_the_same_every_time(bank, teacher, crops):
    pictures, targets = bank.sample(6, np.random.default_rng(0))
    assert pictures.shape == (6, 3, 96, 96) and len(bank._kept) <= 5
    again, more = bank.sample(6, np.random.default_rng(0))
    assert torch.equal(pictures, again) and torch.equal(targets.quantiles[PIXELS], more.quantiles[PIXELS])
    other = StyleBank(bank.paintings, bank.loss_networks, 96, 5, 3, CPU)
    other.sample(2, np.random.default_rng(1))  # in another order
    assert torch.equal(other.sample(6, np.random.default_rng(0))[0], pictures)


def test_a_target_is_what_its_crop_has(bank):
    pictures, targets = bank.sample(2, np.random.default_rng(0))
    have = StyleTarget.of(pictures, bank.loss_networks.seen(pictures)[0])
    scale = dict.fromkeys(have.statistics, 1.0)
    assert relative_style_losses(have, targets, scale).max() < 1e-3  # but for bfloat16
    assert all(d.max() < 1e-2 for d in quantile_distances(have, targets))
    assert relative_style_losses(have, joined([targets.at(1), targets.at(0)]), scale).min() > 1e-3


def test_on_the_way_from_one_target_to_another(bank):
    _, targets = bank.sample(2, np.random.default_rng(0))
    a, b = targets.at(0), targets.at(1)
    for share, wanted in ((0.0, a), (1.0, b)):
        found = a.towards(b, share)
        torch.testing.assert_close(found.quantiles[PIXELS], wanted.quantiles[PIXELS])
        torch.testing.assert_close(found.statistics["1_1"], wanted.statistics["1_1"])
