"""Between 8-bit pictures and the planes of graphs."""

from __future__ import annotations

import numpy as np

from stylex.imaging.arrays import to_bytes, to_floats


def test_conversions_are_inverse() -> None:
    picture = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    floats = to_floats(picture)
    assert floats.shape == (1, 3, 16, 16)
    assert floats.dtype == np.float32
    assert floats.min() == 0
    assert floats.max() == 1
    np.testing.assert_array_equal(to_bytes(floats), picture)
    wide = np.array([-3.0, -0.001, 0.4999 / 255, 0.501 / 255, 1.001, 7.0], np.float32).reshape(1, 1, 1, 6).repeat(3, 1)
    assert to_bytes(wide)[0, :, 0].tolist() == [0, 0, 0, 1, 255, 255]  # rounded, and not wrapped
