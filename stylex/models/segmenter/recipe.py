"""Trains the segmenter: from a slim VGG-19's weights, on a few hundred photos with masks."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.artifacts.metadata import SEGMENTER
from stylex.errors import ModelError
from stylex.models.encoders import loss_networks
from stylex.models.encoders.loss_network_files import SLIM, find_teacher
from stylex.models.segmenter.data import augmented, load_masked
from stylex.models.segmenter.network import DOWN, OUTPUT_STRIDE, Segmenter
from stylex.models.training.batches import packed, pictures, tensor
from stylex.models.training.data import PictureFolder, load_folder
from stylex.models.training.recipe import Recipe, total
from stylex.models.training.request import Request
from stylex.techniques import row_named

SIDE = 320
"""Pixels that a photo's shorter side is reduced to."""
DISTILLED = ("pooled", "3_1", "4_1", "5_1")
"""Features that stay near the slim VGG-19's."""
INHERITED = tuple(DOWN)[:-1]
"""Convolutions that begin as the slim VGG-19's; its conv5_1 reads what conv4_4 makes, which isn't there."""
MEASURED = 32
FIRST_STEPS, FIRST_SIZE, FIRST_BATCH = 300, 128, 8
"""Steps, crop size and batch in which the first two convolutions learn to replace VGG's first four, before all else."""
USUAL = row_named(SEGMENTER).training
FAINTEST = 1e-3
SMOOTH = 1.0


@dataclass(frozen=True)
class SegmenterSettings:
    """Weights of the losses and shape of the batches.

    Attributes:
        size: pixels of the training pictures, a multiple of 32.
        batch: pictures in a step.
        overlap: weight of one minus the soft intersection over union, of people and of background.
        distillation: weight of the distance to the slim VGG-19's features, which keeps what a few hundred photos can't
            teach.
        distilled_pictures: of a batch, so many are compared.
        empty, elsewhere: shares of the pictures that have nobody in them, and whose people stand in front of another
            photo.
        hold_out: share of the photos that training never sees.
    """

    size: int = USUAL.size
    batch: int = USUAL.batch
    overlap: float = 0.5
    distillation: float = 0.1
    distilled_pictures: int = 2
    empty: float = 0.18
    elsewhere: float = 0.42
    hold_out: float = USUAL.hold_out


class RescaledSlimVgg(loss_networks.SlimVgg):
    """The slim VGG-19 with every channel rescaled to a mean square of 1 over some pictures (B, 3, H, W)."""

    def __init__(self, folder: Path, seen: Tensor) -> None:
        super().__init__(folder)
        self.scales: dict[str, Tensor] = {}
        self.scales = {
            name: x.square().mean((0, 2, 3), keepdim=True).sqrt().clamp(min=FAINTEST)
            for name, x in self.activations(seen).items()
        }

    @torch.no_grad()
    def activations(self, x: Tensor, until: str = "") -> dict[str, Tensor]:
        """Returns the output of every convolution behind the second stage, and "pooled", which goes in there."""
        x, found = self.enter(x), {}
        for stage, count in enumerate(self.stages, 1):
            if stage > 1:
                x = F.max_pool2d(x, 2)
            if stage == 3:
                found["pooled"] = x
            for index in range(1, count + 1):
                name = f"{stage}_{index}"
                if until in found:
                    break
                weight, bias = (self.get_buffer(f"conv{name}_{part}") for part in ("weight", "bias"))
                x = F.relu(F.conv2d(x, weight, bias, padding=1))
                if stage > 2:
                    found[name] = x
        return {name: x / self.scales[name].to(x) if self.scales else x for name, x in found.items()}

    def rescaled(self) -> dict[str, Tensor]:
        """Returns weights and biases for `INHERITED`, for inputs and outputs whose channels have a mean square of 1."""
        tensors, before = {}, "pooled"
        for name in INHERITED:
            weight, bias = (self.get_buffer(f"conv{name}_{part}") for part in ("weight", "bias"))
            scale = self.scales[name].view(-1)
            tensors[f"{name}.weight"] = weight * self.scales[before].view(1, -1, 1, 1) / scale.view(-1, 1, 1, 1)
            tensors[f"{name}.bias"] = bias / scale
            before = name
        return tensors


