"""Style transfer by optimization of the pixels.

Gatys, Ecker and Bethge 2016, Image Style Transfer Using Convolutional Neural Networks. From crowsonkb's
style-transfer-pytorch come the layers' weights, the steps from coarse to fine, the Wasserstein distance and the
averaged iterates.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.artifacts.style_code import normalized_weights
from stylex.errors import InputError, ModelError, UsageError
from stylex.imaging.arrays import Image
from stylex.models.encoders.features import Features
from stylex.models.reference.pixels import SMALLEST, as_picture, as_tensor, resized
from stylex.models.reference.style_losses import DISTANCES, LAYER_WEIGHTS, StyleTarget, mixed, moments
from stylex.models.training.losses import total_variation
from stylex.techniques import technique_named

ROW = technique_named("gatys")
OPTIMIZERS = ROW.option("optimizer").choices
STEP = math.sqrt(2)
"""Factor by which each picture is larger than the one before."""
BORDER = 16
"""Pixels around a picture while it is looked at; one cell of relu5_1."""


@dataclass(frozen=True)
class GatysSettings:
    """Settings of the optimization; `stylex run gatys` has the same defaults.

    Attributes:
        iterations: evaluations of the losses, over all sizes.
        style_weight: of the style's distance.
        content_weight: of the squared distance of the photo's features, relative to their variance.
        variation: weight of the squared total variation.
        loss: "wasserstein" or "gram".
        optimizer: "adam" or "lbfgs".
        rate: Adam's step in pixel values, of 1; a tenth of it at the end of each size.
        coarsest: longer side in pixels of the first picture.
        average: share of the older iterates in the moving average, which is what is painted.
    """

    iterations: int = ROW.default("iterations")
    style_weight: float = ROW.default("style_weight")
    content_weight: float = ROW.default("content_weight")
    variation: float = ROW.default("variation")
    loss: str = ROW.default("style_loss")
    optimizer: str = ROW.default("optimizer")
    rate: float = 0.03
    coarsest: int = 128
    average: float = 0.9

    def check(self) -> None:
        """Raises UsageError for values that can't be used."""
        for name, known in (("loss", tuple(DISTANCES)), ("optimizer", OPTIMIZERS)):
            if getattr(self, name) not in known:
                raise UsageError(f"the {name} is {getattr(self, name)!r}; choose {' or '.join(known)}")
        if self.iterations < 1:
            raise UsageError(f"iterations is {self.iterations}; it must be 1 or more")


@dataclass(frozen=True)
class Step:
    """Progress after an iteration.

    Attributes:
        done: iterations so far.
        losses: "style", "content" and "variation", weighted.
        picture: makes the picture so far, RGB uint8 of the photo's size.
    """

    done: int
    losses: dict[str, float]
    picture: Callable[[], Image]


@dataclass
class Painting:
    """The result of an optimization.

    Attributes:
        picture: RGB uint8 of the photo's size.
        done: iterations that were made.
        stopped: whether Ctrl-C came before the last of them.
    """

    picture: Image
    done: int
    stopped: bool


def sizes(longest: int, coarsest: int) -> list[int]:
    """Returns longer sides from `coarsest` up to `longest`, a factor of sqrt 2 apart."""
    found = [longest]
    while found[0] / STEP >= coarsest * 0.99:
        found.insert(0, round(found[0] / STEP))
    return found


def shared_out(iterations: int, count: int) -> list[int]:
    """Returns iterations of each size: equally many, and the first twice as many; the finest never go short."""
    parts = [2.0, *[1.0] * (count - 1)] if count > 1 else [1.0]
    ends = np.rint(np.cumsum(parts[::-1]) / sum(parts) * iterations).astype(int)
    return [int(n) for n in np.diff(ends, prepend=0)][::-1]


