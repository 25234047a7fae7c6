"""Compares painted pictures, and gives the photo that is painted where the caller has none."""

from __future__ import annotations

import cv2
import numpy as np

from stylex.imaging.arrays import Image
from stylex.installation import optional


def default_photo() -> Image:
    """Returns a real photo, from scikit-image.

    Raises:
        MissingPackage: scikit-image isn't installed.
    """
    return np.asarray(optional("skimage.data", "scikit-image").astronaut(), np.uint8)


def similarity(picture: Image, reference: Image) -> tuple[float, float | None]:
    """Returns PSNR in decibels and SSIM of two 8-bit pictures; SSIM is None without scikit-image."""
    psnr = min(100.0, float(cv2.PSNR(picture, reference)))
    try:
        from skimage.metrics import structural_similarity
    except ImportError:
        return psnr, None
    ssim = structural_similarity(picture, reference, channel_axis=2, data_range=255)  # type: ignore[no-untyped-call]
    return psnr, float(ssim)
