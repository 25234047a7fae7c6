"""Distances of a picture's features from a style's: Gram matrices, or the Wasserstein distance of Gaussians."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from stylex.models.encoders.features import Features

LAYER_WEIGHTS: Mapping[str, float] = {"1_1": 256.0, "2_1": 64.0, "3_1": 16.0, "4_1": 4.0, "5_1": 1.0}
"""Weight of each layer, as in crowsonkb's style-transfer-pytorch: fine strokes more than coarse shapes."""
NOUGHT = 1e-12
"""Share of the largest eigenvalue below which one counts as this."""
EPSILON = 1e-6
"""Share of the mean variance that is added to every variance, so that a layer with fewer positions than channels has a
root whose gradient is finite."""


@dataclass(frozen=True)
class Moments:
    """First and second moments of one layer.

    Attributes:
        mean: (C,).
        gram: mean of the products of channels, (C, C); the Gram matrix over the number of positions.
    """

    mean: Tensor
    gram: Tensor

    @property
    def covariance(self) -> Tensor:
        """Returns (C, C), regularized."""
        found = self.gram - torch.outer(self.mean, self.mean)
        floor = EPSILON * self.gram.detach().diagonal().mean()
        return found + floor * torch.eye(len(found), dtype=found.dtype, device=found.device)


def moments(x: Tensor) -> Moments:
    """Returns moments of one picture's features (1, C, H, W), in float32 at least."""
    flat = x[0].flatten(1)
    flat = flat.float() if flat.dtype == torch.bfloat16 else flat
    with torch.autocast(flat.device.type, enabled=False):
        return Moments(flat.mean(1), flat @ flat.T / flat.shape[1])


def mixed(styles: Sequence[tuple[Moments, float]]) -> Moments:
    """Returns weighted mean of moments: those of the styles' features thrown together. Weights add up to 1."""
    means, grams = ([w * getattr(m, part) for m, w in styles] for part in ("mean", "gram"))
    return Moments(torch.stack(means).sum(0), torch.stack(grams).sum(0))


class StyleTarget:
    """The moments of every layer that are wanted, and the distance of others to them.

    Every layer's distance is relative to the wanted moments' own size, so that networks of any scale can be used; the
    paper (Gatys et al. 2016) has fixed factors instead.

    Args:
        wanted: by layer name.
        kind: "gram" for the squared distance of Gram matrices (Gatys et al. 2016), "wasserstein" for the squared
            2-Wasserstein distance of Gaussians with the features' means and covariances.
    """

    def __init__(self, wanted: Mapping[str, Moments], kind: str) -> None:
        total = sum(LAYER_WEIGHTS[name] for name in wanted)
        self.weights = {name: LAYER_WEIGHTS[name] / total for name in wanted}
        self.distances = {name: DISTANCES[kind](one) for name, one in wanted.items()}

    def __call__(self, features: Features) -> Tensor:
        """Returns distance of a picture's features, a scalar."""
        parts = [weight * self.distances[name](moments(features[name])) for name, weight in self.weights.items()]
        return torch.stack(parts).sum()


class GramDistance:
    """Squared distance of Gram matrices relative to the wanted one's square."""

    def __init__(self, wanted: Moments) -> None:
        self.wanted, self.scale = wanted, wanted.gram.square().sum()

    def __call__(self, have: Moments) -> Tensor:
        """Returns a scalar."""
        return (have.gram - self.wanted.gram).square().sum() / self.scale


class WassersteinDistance:
    """Squared 2-Wasserstein distance of Gaussians, relative to the wanted one's second moment."""

    def __init__(self, wanted: Moments) -> None:
        covariance = wanted.covariance
        values, vectors = torch.linalg.eigh(covariance.double())
        self.root = (vectors * values.clamp(min=0).sqrt() @ vectors.T).to(covariance.dtype)
        self.mean, self.trace = wanted.mean, covariance.trace()
        self.scale = wanted.mean.square().sum() + self.trace

    def __call__(self, have: Moments) -> Tensor:
        """Returns a scalar: |m - m'|^2 + tr(C + C' - 2 (C'^1/2 C C'^1/2)^1/2), over |m'|^2 + tr C'."""
        covariance = have.covariance
        between: Tensor = _TraceOfRoot.apply(self.root @ covariance @ self.root)  # type: ignore[no-untyped-call]
        spread = covariance.trace() + self.trace - 2 * between
        return ((have.mean - self.mean).square().sum() + spread) / self.scale


DISTANCES: Mapping[str, Callable[[Moments], Callable[[Moments], Tensor]]] = {
    "wasserstein": WassersteinDistance,
    "gram": GramDistance,
}


class _TraceOfRoot(torch.autograd.Function):
    """Trace of the square root of a symmetric matrix (C, C) without negative eigenvalues.

    The gradient is half of the inverse root; that of torch's eigenvectors isn't finite where eigenvalues meet.
    """

    @staticmethod
    def forward(ctx: Any, matrix: Tensor) -> Tensor:
        values, vectors = torch.linalg.eigh(matrix.double())
        roots = values.clamp(min=float(values[-1]) * NOUGHT).sqrt()
        ctx.save_for_backward((vectors / roots) @ vectors.T)
        trace: Tensor = roots.sum()
        return trace.to(matrix.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        inverse: Tensor = ctx.saved_tensors[0]
        return gradients[0] * inverse.to(gradients[0].dtype) / 2
