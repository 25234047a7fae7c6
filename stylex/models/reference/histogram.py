"""Histogram matching in torch, by sorting: what the runtime's lookup tables are compared with."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from stylex.runtime.histogram import Pairs, Pixels, checked, from_lab, lab_levels, to_lab


def match(photo: Pixels, style: Pixels | Pairs, space: str = "rgb", strength: float = 1.0) -> Pixels:
    """Gives a photo the colours of a style picture, in torch; see `stylex.runtime.histogram.match`.

    L*a*b* and its levels are the runtime's. Where much of a picture is of one level, the smallest difference in them
    would send it elsewhere.
    """
    pairs = checked(photo, style, space, strength)
    if strength == 0:
        return np.array(photo)
    values = _planes(photo, space)
    wanted = [weight * matched(values, _planes(one, space)) for one, weight in pairs]
    moves = strength * (torch.stack(wanted).sum(0) - values)
    if space == "lab":
        return from_lab(to_lab(photo), _picture(moves, photo).astype(np.float32), photo.dtype)
    levels = (values + moves).round().clamp(0, float(np.iinfo(photo.dtype).max))
    return np.asarray(_picture(levels, photo), photo.dtype)


def matched(values: Tensor, wanted: Tensor) -> Tensor:
    """Returns values (3, N) brought to the distribution of `wanted` (3, M), each channel by itself."""
    return torch.stack([_matched(have, want) for have, want in zip(values, wanted, strict=True)])


def _matched(have: Tensor, want: Tensor) -> Tensor:
    _, places, counts = torch.unique(have, return_inverse=True, return_counts=True)
    levels, there = torch.unique(want, return_counts=True)
    frequency, frequencies = (
        counts.cumsum(0).double() / have.numel(),
        there.cumsum(0).double() / want.numel(),
    )  # cumulative frequencies
    above = torch.searchsorted(frequencies, frequency).clamp(max=len(levels) - 1)
    below = (above - 1).clamp(min=0)
    span = (frequencies[above] - frequencies[below]).clamp(min=torch.finfo(frequencies.dtype).tiny)
    part = ((frequency - frequencies[below]) / span).clamp(0, 1)
    return torch.lerp(levels[below], levels[above], part)[places]


def _planes(picture: Pixels, space: str) -> Tensor:
    """Returns RGB (H, W, 3) as levels (3, H * W) of the space, float64."""
    levels = lab_levels(to_lab(picture)) if space == "lab" else picture
    return torch.from_numpy(levels.reshape(-1, 3).astype(np.float64)).T.contiguous()


def _picture(planes: Tensor, like: Pixels) -> Pixels:
    flat: Pixels = planes.T.numpy()
    return flat.reshape(like.shape)
