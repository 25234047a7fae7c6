"""Trains networks for arbitrary styles: losses, their weights, and the batches."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.models.encoders.loss_networks import LossNetworks
from stylex.models.shared.arbitrary_style import ArbitraryStyleNetwork, StylizedBatch
from stylex.models.shared.backbone import MULTIPLE, through_clamp
from stylex.models.training import losses
from stylex.models.training.batches import (
    PaintingSettings,
    noisy,
    pictures,
    regularizers,
    shift_loss,
    tensor,
    wide_photos,
    wide_side,
    with_border,
)
from stylex.models.training.data import PictureFolder, load_folder
from stylex.models.training.recipe import Recipe, total
from stylex.models.training.request import Request
from stylex.models.training.reviving import PHOTOS, revive
from stylex.models.training.style_bank import StyleBank, StyleTarget, joined, quantile_distances, relative_style_losses
from stylex.models.weights import CALIBRATION
from stylex.techniques import DEFAULT, technique_named

QUARTER = 4
"""Factor by which pictures are shrunk to compare their composition."""
SCALE_PICTURES = 24
"""Photos, and paintings, over which the distance of untouched photos from paintings is averaged."""
BANK_SEED = 17
STYLE_SIDE = 384
"""Pixels of a painting's shorter side, of which crops are cut."""
USUAL = technique_named(DEFAULT).training
"""The defaults that a network for arbitrary styles is trained with; others than AdaIN's change some of them."""


@dataclass(frozen=True)
class ArbitraryStyleSettings(PaintingSettings):
    """Weights of the losses and shape of the batches, by default those of AdaIN.

    Attributes:
        palette: weight of the quantiles of the pixels.
        fine: weight of the quantiles of the activations from relu1_1 to relu3_1.
        drift: weight of the distance between the palette that the network paints and the one that is wanted, which
            the last colour map makes up for.
        iridescence: weight of colours that change where the photo is flat.
        sigma_matching: weight of the gap between the content's standard deviations and the codes' sigmas.
        identity: weight of the pixels where the photo must come back.
        hole: weight of the distance to the two pictures that a mask joins: full strength outside of a hole, a lower
            one inside.
        describe: weight of the style statistics that AdaIN's encoder learns to predict.
        structure: weight of the photo's structure, as MS-SSIM sees it.
        local: weight of the style's features where they are like the photo's.
        quarter: weight of the statistics of the slim VGG-19 at a quarter of the resolution.
        grey: how often the last photo of a batch is a grey one.
        bank: crops of paintings whose statistics are prepared.
        smallest: pixels of the smallest crop of a picture, as a share of `size`.
    """

    size: int = USUAL.size
    batch: int = USUAL.batch
    content: float = USUAL.default("content_weight")
    style: float = USUAL.default("style_weight")
    shift: float = 80.0
    shifted: int = 2
    flat_area_noise: float = 150.0
    total_variation: float = 0.5
    palette: float = 4.0
    fine: float = 2.0
    drift: float = 1.0
    iridescence: float = 60.0
    sigma_matching: float = 0.2
    identity: float = 20.0
    hole: float = 10.0
    describe: float = 0.5
    structure: float = 0.6
    local: float = 0.0
    quarter: float = 0.0
    grey: float = 0.25
    bank: int = 2400
    smallest: float = 0.45


@dataclass(frozen=True, eq=False)
class Batch:
    """One batch.

    Attributes:
        wide: photos with room to move, see `wide_photos`.
        content: of them what the network is given, with its border.
        photo: of them what it paints, RGB (B, 3, size, size) in [0, 1].
        style: likewise.
        target: what is wanted of the painted pictures' style.
        strength: (B,).
        kept: (B,), 1 where the photo must come back.
    """

    wide: Tensor
    content: Tensor
    photo: Tensor
    style: Tensor
    target: StyleTarget
    strength: Tensor
    kept: Tensor

    @property
    def styled(self) -> Tensor:
        """Returns 1 where the picture is rated by its style, (B,)."""
        return 1 - self.kept

    @property
    def full(self) -> Tensor:
        """Returns 1 where the style is wanted in full, (B,)."""
        return self.styled * (self.strength == 1).float()


