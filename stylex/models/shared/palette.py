"""The palette of `stylex.imaging.palette` in torch: the same formulas, with gradients, over batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from stylex.imaging.palette import (
    COLORED,
    COLORLESS,
    COLUMNS,
    FAINT,
    FLOOR,
    LEAST_TONED,
    MOST_BEFORE,
    ROWS,
    sampling_step,
)

Palette = tuple[Tensor, Tensor]
"""Mean (B, 3) and covariance (B, 3, 3) of RGB in [0, 1], float64."""
ColorMap = tuple[Tensor, Tensor]
"""Matrix (B, 3, 3) and offset (B, 3), float64."""
NEAR = 1e-9
"""Eigenvalues that lie closer have the derivative in place of the divided difference."""


class _Spectral(torch.autograd.Function):
    """A function of a symmetric matrix (B, 3, 3) through its eigenvalues.

    The gradient of the eigenvectors is infinite where eigenvalues meet, that of the function is not: it is made of
    divided differences (Daleckii and Krein 1965).
    """

    @staticmethod
    def forward(
        ctx: Any, matrix: Tensor, function: Callable[[Tensor], Tensor], slope: Callable[[Tensor], Tensor]
    ) -> Tensor:
        values, vectors = torch.linalg.eigh(matrix)
        made = function(values)
        gap = values[:, :, None] - values[:, None]
        middle = slope((values[:, :, None] + values[:, None]) / 2)
        quotient = (made[:, :, None] - made[:, None]) / torch.where(gap.abs() < NEAR, torch.ones_like(gap), gap)
        ctx.save_for_backward(vectors, torch.where(gap.abs() < NEAR, middle, quotient))
        whole: Tensor = (vectors * made[:, None]) @ vectors.mT
        return whole

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        vectors, differences = ctx.saved_tensors
        inside = vectors.mT @ ((grad + grad.mT) / 2) @ vectors
        return vectors @ (differences * inside) @ vectors.mT, None, None


def _function(matrix: Tensor, function: Callable[[Tensor], Tensor], slope: Callable[[Tensor], Tensor]) -> Tensor:
    made: Tensor = _Spectral.apply(matrix, function, slope)  # type: ignore[no-untyped-call]  # torch ships it untyped
    return made


def _root(matrix: Tensor) -> Tensor:
    return _function(matrix, lambda v: v.clamp(min=1e-14).sqrt(), lambda v: 0.5 * v.clamp(min=1e-14).rsqrt())


def _inverse_root(matrix: Tensor) -> Tensor:
    return _function(matrix, lambda v: v.clamp(min=1e-14).rsqrt(), lambda v: -0.5 * v.clamp(min=1e-14) ** -1.5)


def _at_most(matrix: Tensor, most: float) -> Tensor:
    return _function(matrix, lambda v: v.clamp(max=most), lambda v: (v < most).to(v.dtype))


def measured(x: Tensor) -> Palette:
    """Returns the palettes of pictures, RGB (B, 3, H, W) in [0, 1]; every n-th pixel counts, as in the runtime."""
    step = sampling_step(*x.shape[2:])
    pixels = x[:, :, ::step, ::step].flatten(2).double()
    mean = pixels.mean(2)
    centred = pixels - mean[:, :, None]
    return mean, centred @ centred.mT / pixels.shape[2]


def as_numbers(palette: Palette) -> Tensor:
    """Returns palettes as a style code lists them, (B, 9) float32."""
    mean, covariance = palette
    return torch.cat((mean, covariance[:, ROWS, COLUMNS]), 1).float()


def of_numbers(values: Tensor) -> Palette:
    """Reads palettes (B, 9) back."""
    values = values.double()
    places = [0, 1, 2, 1, 3, 4, 2, 4, 5]
    return values[:, :3], values[:, 3:][:, places].view(-1, 3, 3)


def transport(source: Palette, target: Palette, most: float) -> ColorMap:
    """Returns the Monge-Kantorovich maps between palettes, see `stylex.imaging.palette.transport`."""
    (mean, covariance), (wanted, target_covariance) = source, target
    identity = torch.eye(3, dtype=mean.dtype, device=mean.device)
    known = covariance + FLOOR * identity
    half, back = _root(known), _inverse_root(known)
    matrix = _at_most(back @ _root(half @ (target_covariance + FAINT * identity) @ half) @ back, most)
    return matrix, wanted - (matrix @ mean[:, :, None])[:, :, 0]


def toned(style: Palette, photo: Palette) -> Palette:
    """Returns the styles' palettes as far as the photos can take them, see `stylex.imaging.palette.toned`."""
    mean, covariance = style
    explained = _explained(covariance)
    others, have = _trace(covariance - explained), _trace(photo[1] - _explained(photo[1]))
    ramp = (have - COLORLESS) / (COLORED - COLORLESS)
    share = torch.maximum(ramp, have / others.clamp(min=1e-12)).clamp(LEAST_TONED, 1)
    return mean, explained + share[:, None, None] * (covariance - explained)


def _explained(covariance: Tensor) -> Tensor:
    """Returns the part of covariances (B, 3, 3) that goes with lightness."""
    with_lightness = covariance.mean(2)
    variance = with_lightness.mean(1).clamp(min=1e-12)
    return with_lightness[:, :, None] * with_lightness[:, None] / variance[:, None, None]


def _trace(matrix: Tensor) -> Tensor:
    return matrix.diagonal(dim1=1, dim2=2).sum(1)


def between(photo: Palette, style: Palette, strength: Tensor) -> Palette:
    """Returns the palettes on the way from the photos' (strength 0) to the styles' (1); strength is (B,) in [0, 1]."""
    share = strength.double()[:, None]
    faint = FAINT * torch.eye(3, dtype=torch.float64, device=share.device)
    root = _root(photo[1] + faint).lerp(_root(style[1] + faint), share[:, :, None])
    return photo[0].lerp(style[0], share), root @ root - faint


def recolored(x: Tensor, colors: ColorMap, strength: Tensor) -> Tensor:
    """Returns pictures (B, 3, H, W) moved by their maps as far as `strength` says: (B,), or (B, 1, H, W) by place."""
    matrix, offset = (v.to(x.dtype) for v in colors)
    share = strength.to(x.dtype)
    moved = torch.einsum("bij,bjhw->bihw", matrix, x) + offset[:, :, None, None]
    return x + (share if share.ndim == 4 else share[:, None, None, None]) * (moved - x)


def before(photo: Palette, style: Palette) -> ColorMap:
    """Returns the maps that photos go through before the network."""
    return transport(photo, style, MOST_BEFORE)
