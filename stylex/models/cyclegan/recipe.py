"""Trains the two directions of CycleGAN.

The losses of the paper (least squares, cycle, identity, image pool) take days at the paper's size. What the compact
networks after it add is added here: content features (CartoonGAN, AnimeGAN), statistics of the other kind's features,
discriminating lightness and blurred colours apart and flattened photos to compare with (White-box Cartoonization), and
the losses that keep this trunk from inventing patterns.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.artifacts.catalog import require_name
from stylex.models.adain import embedded
from stylex.models.adain.network import AdaIN
from stylex.models.cyclegan.network import BLUR, CycleGan, Discriminator
from stylex.models.encoders.loss_networks import LossNetworks
from stylex.models.shared.backbone import BORDER, through_clamp
from stylex.models.training import losses
from stylex.models.training.batches import (
    PaintingSettings,
    common_losses,
    noisy,
    pictures,
    shift_loss,
    tensor,
    texture_statistics,
    wide_photos,
    wide_side,
    with_border,
)
from stylex.models.training.data import PictureFolder, load_folder
from stylex.models.training.recipe import Recipe, total
from stylex.models.training.request import Request
from stylex.models.training.reviving import PHOTOS, revive
from stylex.techniques import technique_named

USUAL = technique_named("cyclegan").training
STATISTICS_BATCHES = 24
"""Number of batches over which the statistics of the other kind are measured."""


@dataclass(frozen=True)
class CycleGanSettings(PaintingSettings):
    """Weights of the losses and shape of the batches.

    Attributes:
        adversarial: weight of the least-squares loss of either generator.
        cycle: weight of the pixels that must come back after both directions.
        identity: weight of the pixels that must stay where a picture is of the wanted kind already.
        pool: fakes that the discriminators are shown again later.
        color: weight of the photo's colours, blurred.
        flatten: content is compared with the photo after mean shift filtering, which leaves areas of one colour, and
            the other kind's statistics are those of lightness alone, so that outlines don't come with coloured fringes.
    """

    size: int = USUAL.size
    batch: int = USUAL.batch
    crop: int = 96
    shifted: int = 2
    content: float = USUAL.default("content_weight")
    style: float = USUAL.default("style_weight")
    texture: float = 1.0
    flat_area_noise: float = 100.0
    adversarial: float = 1.0
    cycle: float = USUAL.default("cycle_weight")
    identity: float = USUAL.default("identity_weight")
    pool: int = 50
    color: float = 1.0
    flatten: bool = USUAL.default("flatten")


class Pool:
    """Fakes of earlier steps, so that a discriminator doesn't forget (Shrivastava et al. 2017)."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.kept: list[Tensor] = []

    def exchange(self, fake: Tensor, rng: np.random.Generator) -> Tensor:
        """Returns half of the fakes (B, 3, H, W), and older ones in place of the others."""
        shown = []
        for picture in fake.detach():
            if len(self.kept) < self.size:
                self.kept.append(picture.clone())
            elif rng.random() < 0.5:
                at = int(rng.integers(self.size))
                picture, self.kept[at] = self.kept[at], picture.clone()
            shown.append(picture)
        return torch.stack(shown)


