"""The most salient region of a photo, without a network: spectral residual saliency and GrabCut."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from stylex.imaging.arrays import Image
from stylex.imaging.sizes import at_most
from stylex.runtime.semantic.masks import Mask

SPECTRUM = 64
"""Pixels of the longer side at which the saliency is measured."""
SIDE = 256
"""Pixels of the longer side at which GrabCut works."""
ROUNDS = 4
SURE, LIKELY, UNLIKELY = 0.97, 0.78, 0.35
"""Shares of the pixels that are less salient than what surely, and probably, belongs to the region, and than what may
belong to it at all."""
RIM = 0.02
"""Share of the picture at the top and on both sides that is taken for background."""


@dataclass(frozen=True)
class SalientRegion:
    """A segmenter that finds one region, the most salient one, and calls it `name`."""

    name: str = "subject"
    title: str = "GrabCut"

    def __call__(self, photo: Image) -> dict[str, Mask]:
        """Returns the region's mask, its longer side at most `SIDE` pixels."""
        return {self.name: salient_region(photo)}


def saliency(photo: Image) -> Mask:
    """Returns the saliency of each place, 0 to 1: the residual of the log spectrum over its own average.

    Spectral residual (Hou and Zhang 2007, equations 9 to 11), on lightness and both colour axes of L*a*b*, the largest
    of the three; the paper takes lightness alone. Places near the middle count more, as where people point a camera.

    Returns:
        with the photo's proportions, its longer side at most `SPECTRUM` pixels.
    """
    height, width = at_most(photo.shape[:2], SPECTRUM)
    small = cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    found = np.max([_residual(np.ascontiguousarray(lab[..., i])) for i in range(3)], 0)
    down, across = (np.linspace(-1, 1, side)[..., None] for side in (height, width))
    found = found * np.exp(-(down**2 + across.T**2))
    return np.asarray(found / max(float(found.max()), 1e-9), np.float32)


def _residual(plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    spectrum = np.fft.fft2(plane)
    amplitude = np.log(np.abs(spectrum) + 1.0)
    residual = amplitude - cv2.blur(amplitude, (3, 3))
    found = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    return np.asarray(cv2.GaussianBlur(found, (0, 0), max(1.0, max(plane.shape) / 20)), np.float64)


def salient_region(photo: Image) -> Mask:
    """Returns the most salient region, cut out by GrabCut (Rother et al. 2004); nothing in a flat photo.

    Returns:
        0 or 1, with the photo's proportions, its longer side at most `SIDE` pixels.
    """
    height, width = at_most(photo.shape[:2], SIDE)
    small = np.asarray(cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    stands_out = cv2.resize(saliency(photo), (width, height), interpolation=cv2.INTER_LINEAR)
    labels = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
    unlikely, likely, sure = np.quantile(stands_out, (UNLIKELY, LIKELY, SURE))
    labels[stands_out > likely] = cv2.GC_PR_FGD
    labels[stands_out > sure] = cv2.GC_FGD
    labels[stands_out < unlikely] = cv2.GC_BGD
    rows, columns = (max(1, round(RIM * side)) for side in (height, width))
    labels[:rows] = labels[:, :columns] = labels[:, -columns:] = cv2.GC_BGD
    if len(np.unique(labels)) < 4 or (small == small[0, 0]).all():
        return np.zeros((height, width), np.float32)
    with ThreadPoolExecutor(1) as own:  # OpenCV has a random generator for each thread: the caller's is left alone
        own.submit(_cut, small, labels).result()
    inside = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    return _largest(inside.astype(np.uint8))


def _cut(picture: Image, labels: npt.NDArray[np.uint8]) -> None:
    """Runs GrabCut, which changes the labels; its colour models begin at random, here from the same seed."""
    cv2.setRNGSeed(0)
    background, subject = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(picture, labels, (0, 0, 0, 0), background, subject, ROUNDS, cv2.GC_INIT_WITH_MASK)


def _largest(inside: npt.NDArray[np.uint8]) -> Mask:
    """Returns only the connected parts that have at least a quarter of the largest one's pixels, smoothed."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(inside)
    if count < 2:
        return inside.astype(np.float32)
    areas = stats[:, cv2.CC_STAT_AREA]
    kept = [i for i in range(1, count) if areas[i] * 4 >= areas[1:].max()]
    return np.asarray(cv2.medianBlur(np.isin(parts, kept).astype(np.uint8), 5), np.float32)
