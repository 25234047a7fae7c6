"""Torch on one thread and with the same random numbers, and a large photo."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data


@pytest.fixture(autouse=True, scope="session")
def single(one_thread) -> None:
    """Every test of this folder computes on one thread."""


@pytest.fixture(autouse=True)
def same(seeded) -> None:
    """Every test of this folder begins with the same random numbers."""


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    return skimage.data.astronaut()