@dataclass
class Gatys:
    """Paints by optimization.

    Attributes:
        network: RGB (1, 3, H, W) in [0, 1] to its activations by layer name, `LAYER_WEIGHTS` and `content_layer` among
            them.
        content_layer: whose activations hold the photo's structure.
        settings: how.
        half: convolutions in bfloat16, which some processors do several times faster.
    """

    network: nn.Module
    content_layer: str
    settings: GatysSettings = field(default_factory=GatysSettings)
    half: bool = True

    def __call__(
        self, photo: Image, styles: Sequence[tuple[Image, float]], tell: Callable[[Step], None] | None = None
    ) -> Painting:
        """Paints a photo.

        Args:
            photo: RGB uint8 (H, W, 3), from 16x16 up.
            styles: (picture, weight); pictures of any size from 16x16 up, weights 0 or more.
            tell: is called after every iteration. Ctrl-C, also in it, ends the work with what there is.

        Raises:
            UsageError: a setting or a weight is out of range.
            InputError: a picture is too small.
            ModelError: the losses aren't finite any more.
        """
        s, done = self.settings, 0
        s.check()
        for name, picture in [("the photo", photo), *(("a style", one) for one, _ in styles)]:
            _check_size(name, picture)
        content = as_tensor(photo)
        pairs = [
            (as_tensor(one), float(w))
            for (one, _), w in zip(styles, normalized_weights(list(styles)), strict=True)
            if w
        ]
        best = content
        plan = [side for side in sizes(max(photo.shape[:2]), s.coarsest) if _fitted(content, side)]
        try:
            for side, count in zip(plan, shared_out(s.iterations, len(plan)), strict=True):
                optimized = self._one_size(resized(content, side), best, self._target(pairs, side), count)
                for latest, losses in optimized:
                    best, done = latest, done + 1
                    if tell:
                        tell(Step(done, losses, functools.partial(as_picture, best, photo)))
        except KeyboardInterrupt:
            return Painting(as_picture(best, photo), done, stopped=True)
        return Painting(as_picture(best, photo), done, stopped=False)

    @torch.no_grad()
    def _target(self, styles: Sequence[tuple[Tensor, float]], side: int) -> StyleTarget:
        """Returns the target moments of the style at this size; style pictures are reduced to it, never enlarged."""
        seen = [(self._features(resized(one, min(side, max(one.shape[2:])))), weight) for one, weight in styles]
        wanted = {name: mixed([(moments(features[name]), w) for features, w in seen]) for name in LAYER_WEIGHTS}
        return StyleTarget(wanted, self.settings.loss)

    def _features(self, picture: Tensor) -> Features:
        """Returns activations of a picture continued beyond its edges, cut back to it: zero padding left a dark rim."""
        mode = "reflect" if min(picture.shape[2:]) > BORDER else "replicate"
        padded = F.pad(picture, [BORDER] * 4, mode=mode).contiguous(memory_format=torch.channels_last)
        with torch.autocast(picture.device.type, torch.bfloat16, enabled=self.half):
            found: Features = self.network(padded)
        return {name: _inner(y, BORDER >> (int(name[0]) - 1)) for name, y in found.items()}

    def _one_size(
        self, content: Tensor, begin: Tensor, target: StyleTarget, count: int
    ) -> Iterator[tuple[Tensor, dict[str, float]]]:
        """Optimizes at one size, from a picture of any size on; yields the averaged picture and its losses."""
        with torch.no_grad():
            wanted = self._features(content)[self.content_layer].float()
        picture = F.interpolate(begin, content.shape[2:], mode="bicubic", antialias=True).clamp(0, 1)
        picture = picture.contiguous().requires_grad_()
        optimizer = self._optimizer(picture)
        average, losses = picture.detach().clone(), {}

        def evaluate() -> float:
            optimizer.zero_grad()
            parts = self._losses(picture, wanted, target)
            losses.update({name: float(part.detach()) for name, part in parts.items()})
            total = torch.stack(list(parts.values())).sum()
            if not torch.isfinite(total):
                raise ModelError(
                    "the losses are not finite any more: use the optimizer adam, or a smaller style weight",
                    optimizer="adam",
                    style_weight=None,
                )
            total.backward()  # type: ignore[no-untyped-call]  # torch ships `backward` untyped
            return float(total.detach())

        for i in range(count):
            for group in optimizer.param_groups:
                group["lr"] = self._rate(i / count)
            optimizer.step(evaluate)
            with torch.no_grad():
                if self.settings.optimizer == "adam":
                    picture.clamp_(0, 1)
                average.lerp_(picture, max(1 - self.settings.average, 1 / (i + 1)))
            yield average.clone(), dict(losses)

    def _losses(self, picture: Tensor, wanted: Tensor, target: StyleTarget) -> dict[str, Tensor]:
        s, features = self.settings, self._features(picture)
        gap = (features[self.content_layer].float() - wanted).square().mean() / wanted.var((2, 3)).mean()
        return {
            "style": s.style_weight * target(features),
            "content": s.content_weight * gap,
            "variation": s.variation * total_variation(picture).mean(),
        }

    def _optimizer(self, picture: Tensor) -> torch.optim.Optimizer:
        if self.settings.optimizer == "adam":
            return torch.optim.Adam([picture], betas=(0.9, 0.99))
        return torch.optim.LBFGS([picture], max_iter=1, history_size=20)

    def _rate(self, progress: float) -> float:
        """Returns Adam's step, with half a cosine down to a tenth; L-BFGS measures its own."""
        if self.settings.optimizer == "lbfgs":
            return 1.0
        return self.settings.rate * (0.55 + 0.45 * math.cos(math.pi * progress))


def _inner(x: Tensor, cells: int) -> Tensor:
    return x[:, :, cells:-cells, cells:-cells]


def _fitted(x: Tensor, longest: int) -> bool:
    """Returns whether the shorter side is long enough, too; it always is at the picture's own size."""
    return min(x.shape[2:]) * longest >= SMALLEST * max(x.shape[2:])


def _check_size(name: str, picture: Image) -> None:
    height, width = picture.shape[:2]
    if min(height, width) < SMALLEST:
        raise InputError(f"{name} is {width}x{height}; gatys needs at least {SMALLEST}x{SMALLEST}: give a larger one")