class SegmenterRecipe(Recipe):
    """Training of the segmenter.

    Args:
        photos: folder of photos with masks beside them.
        backgrounds: folder of photos without people that others' people are set in front of; None for none.
        teacher: folder of the slim VGG-19; None to begin with random weights.

    Raises:
        InputError: a folder or the slim VGG-19 is missing or unusable.
    """

    name = SEGMENTER
    network: Segmenter

    def __init__(
        self,
        photos: Path,
        backgrounds: Path | None,
        teacher: Path | None,
        settings: SegmenterSettings,
        device: torch.device,
    ) -> None:
        self.settings = settings
        self.photos = load_masked(photos, SIDE, settings.hold_out)
        self.backgrounds: PictureFolder | None = load_folder(backgrounds, SIDE) if backgrounds else None
        self.slim: RescaledSlimVgg | None = None
        if teacher:
            measured = tensor(self._drawn(MEASURED, np.random.default_rng(11))[0], torch.device("cpu"))
            slim = RescaledSlimVgg(teacher, measured)
            # torch's types forget that Module.to takes a memory format
            self.slim = slim.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    @classmethod
    def from_request(cls, request: Request) -> SegmenterRecipe:
        """Returns the training that is asked for."""
        photos, compared = request["photos"], min(SegmenterSettings.distilled_pictures, request["batch"])
        teacher = request.optional(
            lambda: find_teacher(request["teacher"], photos, SLIM), "it begins with random weights"
        )
        settings = SegmenterSettings(**request.shape, distilled_pictures=compared)
        return cls(photos, request["backgrounds"], teacher, settings, request.device)

    @property
    def folders(self) -> tuple[PictureFolder, ...]:
        """See `Recipe.folders`."""
        return (self.photos,) if self.backgrounds is None else (self.photos, self.backgrounds)

    def initial_network(self) -> Segmenter:
        """Returns a new network, and where there is a slim VGG-19, one that stands for that."""
        network = Segmenter()
        if self.slim is not None:
            inherited = {name: tensor.cpu() for name, tensor in self.slim.rescaled().items()}
            try:
                network.down.load_state_dict(inherited, strict=False)
            except RuntimeError as error:
                raise ModelError(
                    f"the slim VGG-19 has other widths than the segmenter ({error}): restore it"
                ) from error
            self._distil(network, self.slim, np.random.default_rng(torch.initial_seed()))
        return network

    def _distil(self, network: Segmenter, slim: RescaledSlimVgg, rng: np.random.Generator) -> None:
        """Trains the first two convolutions to predict VGG's second stage."""
        device = next(iter(slim.buffers())).device
        first = [*network.stem.parameters(), *network.entry.parameters()]
        optimizer = torch.optim.Adam(first, 3e-3)
        whole = self._drawn(FIRST_BATCH * 8, rng)[0]
        for _ in range(FIRST_STEPS):
            chosen = whole[rng.choice(len(whole), FIRST_BATCH, replace=False)]
            down, right = (int(v) for v in rng.integers(0, self.settings.size - FIRST_SIZE + 1, 2))
            x = tensor(chosen[:, down : down + FIRST_SIZE, right : right + FIRST_SIZE], device)
            want = slim.activations(x, until="pooled")["pooled"]
            have = F.relu(network.entry(F.relu(network.stem(x.cpu()))))
            loss = (have - want.cpu()).square().mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch ships `backward` untyped
            optimizer.step()

    def _drawn(self, count: int, rng: np.random.Generator) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Returns varied pictures (count, size, size, 3) and their masks (count, size, size)."""
        s = self.settings
        chances = (s.empty, s.elsewhere)
        drawn = [augmented(self.photos, self.backgrounds, s.size, chances, rng) for _ in range(count)]
        return np.stack([picture for picture, _ in drawn]), np.stack([mask for _, mask in drawn])

    def step(self, rng: np.random.Generator, device: torch.device) -> tuple[Tensor, dict[str, float]]:
        """Returns the loss of one batch, and its parts."""
        s = self.settings
        photos, masks = self._drawn(s.batch, rng)
        x = packed(tensor(photos, device))
        want = F.avg_pool2d(torch.from_numpy(masks).to(device)[:, None].float() / 255, OUTPUT_STRIDE)
        with torch.autocast(device.type, torch.bfloat16):
            known = self.network.features(x)
            logits = self.network.logits(known).float()
            compared = x[: s.distilled_pictures]
            seen = self.slim.activations(compared) if self.slim is not None and len(compared) else {}
        probability = torch.sigmoid(logits)
        parts = {
            "entropy": F.binary_cross_entropy_with_logits(logits, want),
            "overlap": s.overlap * (iou_loss(probability, want) + iou_loss(1 - probability, 1 - want)) / 2,
        }
        if seen:
            gaps = [(known[n][: s.distilled_pictures].float() - seen[n].float()).square().mean() for n in DISTILLED]
            parts["distillation"] = s.distillation * torch.stack(gaps).mean()
        return total(parts)

    @torch.no_grad()
    def sample(self, network: nn.Module) -> npt.NDArray[np.uint8]:
        """Returns six training pictures, always the same ones: with their masks, and with what the network finds."""
        photos, masks = self._drawn(6, np.random.default_rng(7))
        x = tensor(photos, torch.device("cpu"))
        found = F.interpolate(network(x)[:, 1:], scale_factor=OUTPUT_STRIDE, mode="bilinear")
        rows = [photos, np.repeat(masks[..., None], 3, -1), pictures(found.expand(-1, 3, -1, -1))]
        return np.concatenate([np.concatenate(list(row), 1) for row in rows], 0)

    def describe(self) -> dict[str, Any]:
        """Returns data and loss weights for the training card."""
        data = {"photos": self.photos.description()}
        if self.backgrounds is not None:
            data["backgrounds"] = self.backgrounds.description()
        return {
            "start": "the slim VGG-19 of Collaborative Distillation (MIT)" if self.slim else "random",
            "data": data,
            "settings": asdict(self.settings),
        }


def iou_loss(have: Tensor, want: Tensor) -> Tensor:
    """Returns one minus the soft intersection over union of probabilities (B, 1, H, W), mean over the batch."""
    both = (have * want).sum((1, 2, 3))
    either = (have + want - have * want).sum((1, 2, 3))
    return (1 - (both + SMOOTH) / (either + SMOOTH)).mean()
