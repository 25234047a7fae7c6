"""Transfer functions by their numbers in ITU-T H.273, and the way from any of them to a display of standard range.

High dynamic range (PQ of SMPTE ST 2084, HLG of ARIB STD-B67, both in ITU-R BT.2100) is mapped with the reference white
of ITU-R BT.2408, 203 cd/m2. Films and pictures go the same way.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np
import numpy.typing as npt

BT709, LINEAR, SRGB, PQ, HLG = 1, 8, 13, 16, 18
GAMMAS = {4: 2.2, 5: 2.8, 17: 2.6}
HIGH_DYNAMIC_RANGE = {PQ: "PQ", HLG: "HLG"}
WHITE, PEAK, BRIGHTEST = 203.0, 1000.0, 10_000.0
"""Luminance in cd/m2 of reference white, of light that is mapped to full brightness, and of the brightest in PQ."""
SCENE_GAMMA = 1.2
"""HLG's system gamma on a display of `PEAK`."""
SPAN = 2 * BRIGHTEST / WHITE
"""Light that tables reach to, in units of reference white: channels get brighter on the way to BT.709's primaries."""
KNEE = 0.5
"""Light up to so much of reference white is kept; what is above is compressed. Reference white becomes 223 of 255."""
LUMINANCE = np.array([[0.2126, 0.7152, 0.0722]], np.float32)
"""Weights of red, green and blue in the luminance of BT.709."""


def displayed(
    values: npt.NDArray[np.uint16],
    transfer: int,
    to_bt709: npt.NDArray[np.float64],
    shown_by: int = BT709,
    white: float = 65535.0,
) -> npt.NDArray[np.uint8]:
    """Returns what a display of standard range shows.

    Args:
        values: (H, W, 3), coded.
        transfer: number of their transfer function.
        to_bt709: (3, 3), from light of their primaries to that of BT.709, which are sRGB's as well.
        shown_by: number of the display's transfer function, `BT709` or `SRGB`.
        white: value of full white.

    Returns:
        uint8 (H, W, 3).
    """
    coded = light_of(transfer, white).take(values)
    light = np.asarray(cv2.transform(coded, to_bt709.astype(np.float32)), np.float32)
    if transfer in HIGH_DYNAMIC_RANGE:
        factor = _toned(light) if transfer == PQ else _toned_scene(light)
        light = np.asarray(cv2.multiply(light, cv2.merge([factor] * 3)), np.float32)
    return signal_of(shown_by)[_in_16_bits(light, 65535.0)]


def tone_mapped(brightest: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns light, in units of reference white, compressed to 0 to 1.

    The identity up to `KNEE`, then a rational curve that goes on with slope 1 and reaches 1 at `PEAK`.
    """
    peak = PEAK / WHITE
    part = np.clip((brightest - KNEE) / (peak - KNEE), 0, 1)
    slope = (peak - KNEE) / (1 - KNEE)
    mapped = KNEE + (1 - KNEE) * slope * part / (1 + (slope - 1) * part)
    return np.where(brightest <= KNEE, brightest, mapped)


def _toned(light: npt.NDArray[np.float32], gain: npt.NDArray[np.float32] | None = None) -> npt.NDArray[np.float32]:
    """Returns the factor of each pixel (H, W) that maps its brightest channel, so that hue stays; includes `gain`."""
    red, green, blue = cv2.split(light)
    brightest = cv2.max(cv2.max(red, green), blue)
    if gain is not None:
        brightest = cv2.multiply(brightest, gain)
    factor = _tone_factors()[_in_16_bits(np.asarray(brightest, np.float32), 65535 / SPAN)]
    return factor if gain is None else factor * gain


def _in_16_bits(light: npt.NDArray[np.float32], scale: float) -> npt.NDArray[np.uint16]:
    """Returns light times a scale, rounded and limited to 16 bits."""
    return np.asarray(cv2.addWeighted(light, scale, light, 0, 0, dtype=cv2.CV_16U), np.uint16)


def _toned_scene(scene: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Returns the factor for HLG's scene light, as a display of `PEAK` shows it (BT.2100, table 5)."""
    luminance = np.maximum(cv2.transform(scene, LUMINANCE), np.float32(1e-6))
    return _toned(scene, np.float32(PEAK / WHITE) * np.asarray(cv2.pow(luminance, SCENE_GAMMA - 1), np.float32))


@functools.cache
def _tone_factors() -> npt.NDArray[np.float32]:
    """Returns by how much light is dimmed, for light up to `SPAN` in 16 bits (65536,)."""
    light = np.maximum(np.arange(65536), 1) / 65535 * SPAN
    return (tone_mapped(light) / light).astype(np.float32)


@functools.lru_cache(8)
def light_of(transfer: int, white: float = 65535.0) -> npt.NDArray[np.float32]:
    """Returns the light of every 16-bit value (65536,): for PQ in units of reference white, else 0 to 1."""
    signal = np.minimum(np.arange(65536) / white, 1)
    if transfer == PQ:
        root = signal ** (1 / 78.84375)
        light = (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)
        return np.asarray(light * BRIGHTEST / WHITE, np.float32)
    if transfer == HLG:
        dark, bright = signal**2 / 3, (np.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12
        return np.where(signal <= 0.5, dark, bright).astype(np.float32)
    if transfer == SRGB:
        return np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4).astype(np.float32)
    if transfer == LINEAR or transfer in GAMMAS:
        return np.asarray(signal ** GAMMAS.get(transfer, 1.0), np.float32)
    return np.where(signal < 0.081, signal / 4.5, ((signal + 0.099) / 1.099) ** (1 / 0.45)).astype(np.float32)


@functools.cache
def signal_of(transfer: int) -> npt.NDArray[np.uint8]:
    """Returns the signal of `BT709` or `SRGB`, 0 to 255, for light in 16 bits (65536,)."""
    light = np.arange(65536) / 65535
    if transfer == SRGB:
        signal = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    else:
        signal = np.where(light < 0.018, 4.5 * light, 1.099 * light**0.45 - 0.099)
    return np.asarray(np.rint(signal * 255).clip(0, 255), np.uint8)
