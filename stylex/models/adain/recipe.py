"""How AdaIN is trained: losses, their weights, and what one batch is made of."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from stylex.models import losses
from stylex.models.adain.network import AdaIN
from stylex.models.backbone import BORDER, MULTIPLE
from stylex.models.data import PictureFolder, load_folder
from stylex.models.weights import CALIBRATION


@dataclass(frozen=True)
class AdaINSettings:
    """Weights of the losses and shape of the batches; the defaults of `stylex train adain`.

    Attributes:
        size: pixels of the training crops, a multiple of 8.
        batch: pictures in a step.
        crop: pixels of the crops that the real VGG-19 sees.
        content: weight of the normalized features at relu4_1.
        style: weight of the statistics of the slim VGG-19, relu1_1 to relu5_1, over the whole picture.
        texture: weight of the statistics of the real VGG-19, relu1_1 to relu3_1, over crops.
        variation: weight of the squared total variation.
        lattice: weight of what repeats on the network's own grid.
        spread: weight of the gap between the content's standard deviations and the codes' sigmas.
        shift: weight of the change when the photo moves by some pixels.
        shifted: pictures of a batch that are painted a second time for it, 0 for none.
        unrest: weight of fine detail where the photo has none.
        identity: weight of the pixels where the photo must come back.
        describe: weight of the style statistics that the encoder learns to tell.
        noise: largest standard deviation of the noise added to the photo, which keeps flat areas free of patterns.
        hold_out: share of the files that training never sees.
    """

    size: int = 192
    batch: int = 8
    crop: int = 96
    content: float = 1.0
    style: float = 2.5
    texture: float = 2.5
    variation: float = 2.0
    lattice: float = 4.0
    spread: float = 0.2
    shift: float = 100.0
    shifted: int = 4
    unrest: float = 600.0
    identity: float = 30.0
    describe: float = 0.5
    noise: float = 0.02
    hold_out: float = 0.05


class AdaINRecipe:
    """Training of AdaIN; see `stylex.models.recipe.Recipe`."""

    name = "adain"
    not_exported = ("style.describe.",)

    def __init__(
        self, content: Path, style: Path, teacher: Path, settings: AdaINSettings, device: torch.device
    ) -> None:
        self.settings = settings
        held = settings.hold_out
        self.photos = load_folder(content, 288, hold_out=held)
        self.paintings = load_folder(style, 384, favour="hi-", hold_out=held)
        # torch's types forget that Module.to takes a memory format
        self.vgg = losses.Vgg(teacher).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.slim = losses.SlimVgg(teacher).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.described = 2 * sum(self.slim.get_buffer(f"conv{i}_1_bias").numel() for i in range(1, 6))
        self.network = AdaIN(described=self.described)

    def restart(self, seed: int) -> None:
        """Make the network anew, from a seed."""
        torch.manual_seed(seed)
        self.network = AdaIN(described=self.described)

    def step(self, rng: np.random.Generator, device: torch.device) -> tuple[Tensor, dict[str, float]]:
        """One batch: most pictures at full strength, some at a random one, some that must stay as they are."""
        s = self.settings
        wide = _tensor(self.photos.sample(s.batch, s.size + 2 * BORDER + MULTIPLE - 1, rng), device)
        content = wide[:, :, : s.size + 2 * BORDER, : s.size + 2 * BORDER]
        style = _tensor(self.paintings.sample(s.batch, s.size, rng), device)
        photo = content[:, :, BORDER:-BORDER, BORDER:-BORDER]
        strength, same = _draw_strengths(s.batch, rng)
        style[same] = photo[same]
        with torch.autocast(device.type, torch.bfloat16):
            measured = self.network.style.measure(style)
            codes = self.network.style.to_code(measured).float()
            painted, statistics = self.network(content + self._noise(content, rng), codes, strength.to(device))
            description = self.network.style.describe(measured) if self.network.style.describe else None
        loss, parts = self._loss(photo, style, painted, strength.to(device), same, description, rng)
        more = {"spread": s.spread * self.network.style.spread_gap(codes, statistics)}
        if s.shifted:
            more["shift"] = s.shift * self._shift_loss(wide, painted, codes, strength.to(device), rng)
        loss = loss + torch.stack(list(more.values())).sum()
        return loss, parts | {k: float(v.detach()) for k, v in more.items()}

    def _noise(self, content: Tensor, rng: np.random.Generator) -> Tensor:
        noise = rng.normal(0, rng.uniform(0, self.settings.noise), content.shape)
        return torch.from_numpy(noise.astype(np.float32)).to(content.device)

    def _shift_loss(
        self, wide: Tensor, painted: Tensor, codes: Tensor, strength: Tensor, rng: np.random.Generator
    ) -> Tensor:
        """How much the picture changes when the photo moves by less than the network's own grid.

        Squared difference of the last pictures of the batch to the same photos painted some pixels further, where both
        overlap. It is what takes the scales out of flat areas: they stand on an 8-pixel grid and don't move with the
        photo.
        """
        s, last = self.settings, slice(-self.settings.shifted, None)
        down, right = (int(d) for d in rng.integers(0, MULTIPLE, 2))
        side = s.size + 2 * BORDER
        moved = wide[last, :, down : down + side, right : right + side]
        with torch.autocast(wide.device.type, torch.bfloat16):
            again, _ = self.network(moved + self._noise(moved, rng), codes[last], strength[last])
        a = painted[last, :, down:, right:]
        b = again[:, :, : s.size - down, : s.size - right]
        inner = slice(MULTIPLE, -MULTIPLE)
        gap: Tensor = (a - b)[:, :, inner, inner]
        return gap.square().mean()

    def _loss(
        self,
        photo: Tensor,
        style: Tensor,
        painted: Tensor,
        strength: Tensor,
        same: list[int],
        description: Tensor | None,
        rng: np.random.Generator,
    ) -> tuple[Tensor, dict[str, float]]:
        s, device = self.settings, photo.device
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        clamped = painted + (painted.clamp(0, 1) - painted).detach()  # the gradient passes where the clamp cuts
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
            photo_features, style_features = self.slim(_packed(photo)), self.slim(_packed(style))
            texture_target = losses.statistics(self.vgg(_packed(losses.random_crops(style, s.crop, generator))))
            style_statistics = losses.statistics(style_features)
            target = losses.interpolate(losses.statistics(photo_features), style_statistics, strength)
        with torch.autocast(device.type, torch.bfloat16):
            features = self.slim(_packed(clamped))
            texture = losses.statistics(self.vgg(_packed(losses.random_crops(clamped, s.crop, generator))))
        full = (strength == 1).float()
        kept = (strength == 0).float()
        kept[same] = 1.0
        parts = {
            "content": s.content * losses.content_loss(features["4_1"], photo_features["4_1"]).mean(),
            "style": s.style * losses.style_loss(losses.statistics(features), target).mean(),
            "texture": s.texture * (full * losses.style_loss(texture, texture_target)).mean(),
            "identity": s.identity * (kept * (painted - photo).abs().mean((1, 2, 3))).mean(),
            "variation": s.variation * losses.total_variation(painted).mean(),
            "lattice": s.lattice * losses.lattice(clamped).mean(),
            "unrest": s.unrest * losses.unrest(clamped, photo).mean(),
            "range": losses.out_of_range(painted).mean(),
        }
        if description is not None:
            wanted = torch.cat([x for pair in style_statistics.values() for x in pair], 1)
            parts["describe"] = s.describe * _relative(description.float(), wanted)
        return torch.stack(list(parts.values())).sum(), {k: float(v.detach()) for k, v in parts.items()}

    @torch.no_grad()
    def sample(self, network: nn.Module) -> npt.NDArray[np.uint8]:
        """Four photos down, five paintings across, always the same ones."""
        assert isinstance(network, AdaIN)
        size = 256
        rng = np.random.default_rng(7)
        photos = self.photos.sample(4, size, rng)
        styles = np.concatenate([self.paintings.sample(1, size, rng) for _ in range(5)])
        rows = [np.concatenate([np.full_like(photos[0], 255), *styles], 1)]
        codes = network.style(_tensor(styles, torch.device("cpu")))
        for photo in photos:
            padded = np.pad(photo, ((BORDER, BORDER), (BORDER, BORDER), (0, 0)), mode="reflect")
            content = _tensor(padded[None].repeat(len(styles), 0), torch.device("cpu"))
            painted = network(content, codes)[0].clamp(0, 1).mul(255).round().byte().permute(0, 2, 3, 1).numpy()
            rows.append(np.concatenate([photo, *painted], 1))
        return np.concatenate(rows, 0)

    @torch.no_grad()
    def extras(self, network: nn.Module) -> dict[str, Tensor]:
        """Codes of 64 training styles, for calibration."""
        assert isinstance(network, AdaIN)
        styles = _tensor(self.paintings.sample(64, 256, np.random.default_rng(11)), torch.device("cpu"))
        return {CALIBRATION: network.style(styles)}

    def describe(self) -> dict[str, Any]:
        """Data and loss weights for the training card."""
        return {
            "data": {"content": _folder_facts(self.photos), "style": _folder_facts(self.paintings)},
            "settings": asdict(self.settings),
        }


def _folder_facts(folder: PictureFolder) -> dict[str, Any]:
    facts = {"folder": folder.path.name, "pictures": len(folder.pictures), "skipped": len(folder.skipped)}
    return {**facts, "file_list_sha256": folder.digest}


def _tensor(pictures: npt.NDArray[np.uint8], device: torch.device) -> Tensor:
    """(B, H, W, 3) uint8 to (B, 3, H, W) float32 in [0, 1], channels last."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).to(device).permute(0, 3, 1, 2).float().div(255)


def _packed(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def _draw_strengths(batch: int, rng: np.random.Generator) -> tuple[Tensor, list[int]]:
    """Strengths (B,) and the pictures that are painted in their own style.

    The first picture of a batch must come back untouched most of the time, at strength 0 or in its own style at
    strength 1; the second has a strength anywhere in between half of the time.
    """
    strength = torch.ones(batch)
    draw = rng.random(2)
    same = [0] if draw[0] < 0.15 else []
    if 0.15 <= draw[0] < 0.65:
        strength[0] = 0.0
    if draw[1] < 0.5 and batch > 1:
        strength[1] = float(rng.random())
    return strength, same


def _relative(have: Tensor, want: Tensor) -> Tensor:
    return ((have - want).square().mean(1) / want.square().mean(1)).mean()
