"""A small photo, and how many examples a property of files is given."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from hypothesis import HealthCheck, settings

settings.register_profile(
    "few",
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="session")
def cat() -> np.ndarray:
    """A cat's eyes, uint8 (60, 90, 3)."""
    pixels = np.ascontiguousarray(skimage.data.chelsea()[80:140, 120:210])
    pixels.setflags(write=False)
    return pixels
