from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from stylex.models.adain.embedded import embedded_adain
from stylex.models.adain_s.network import SMALL_SPEC, pruned_adain
from stylex.models.adain_s.recipe import SmallAdaINRecipe
from stylex.models.training.request import Request
from stylex.models.weights import CALIBRATION, embedded, read_weights

CPU = torch.device("cpu")


@pytest.fixture
def photos(crops) -> Path:
    return crops("photos", 9)


@torch.no_grad()
def test_its_codes_are_those_of_the_channels_that_stayed():
    teacher = embedded_adain()[0]
    small, style = pruned_adain(teacher), torch.rand(1, 3, 64, 64)
    have, want = small.encode(style)[0], teacher.encode(style)[0]
    assert len(have) == SMALL_SPEC.code_size + 9
    assert all(any(torch.isclose(number, want, atol=1e-5)) for number in have)
    sigmas = small.sigmas(have[None, : SMALL_SPEC.code_size])
    assert [s.shape[1] for s in sigmas] == list(SMALL_SPEC.sites) and all((s > 0).all() for s in sigmas)


def test_it_learns_to_paint_like_its_teacher(photos):
    values = {"content": photos, "style": photos, "teacher": None, "start": None}
    values |= {"size": 96, "batch": 2, "hold_out": 0.0}
    recipe = SmallAdaINRecipe.from_request(Request(values, CPU, print))
    recipe.restart(0)
    optimizer = torch.optim.Adam(recipe.network.parameters(), 1e-3)
    found = []
    for _ in range(16):
        loss, _ = recipe.step(np.random.default_rng(0), CPU)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(float(loss.detach()))
    assert found[-1] < 0.9 * found[0]
    assert recipe.describe()["teacher"]["weights_sha256"] == read_weights(embedded("adain")).sha256
    assert recipe.extras(recipe.network)[CALIBRATION].shape == (64, SMALL_SPEC.code_size + 9)
