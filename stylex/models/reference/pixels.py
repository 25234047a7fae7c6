"""Pictures as torch computes with them, and back."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from stylex.imaging.arrays import Image

SMALLEST = 16
"""Least side in pixels: relu5_1 is 16 times smaller than the picture."""


def as_tensor(picture: Image) -> Tensor:
    """Converts RGB uint8 (H, W, 3) to float32 (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float().div(255)


def as_picture(x: Tensor, like: Image) -> Image:
    """Converts float (1, 3, h, w) to RGB uint8 of the size of `like`."""
    if tuple(x.shape[2:]) != like.shape[:2]:
        x = F.interpolate(x, like.shape[:2], mode="bicubic", antialias=True)
    planes = x[0].clamp(0, 1).mul(255).round().byte().permute(1, 2, 0)
    return np.ascontiguousarray(planes.numpy())


def resized(x: Tensor, longest: int) -> Tensor:
    """Returns a picture (1, 3, H, W) at a longer side of `longest` pixels, and a shorter one of 16 or more."""
    scale = longest / max(x.shape[2:])
    height, width = (max(SMALLEST, round(side * scale)) for side in x.shape[2:])
    if (height, width) == tuple(x.shape[2:]):
        return x
    return F.interpolate(x, (height, width), mode="bicubic", antialias=True).clamp(0, 1)
