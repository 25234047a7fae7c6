"""Distils the slim encoder from two VGG-19."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.errors import ModelError
from stylex.models.encoders import loss_networks
from stylex.models.encoders.features import Features
from stylex.models.encoders.loss_network_files import RESCALED, SLIM, find_teacher
from stylex.models.encoders.slim import FAINTEST, LAYERS, SlimEncoder, normalize
from stylex.models.training import losses
from stylex.models.training.batches import packed, tensor
from stylex.models.training.data import PictureFolder, load_folder
from stylex.models.training.recipe import Recipe, total
from stylex.models.training.request import Request
from stylex.techniques import row_named

USUAL = row_named("encoder").training
MAPPED = LAYERS[3:]
"""Layers that the slim VGG-19's maps to VGG-19's width teach; the real VGG-19 teaches those before."""
MEASURED = 48
"""Pictures over which mean activations are taken."""


@dataclass(frozen=True)
class EncoderSettings:
    """Weights of the losses and shape of the batches.

    Attributes:
        size: pixels of the training crops, a multiple of 8.
        batch: pictures in a step, half photos, half paintings.
        features: weight of the activations themselves, every layer relative to its variance.
        gram: weight of their Gram matrices, which is what style losses compare.
        statistics: weight of their means and standard deviations.
        noise: largest standard deviation of the noise in a third of the pictures; what is optimized isn't always clean.
        hold_out: share of the files that training never sees.
    """

    size: int = USUAL.size
    batch: int = USUAL.batch
    features: float = 1.0
    gram: float = 0.5
    statistics: float = 0.5
    noise: float = 0.2
    hold_out: float = USUAL.hold_out


class DistillationTargets(nn.Module):
    """Activations of VGG-19 at relu1_1 to relu5_1, every channel rescaled to a mean of 1.

    Args:
        folder: of the loss networks; the real one is rescaled already.
        pictures: (B, 3, H, W), over which the mapped ones' means and the layers' `variances` are taken.

    Raises:
        InputError: a loss network is missing.
        ModelError: it is damaged, or has no maps to VGG-19's width.
    """

    def __init__(self, folder: Path, pictures: Tensor) -> None:
        super().__init__()
        self.vgg, self.slim = loss_networks.Vgg(folder), loss_networks.SlimVgg(folder)
        held = dict(self.slim.named_buffers())
        if any(f"aux{name}_weight" not in held for name in MAPPED):
            raise ModelError(f"{folder / loss_networks.SLIM_FILE} has no maps to VGG-19's width (aux4_1): restore it")
        self.means: dict[str, Tensor] = {}
        found = self(pictures)
        self.widths = tuple(y.shape[1] for y in found.values())
        self.means = {n: found[n].mean((0, 2, 3), keepdim=True).clamp(min=FAINTEST) for n in MAPPED}
        self.variances = {n: float(y.var((0, 2, 3)).mean()) for n, y in self(pictures).items()}

    @torch.no_grad()
    def forward(self, x: Tensor) -> Features:
        """Returns activations of RGB pictures (B, 3, H, W) in [0, 1]."""
        found: Features = self.vgg(x)
        slim = self.slim(x)
        for name in MAPPED:
            weight, bias = (self.slim.get_buffer(f"aux{name}_{part}") for part in ("weight", "bias"))
            found[name] = F.relu(F.conv2d(slim[name], weight, bias))
            if self.means:
                found[name] = found[name] / self.means[name].to(x.device)
        return found


class EncoderRecipe(Recipe):
    """Training of the encoder."""

    name = "encoder"
    not_exported = ("maps.",)
    network: SlimEncoder

    def __init__(
        self, content: Path, style: Path, teacher: Path, settings: EncoderSettings, device: torch.device
    ) -> None:
        self.settings = settings
        held = settings.hold_out
        self.photos = load_folder(content, 288, hold_out=held)
        self.paintings = load_folder(style, 384, favour="hi-", hold_out=held)
        targets = DistillationTargets(teacher, self._pictures(MEASURED, np.random.default_rng(11)))
        # torch's types forget that Module.to takes a memory format
        self.targets: DistillationTargets = targets.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    @classmethod
    def from_request(cls, request: Request) -> EncoderRecipe:
        """Returns the training that is asked for."""
        content, settings = request["content"], EncoderSettings(**request.shape)
        teacher = find_teacher(request["teacher"], content, RESCALED, SLIM)
        return cls(content, request["style"], teacher, settings, request.device)

    @property
    def folders(self) -> tuple[PictureFolder, ...]:
        """See `Recipe.folders`."""
        return self.photos, self.paintings

    def initial_network(self) -> SlimEncoder:
        """Returns a new network with maps to VGG-19's widths."""
        return SlimEncoder(self.targets.widths)

    def _pictures(self, count: int, rng: np.random.Generator) -> Tensor:
        """Returns half photos, half paintings (count, 3, size, size), channels last."""
        size = self.settings.size
        drawn = [self.photos.sample(count - count // 2, size, rng), self.paintings.sample(count // 2, size, rng)]
        return tensor(np.concatenate(drawn), torch.device("cpu"))

    def step(self, rng: np.random.Generator, device: torch.device) -> tuple[Tensor, dict[str, float]]:
        """Returns the loss of one batch, and its parts."""
        s = self.settings
        pictures = self._pictures(s.batch, rng)
        noise = rng.normal(0, 1, pictures.shape) * rng.uniform(0, s.noise, (s.batch, 1, 1, 1))
        noisy = rng.random((s.batch, 1, 1, 1)) < 1 / 3
        pictures = (pictures + torch.from_numpy((noisy * noise).astype(np.float32))).clamp(0, 1).to(device)
        pictures = packed(pictures)
        with torch.autocast(device.type, torch.bfloat16):
            phase = (int(rng.integers(2)), int(rng.integers(2)))
            want = subsampled(self.targets(pictures), phase)
            have = predicted(self.network, subsampled(self.network(pictures), phase))
            scales = self.targets.variances
        parts = {
            "features": s.features * torch.stack([relative_gap(have[n], want[n], scales[n]) for n in LAYERS]).sum(),
            "gram": s.gram * torch.stack([gram_gap(have[n], want[n]) for n in LAYERS]).sum(),
            "statistics": s.statistics * losses.style_loss(losses.statistics(have), losses.statistics(want)).mean(),
        }
        return total(parts)

    @torch.no_grad()
    def sample(self, network: nn.Module) -> npt.NDArray[np.uint8]:
        """Returns a sheet: four pictures down; across, of each layer, a channel of VGG-19's and the encoder's."""
        assert isinstance(network, SlimEncoder)
        pictures = self._pictures(4, np.random.default_rng(7))
        want, have = self.targets.cpu()(pictures), predicted(network, network(pictures))
        columns = [pictures.mul(255).byte().permute(0, 2, 3, 1).numpy()]
        for name in LAYERS:
            channel = want[name].std((0, 2, 3)).argmax()
            columns += [
                _as_grey(y[:, channel], want[name][:, channel], self.settings.size) for y in (want[name], have[name])
            ]
        return np.concatenate(np.concatenate(columns, 2), 0)

    @torch.no_grad()
    def extras(self, network: nn.Module) -> dict[str, Tensor]:
        """Returns the parameters again, under their own names, rescaled to a mean activation of 1."""
        assert isinstance(network, SlimEncoder)
        scaled = copy.deepcopy(network)
        normalize(scaled, self._pictures(MEASURED, np.random.default_rng(11)))
        return {name: t for name, t in scaled.state_dict().items() if not name.startswith(self.not_exported)}

    def describe(self) -> dict[str, Any]:
        """Returns data and loss weights for the training card."""
        return {
            "data": {"content": self.photos.description(), "style": self.paintings.description()},
            "settings": asdict(self.settings),
        }


def subsampled(features: Features, phase: tuple[int, int]) -> Features:
    """Returns every second row and column of relu1_1 only, from `phase` on: losses on all of it took most of a step."""
    down, right = phase
    return features | {LAYERS[0]: features[LAYERS[0]][:, :, down::2, right::2]}


def predicted(network: SlimEncoder, features: Features) -> Features:
    """Predicts VGG-19's activations from the encoder's.

    The maps are linear, so that two pictures that agree in the encoder's means and Gram matrices agree in those of
    the prediction as well.
    """
    return {name: network.maps[name](y) for name, y in features.items()}


def relative_gap(have: Tensor, want: Tensor, variance: float) -> Tensor:
    """Returns the mean squared difference, relative to the variance of what is wanted: 1 for a constant."""
    return (have - want).float().square().mean() / variance


def gram_gap(have: Tensor, want: Tensor) -> Tensor:
    """Returns the squared distance of the Gram matrices, relative to the wanted ones' size, mean over the pictures."""
    a, b = ((y.flatten(2) @ y.flatten(2).mT).float() / (y.shape[2] * y.shape[3]) for y in (have, want))
    return ((a - b).square().mean((1, 2)) / b.square().mean((1, 2))).mean()


def _as_grey(x: Tensor, scale: Tensor, size: int) -> npt.NDArray[np.uint8]:
    """Returns activations (B, h, w) as RGB pictures (B, size, size, 3), from 0 to the largest of `scale`."""
    levels = (x / scale.max().clamp(min=FAINTEST)).clamp(0, 1).mul(255).byte().numpy()
    grey = np.stack([cv2.resize(one, (size, size), interpolation=cv2.INTER_NEAREST) for one in levels])
    return np.repeat(grey[..., None], 3, -1)