class PaintingsRecipe(Recipe):
    """Training of a network for arbitrary styles on photos and paintings, with whatever losses: the base.

    Attributes:
        photos, paintings: the folders of both.
    """

    photos: PictureFolder
    paintings: PictureFolder

    @property
    def folders(self) -> tuple[PictureFolder, ...]:
        """See `Recipe.folders`."""
        return self.photos, self.paintings

    @torch.no_grad()
    def sample(self, network: nn.Module) -> npt.NDArray[np.uint8]:
        """Paints four photos, down, in five paintings' styles, across, always the same ones."""
        assert isinstance(network, ArbitraryStyleNetwork)
        size, cpu = 256, torch.device("cpu")
        rng = np.random.default_rng(7)
        photos = self.photos.sample(4, size, rng)
        styles = np.concatenate([self.paintings.sample(1, size, rng) for _ in range(5)])
        rows = [np.concatenate([np.full_like(photos[0], 255), *styles], 1)]
        codes = network.encode(tensor(styles, cpu))
        for photo in photos:
            content = tensor(with_border(photo[None].repeat(len(styles), 0)), cpu)
            rows.append(np.concatenate([photo, *pictures(network(content, codes)[0])], 1))
        return np.concatenate(rows, 0)

    @torch.no_grad()
    def extras(self, network: nn.Module) -> dict[str, Tensor]:
        """Returns codes of 64 training styles, for calibration."""
        assert isinstance(network, ArbitraryStyleNetwork)
        styles = tensor(self.paintings.sample(64, 256, np.random.default_rng(11)), torch.device("cpu"))
        return {CALIBRATION: network.encode(styles)}


