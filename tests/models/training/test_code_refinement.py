"""A style code is refined on its own painting, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from skimage import data

from stylex.imaging.writing import write_picture
from stylex.models.adain_s.network import small_adain
from stylex.models.encoders.loss_networks import LossNetworks
from stylex.models.training.arbitrary_style import ArbitraryStyleSettings
from stylex.models.training.code_refinement import CodeRefinement, Refined
from stylex.models.weights import embedded, read_weights


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> CodeRefinement:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(8):
        write_picture(folder / f"{number}.png", np.roll(data.astronaut()[::2, ::2], 20 * number, 1))
    network = small_adain()
    read_weights(embedded("adain-s")).fill(network)
    settings = ArbitraryStyleSettings(size=96, batch=2, hold_out=0)
    painting = np.ascontiguousarray(data.coffee()[:, :400])
    return CodeRefinement(network, folder, painting, LossNetworks(None, torch.device("cpu")), settings)


@pytest.fixture
def refinement(made: CodeRefinement) -> Iterator[CodeRefinement]:
    encoded = made.code.clone()
    yield made
    made.code = encoded


def test_the_code_alone_becomes_better(refinement: CodeRefinement) -> None:
    encoded, weights = refinement.code.clone(), {k: v.clone() for k, v in refinement.network.state_dict().items()}
    seen: list[int] = []
    found = refinement.refined(6, 0, lambda number, losses: seen.append(number))
    assert seen == [1, 2, 3, 4, 5, 6]
    assert sum(found.after.values()) < sum(found.before.values())
    assert found.after["style"] < found.before["style"]
    size = refinement.network.code_size
    moved = (found.values - encoded[0]).abs()
    assert moved[:size].max() > 0.005 and moved[size:].max() == 0, "the palette is measured"
    assert found.values.isfinite().all()
    for name, value in refinement.network.state_dict().items():
        torch.testing.assert_close(value, weights[name], rtol=0, atol=0)


def test_the_encoders_code_stays_where_steps_make_it_no_better(
    refinement: CodeRefinement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stylex.models.training.code_refinement.RATE", 50.0)
    encoded = refinement.code.clone()
    found = refinement.refined(2, 0, lambda number, losses: None)
    torch.testing.assert_close(found.values, encoded[0], rtol=0, atol=0)
    assert found.after == found.before


def test_the_same_seed_gives_the_same_code(refinement: CodeRefinement) -> None:
    start = refinement.code.clone()

    def once(seed: int) -> Refined:
        refinement.code = start.clone()
        return refinement.refined(6, seed, lambda number, losses: None)

    torch.testing.assert_close(once(0).values, once(0).values, rtol=0, atol=0)
    assert not torch.equal(once(0).values, start[0])