class CycleGanRecipe(Recipe):
    """Training of CycleGAN.

    Args:
        a, b: folders of the two kinds.
        style: what to call the kind of `b`.
        adain: whose content path the generators begin with.
    """

    name = "cyclegan"
    not_exported = ("back.", "judge_")
    network: CycleGan

    def __init__(
        self,
        a: Path,
        b: Path,
        style: str,
        loss_networks: LossNetworks,
        settings: CycleGanSettings,
        device: torch.device,
        adain: AdaIN,
    ) -> None:
        self.settings, self.style, self.loss_networks, self.adain = settings, style, loss_networks, adain
        self.revived = 0
        self.a = load_folder(a, 288, hold_out=settings.hold_out)
        self.b = load_folder(b, 288, hold_out=settings.hold_out)
        self.domain_statistics = self._domain_statistics(self.b, device)

    @classmethod
    def from_request(cls, request: Request) -> CycleGanRecipe:
        """Returns the training that is asked for."""
        a, b = request["domain_a"], request["domain_b"]
        settings = CycleGanSettings(
            **request.shape,
            **request.weights("cycle", "identity", "content", "style"),
            crop=min(CycleGanSettings.crop, request["size"]),
            shifted=min(CycleGanSettings.shifted, request["batch"]),
            flatten=request["flatten"],
        )
        networks, name = request.loss_networks(a), require_name(request["name"] or b.resolve().name)
        return cls(a, b, name, networks, settings, request.device, embedded.embedded_adain()[0])

    @property
    def folders(self) -> tuple[PictureFolder, ...]:
        """See `Recipe.folders`."""
        return self.a, self.b

    def initial_network(self) -> CycleGan:
        """Returns new discriminators, and generators that change nothing."""
        network = CycleGan()
        for generator in (network, network.back):
            generator.trunk.load_state_dict(self.adain.backbone.state_dict())
        return network

    def restart(self, seed: int) -> None:
        """Makes network and pools anew."""
        super().restart(seed)
        self.pools = Pool(self.settings.pool), Pool(self.settings.pool)
        seen = with_border(self.a.sample(PHOTOS, self.settings.size, np.random.default_rng(seed)))
        photos, net = tensor(seen, torch.device("cpu")), self.network
        self.revived = revive(net.trunk, lambda: net(photos), seed)
        self.revived += revive(net.back.trunk, lambda: net.back(photos), seed)

    def step(self, rng: np.random.Generator, device: torch.device) -> tuple[Tensor, dict[str, float]]:
        """Returns the loss of one batch of either kind, see `Recipe.step`."""
        s, net = self.settings, self.network
        photos = self.a.sample(s.batch, wide_side(s), rng)
        wide, content, a = wide_photos(photos, s.size, device)
        others = tensor(with_border(self.b.sample(s.batch, s.size, rng)), device)
        b = others[:, :, BORDER:-BORDER, BORDER:-BORDER]
        with torch.autocast(device.type, torch.bfloat16):
            fake_b, fake_a = net(noisy(content, s.noise, rng)).float(), net.back(others).float()
            parts = self._adversarial(a, b, fake_a, fake_b, rng)
            parts["cycle"] = s.cycle * (
                (net.back.again(fake_b).float() - a).abs().mean() + (net.again(fake_a).float() - b).abs().mean()
            )
            parts["identity"] = s.identity * (
                (net(others).float() - b).abs().mean() + (net.back(content).float() - a).abs().mean()
            )
        parts |= self._anchors(a, fake_b, rng)
        if s.shifted:
            parts["shift"] = s.shift * shift_loss(
                s, lambda moved: net(noisy(moved, s.noise, rng)).float(), wide, fake_b, rng
            )
        return total(parts)

    def _adversarial(
        self, a: Tensor, b: Tensor, fake_a: Tensor, fake_b: Tensor, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """Returns the least-squares losses (Mao et al. 2017) of generators and discriminators.

        Each reaches its own parameters alone.
        """
        net, generator_loss, discriminator_loss = self.network, a.new_zeros(()), a.new_zeros(())
        for discriminator, real, fake, pool in (
            (net.judge_a, a, fake_a, self.pools[0]),
            (net.judge_b, b, fake_b, self.pools[1]),
        ):
            with _untrained(discriminator):
                generator_loss = generator_loss + (discriminator(fake) - 1).square().mean()
            older = pool.exchange(fake, rng)
            on_real, on_fake = (discriminator(real) - 1).square().mean(), discriminator(older).square().mean()
            discriminator_loss = discriminator_loss + 0.5 * (on_real + on_fake)
        return {"generator": self.settings.adversarial * generator_loss, "discriminator": discriminator_loss}

    def _anchors(self, a: Tensor, fake: Tensor, rng: np.random.Generator) -> dict[str, Tensor]:
        """Returns the losses of the photo's content features and of the other kind's statistics."""
        s, device = self.settings, a.device
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
            like = tensor(np.stack([_flattened(p) for p in pictures(a)]), device) if s.flatten else a
            like_features = self.loss_networks.features(like)
        with torch.autocast(device.type, torch.bfloat16):
            clamped = through_clamp(fake)
            compared = self._compared(clamped)
            features = self.loss_networks.features(clamped)
            compared_features = self.loss_networks.features(compared) if s.flatten else features
            texture = texture_statistics(self.loss_networks, compared, s.crop, rng)
        whole, detail = self.domain_statistics
        parts = common_losses(s, fake, like, features, like_features) | {
            "style": s.style * losses.style_loss(losses.statistics(compared_features), whole).mean(),
            "texture": s.texture * losses.style_loss(texture, detail).mean(),
            "color": s.color * (F.avg_pool2d(fake, BLUR) - F.avg_pool2d(a, BLUR)).abs().mean(),
        }
        if s.flatten:
            wanted = like_features["2_1"].float()
            parts["flat"] = s.content * F.l1_loss(features["2_1"].float(), wanted) / wanted.mean()
        return parts

    def _compared(self, pictures: Tensor) -> Tensor:
        """Returns the pictures whose statistics are compared: lightness alone where photos are flattened."""
        return _grey(pictures) if self.settings.flatten else pictures

    @torch.no_grad()
    def _domain_statistics(
        self, folder: PictureFolder, device: torch.device
    ) -> tuple[losses.Statistics, losses.Statistics]:
        """Statistics of the loss networks' features over the other kind."""
        s, rng = self.settings, np.random.default_rng(5)
        wholes, details = [], []
        for _ in range(STATISTICS_BATCHES):
            batch = self._compared(tensor(folder.sample(8, s.size, rng), device))
            with torch.autocast(device.type, torch.bfloat16):
                wholes.append(losses.statistics(self.loss_networks.features(batch)))
                details.append(texture_statistics(self.loss_networks, batch, s.crop, rng))
        return losses.pooled(wholes), losses.pooled(details)

    @torch.no_grad()
    def sample(self, network: nn.Module) -> npt.NDArray[np.uint8]:
        """Returns five photos, always the same ones, what becomes of them, and what comes back."""
        assert isinstance(network, CycleGan)
        photos = self.a.sample(5, 256, np.random.default_rng(7))
        fake = network(tensor(with_border(photos), torch.device("cpu"))).clamp(0, 1)
        rows = (photos, pictures(fake), pictures(network.back.again(fake)))
        return np.concatenate([np.concatenate(list(row), 1) for row in rows], 0)

    def describe(self) -> dict[str, Any]:
        """Kinds, data and loss weights for the training card."""
        return {
            "style": {"name": self.style},
            "start": "both generators as AdaIN's content path at strength 0",
            "data": {"a": self.a.description(), "b": self.b.description()},
            "teachers": self.loss_networks.name,
            "settings": asdict(self.settings),
            "revived": self.revived,
        }


@contextlib.contextmanager
def _untrained(discriminator: Discriminator) -> Iterator[None]:
    """Keeps gradients of what is computed inside from the discriminator's parameters."""
    discriminator.requires_grad_(False)
    try:
        yield
    finally:
        discriminator.requires_grad_(True)


def _grey(pictures: Tensor) -> Tensor:
    """Returns the lightness in all three channels."""
    return pictures.mean(1, keepdim=True).expand_as(pictures)


def _flattened(photo: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Returns a photo with areas of one colour: mean shift filtering (Comaniciu and Meer 2002)."""
    return np.asarray(cv2.pyrMeanShiftFiltering(np.ascontiguousarray(photo), 8, 32), np.uint8)
