"""Torch on one thread and with the same random numbers, a large photo, and what every arbitrary-style network keeps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch

from stylex.artifacts.metadata import TRANSFER
from stylex.export.graph_spec import Traceable
from stylex.models.shared.arbitrary_style import ArbitraryStyleNetwork
from stylex.models.shared.backbone import BORDER
from stylex.models.shared.graphs import traceables
from stylex.models.weights import CALIBRATION, Weights


@pytest.fixture(autouse=True, scope="session")
def single(one_thread) -> None:
    """Every test of this folder computes on one thread."""


@pytest.fixture(autouse=True)
def same(seeded) -> None:
    """Every test of this folder begins with the same random numbers."""


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    return skimage.data.astronaut()


@pytest.fixture
def checked_transfer() -> Callable[..., Traceable]:
    """Returns the transfer graph of an arbitrary-style network, after it has painted what the network paints."""

    @torch.no_grad()
    def checked(network: ArbitraryStyleNetwork, size: int | None = None) -> Traceable:
        weights = Weights(Path("none"), {}, {CALIBRATION: network.encode(torch.rand(4, 3, 64, 64))}, "0" * 64, {})
        transfer = next(g for g in traceables(network, weights, size) if g.spec.role == TRANSFER)
        content, codes = torch.rand(1, 3, 64 + 2 * BORDER, 80 + 2 * BORDER), network.encode(torch.rand(1, 3, 64, 64))
        painting, sites = network.paint(content, codes, 0.7), codes[:, : network.code_size]
        masks, frozen = torch.full((1, 1, 8, 10), 0.7), torch.zeros(1, network.code_size)
        picture, statistics = transfer.module(painting.mapped, sites, masks, frozen, torch.zeros(1))
        torch.testing.assert_close(picture, painting.raw.clamp(0, 1))
        torch.testing.assert_close(statistics, painting.statistics)
        return transfer

    return checked