class ArbitraryStyleRecipe(PaintingsRecipe):
    """Training of networks for arbitrary styles; subclasses give `initial_network`, and may add losses in `encode`.

    Args:
        content: folder of photos.
        style: folder of paintings, or paintings that were read already.
        start: weights to begin with instead of those of `initial_network`; None for those.
    """

    defaults: ClassVar[ArbitraryStyleSettings] = ArbitraryStyleSettings()
    muon = True
    network: ArbitraryStyleNetwork

    def __init__(
        self,
        content: Path,
        style: Path | PictureFolder,
        loss_networks: LossNetworks,
        settings: ArbitraryStyleSettings,
        start: Path | None = None,
    ) -> None:
        self.settings, self.loss_networks, self.start = settings, loss_networks, start
        self.photos = load_folder(content, 288, hold_out=settings.hold_out)
        self.paintings = (
            style
            if isinstance(style, PictureFolder)
            else load_folder(style, STYLE_SIDE, favour="hi-", hold_out=settings.hold_out)
        )
        self.photos.smallest = self.paintings.smallest = settings.smallest
        self.revived = 0
        self._bank: StyleBank | None = None
        self._scale: dict[str, float] = {}

    @classmethod
    def from_request(cls, request: Request) -> ArbitraryStyleRecipe:
        """Returns the training that is asked for."""
        weights, shifted = request.weights("content", "style"), min(cls.defaults.shifted, request["batch"])
        settings = replace(cls.defaults, **request.shape, **weights, shifted=shifted)
        networks = request.loss_networks(request["content"])
        return cls(request["content"], request["style"], networks, settings, request["start"])

    @abstractmethod
    def initial_network(self) -> ArbitraryStyleNetwork:
        """Returns the network that training begins with."""

    def restart(self, seed: int) -> None:
        """Makes the network anew, from a seed or from the weights to begin with."""
        super().restart(seed)
        if self.start is not None and self.beginning is not None:
            self.beginning.fill(self.network)
        self.network.palette_mapped = True
        self.revived = self._revive(seed)

    @torch.no_grad()
    def _revive(self, seed: int) -> int:
        """Revives the channels that are dead on some photos; returns how many."""
        cpu, size, rng = torch.device("cpu"), self.settings.size, np.random.default_rng(seed)
        photos = tensor(with_border(self.photos.sample(PHOTOS, size, rng)), cpu)
        codes = self.network.encode(tensor(self.paintings.sample(PHOTOS, size, rng), cpu))
        return revive(self.network.backbone, lambda: self.network.paint(photos, codes), seed)

    def encode(self, style: Tensor, _target: StyleTarget) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns codes of style pictures (B, D + 9), and losses of the encoder's own."""
        return self.network.encode(style).float(), {}

    def step(self, rng: np.random.Generator, device: torch.device) -> tuple[Tensor, dict[str, float]]:
        """Paints one batch: most pictures at full strength, some at another one, some that must stay as they are."""
        s = self.settings
        batch = self._draw(rng, device)
        with torch.autocast(device.type, torch.bfloat16):
            codes, parts = self.encode(batch.style, batch.target)
            stylized = self.network.paint(noisy(batch.content, s.noise, rng), codes, batch.strength)
        parts |= self._losses(batch, stylized, rng)
        parts["sigma_matching"] = s.sigma_matching * self.network.sigma_mismatch(codes, stylized.statistics)
        if s.shifted:
            last = slice(-s.shifted, None)

            def paint(moved: Tensor) -> Tensor:
                again: Tensor = self.network(noisy(moved, s.noise, rng), codes[last], batch.strength[last])[0]
                return again

            parts["shift"] = s.shift * shift_loss(s, paint, batch.wide, stylized.picture, rng)
        if s.hole:
            parts["hole"] = s.hole * self._hole_loss(batch, codes, stylized.picture, rng)
        return total(parts)

    def _hole_loss(self, batch: Batch, codes: Tensor, picture: Tensor, rng: np.random.Generator) -> Tensor:
        """Penalizes what a hole in the mask does beyond its edge, and where it acts more strongly than its number.

        The last picture of the batch is painted again with a lower strength inside of a disc. It should be the picture
        of that strength there, and the one of full strength elsewhere.
        """
        last = slice(-1, None)
        content, code, level = batch.content[last], codes[last], float(rng.random())
        disc = _disc(self.settings.size // MULTIPLE, rng).to(content.device)
        with torch.autocast(content.device.type, torch.bfloat16):
            masked = self.network.paint(content, code, 1.0, 1 - (1 - level) * disc).picture
            with torch.no_grad():
                inside = self.network.paint(content, code, level).picture
        share = F.interpolate(disc, scale_factor=MULTIPLE, mode="bilinear")
        gap = (masked - picture[last].detach().lerp(inside, share)).abs().mean()
        return batch.full[-1] * gap

    @torch.no_grad()
    def _draw(self, rng: np.random.Generator, device: torch.device) -> Batch:
        """Draws photos, styles and strengths.

        The first picture of a batch must come back untouched some of the time, at strength 0 or in its own style at
        strength 1; the second has a strength anywhere in between some of the time, and the last one is grey some of the
        time: colours that a network makes of none are the likeliest to change where they should not.
        """
        s = self.settings
        photos = self.photos.sample(s.batch, wide_side(s), rng)
        draw = rng.random(3)
        if draw[2] < s.grey:
            photos[-1] = photos[-1].mean(2, keepdims=True).round()
        wide, content, photo = wide_photos(photos, s.size, device)
        style, target = self._styles(device).sample(s.batch, rng)
        strength, kept = torch.ones(s.batch), torch.zeros(s.batch)
        if draw[0] < 0.4:
            kept[0] = 1
            if draw[0] < 0.1:
                style[0] = photo[0]
            else:
                strength[0] = 0
        if draw[1] < 0.3 and s.batch > 1:
            share = float(rng.random())
            strength[1] = share
            with torch.autocast(device.type, torch.bfloat16):
                untouched = StyleTarget.of(photo[1:2], self.loss_networks.seen(photo[1:2])[0])
            targets = [target.at(i) for i in range(s.batch)]
            targets[1] = untouched.towards(targets[1], share)
            target = joined(targets)
        return Batch(wide, content, photo, style, target, strength.to(device), kept.to(device))

    def _styles(self, device: torch.device) -> StyleBank:
        if self._bank is None:
            s = self.settings
            self._bank = StyleBank(self.paintings, self.loss_networks, s.size, s.bank, BANK_SEED, device)
            self._scale = self._photo_distances(device)
        return self._bank

    def _photo_distances(self, device: torch.device) -> dict[str, float]:
        """Returns by layer the average distance of untouched photos from paintings, the unit of the style loss."""
        rng, size = np.random.default_rng(BANK_SEED), self.settings.size
        seen = []
        for folder in (self.photos, self.paintings):
            drawn = tensor(folder.sample(SCALE_PICTURES, size, rng), device)
            with torch.autocast(device.type, torch.bfloat16):
                parts = [losses.statistics(self.loss_networks.seen(x)[0]) for x in torch.split(drawn, 8)]
            seen.append(
                {n: (torch.cat([p[n][0] for p in parts]), torch.cat([p[n][1] for p in parts])) for n in parts[0]}
            )
        photos, paintings = seen
        shifted = [{n: (m.roll(k, 0), d.roll(k, 0)) for n, (m, d) in photos.items()} for k in range(SCALE_PICTURES)]
        return {
            name: float(torch.stack([losses.style_loss(p, paintings, (name,)).mean() for p in shifted]).mean())
            for name in photos
        }

    def _losses(self, batch: Batch, stylized: StylizedBatch, rng: np.random.Generator) -> dict[str, Tensor]:
        """Returns the losses of a batch by name."""
        s, picture, photo = self.settings, stylized.picture, batch.photo
        clamped = through_clamp(picture)
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        with torch.autocast(photo.device.type, torch.bfloat16):
            with torch.no_grad():
                content = self.loss_networks.seen(photo)[1] if s.local else self.loss_networks.features(photo)["4_1"]
            features, deep = self.loss_networks.seen(clamped)
        have = StyleTarget.of(clamped, features, generator)
        palette, fine = quantile_distances(have, batch.target)
        parts = regularizers(s, picture, photo) | {
            "content": s.content * losses.content_loss(deep, content).mean(),
            "style": s.style * (batch.styled * relative_style_losses(have, batch.target, self._scale)).mean(),
            "palette": s.palette * (batch.styled * palette).mean(),
            "fine": s.fine * (batch.styled * fine).mean(),
            "drift": s.drift * _drift(stylized).mean(),
            "iridescence": s.iridescence * losses.iridescence(clamped, photo).mean(),
            "identity": s.identity * (batch.kept * (picture - photo).abs().mean((1, 2, 3))).mean(),
        }
        if s.structure:
            parts["structure"] = s.structure * losses.structure(clamped, photo).mean()
        if s.local:
            with torch.no_grad(), torch.autocast(photo.device.type, torch.bfloat16):
                wanted = self.loss_networks.features(batch.style)["4_1"]
            parts["local"] = s.local * (batch.full * losses.local_style(deep, content, wanted)).mean()
        if s.quarter:
            parts["quarter"] = s.quarter * (batch.full * self._quarter_loss(clamped, batch.style)).mean()
        return parts

    def _quarter_loss(self, painted: Tensor, style: Tensor) -> Tensor:
        small, wanted = (F.avg_pool2d(x, QUARTER) for x in (painted, style))
        with torch.autocast(painted.device.type, torch.bfloat16):
            have = losses.statistics(self.loss_networks.features(small))
            with torch.no_grad():
                want = losses.statistics(self.loss_networks.features(wanted))
        return losses.style_loss(have, want)

    def describe(self) -> dict[str, Any]:
        """Returns what the training card says of data, loss networks, loss weights and beginning."""
        found: dict[str, Any] = {
            "data": {"content": self.photos.description(), "style": self.paintings.description()},
            "teachers": self.loss_networks.name,
            "trained_on": self.loss_networks.layers,
            "settings": asdict(self.settings),
            "revived": self.revived,
        }
        if self.beginning is not None:
            found["start"] = {"weights_sha256": self.beginning.sha256, "card": self.beginning.card}
        return found


def _disc(side: int, rng: np.random.Generator) -> Tensor:
    """Returns a disc of ones in zeros at a random place, with a soft edge of one cell, (1, 1, side, side)."""
    radius, (down, right) = rng.uniform(0.12, 0.4) * side, rng.uniform(0, side, 2)
    y, x = np.mgrid[:side, :side] + 0.5
    inside = np.clip(radius - np.hypot(y - down, x - right) + 0.5, 0, 1)
    return torch.from_numpy(inside.astype(np.float32))[None, None]


def _drift(stylized: StylizedBatch) -> Tensor:
    """Returns how far the palette that the network painted lies from the wanted one, relative to that; (B,)."""
    (mean, covariance), (wanted, wanted_covariance) = stylized.raw_palette, stylized.wanted_palette
    trace = wanted_covariance.diagonal(dim1=1, dim2=2).sum(1) + 1e-3
    means = (mean - wanted).square().sum(1) / trace
    return (means + (covariance - wanted_covariance).square().sum((1, 2)) / trace.square()).float()
