"""Transfer functions and the mapping of high dynamic range, against the formulas computed in double precision."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stylex.imaging.color_profile import PRIMARIES, primaries_matrix
from stylex.imaging.transfer import HLG, LINEAR, PQ, SRGB, displayed, light_of, signal_of, tone_mapped

FROM_2020 = primaries_matrix(PRIMARIES[9])


def formula(values: np.ndarray, transfer: int) -> np.ndarray:
    """What BT.709's display shows of values (N, 3) of BT.2020, without tables."""
    signal = values / 65535
    if transfer == PQ:
        root = signal ** (1 / 78.84375)
        light = (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125) * 10000 / 203
    else:
        light = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12)
    light = light @ FROM_2020.T
    if transfer == HLG:
        luminance = np.maximum(light @ [0.2126, 0.7152, 0.0722], 1e-6)
        light = light * (1000 / 203 * luminance**0.2)[:, None]
    brightest = np.maximum(light.max(1), 1e-9)
    light = (light * (tone_mapped(brightest) / brightest)[:, None]).clip(0, 1)
    return 255 * np.where(light < 0.018, 4.5 * light, 1.099 * light**0.45 - 0.099)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from([PQ, HLG]))
def test_tables_give_what_the_formulas_do(seed: int, transfer: int) -> None:
    values = np.random.default_rng(seed).integers(0, 65536, (400, 3)).astype(np.uint16)
    values[:100] = values[:100, :1]  # greys
    found = displayed(values[None], transfer, FROM_2020)[0]
    assert np.abs(found - formula(values.astype(float), transfer)).max() <= 1


@pytest.mark.parametrize("transfer", [1, 4, 5, LINEAR, SRGB, 17])
def test_standard_range_goes_there_and_back(transfer: int) -> None:
    values = np.arange(0, 65536, 257, np.uint16)
    light = light_of(transfer)[values]
    assert light[0] == 0 and abs(light[-1] - 1) < 1e-6 and (np.diff(light) > 0).all()
    shown = displayed(np.repeat(values[None, :, None], 3, 2), transfer, np.eye(3), SRGB)[0, :, 0]
    np.testing.assert_array_equal(shown, signal_of(SRGB)[np.rint(light * 65535).astype(int)])
    if transfer in (1, SRGB):
        back = displayed(np.repeat(values[None, :, None], 3, 2), transfer, np.eye(3), transfer)[0, :, 0]
        np.testing.assert_array_equal(back, np.arange(256))


def test_tones_are_mapped_steadily() -> None:
    light = np.linspace(0, 12, 4000)
    mapped = tone_mapped(light)
    assert np.diff(mapped).min() >= 0 and mapped.max() == 1
    np.testing.assert_array_equal(mapped[light <= 0.5], light[light <= 0.5])
    assert mapped[light >= 1000 / 203].min() == 1


def test_hue_stays_also_above_the_peak() -> None:
    bright = np.array([[[65535, 45000, 45000]]], np.uint16)
    shown = displayed(bright, PQ, np.eye(3), SRGB)[0, 0].astype(float)
    assert shown[0] == 255 and shown[1] == shown[2] < 70
