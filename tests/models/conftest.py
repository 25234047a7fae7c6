"""Tiny networks, tiny loss networks and folders of real photos for the tests of training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from safetensors.torch import save_file

from stylex.models.encoders.loss_networks import SLIM_FILE, VGG_FILE
from stylex.models.shared.backbone import BackboneSpec

TINY = BackboneSpec(quarter=8, eighth=16, blocks=1, fine_blocks=1)


@pytest.fixture(autouse=True, scope="session")
def single(one_thread) -> None:
    """Every test of this folder computes on one thread."""


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture
def spec() -> BackboneSpec:
    return TINY


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    return skimage.data.astronaut()


def _layers(widths: tuple[int, ...], stages: tuple[int, ...], generator: torch.Generator) -> dict[str, torch.Tensor]:
    tensors, inputs = {}, 3
    for stage, (width, count) in enumerate(zip(widths, stages, strict=True), 1):
        for index in range(1, count + 1):
            scale = (2 / (9 * inputs)) ** 0.5
            tensors[f"conv{stage}_{index}.weight"] = scale * torch.randn(width, inputs, 3, 3, generator=generator)
            tensors[f"conv{stage}_{index}.bias"] = 0.1 * torch.randn(width, generator=generator)
            inputs = width
    return tensors


@pytest.fixture(scope="session")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Loss networks of the right names and shapes, a few channels wide."""
    folder = tmp_path_factory.mktemp("lessons") / "teacher"
    folder.mkdir()
    generator = torch.Generator().manual_seed(1)
    vgg = _layers((4, 6, 8), (2, 2, 4), generator)
    save_file({**vgg, "mean": torch.tensor([0.48, 0.45, 0.4])}, folder / VGG_FILE)
    slim = _layers((4, 4, 6, 6, 6), (2, 2, 4, 4, 1), generator)
    for name, width in (("4_1", 9), ("5_1", 10)):
        slim[f"aux{name}.weight"] = torch.rand(width, 6, 1, 1, generator=generator)
        slim[f"aux{name}.bias"] = torch.zeros(width)
    first = {"conv0.weight": torch.eye(3)[:, :, None, None].clone(), "conv0.bias": torch.zeros(3)}
    save_file({**slim, **first}, folder / SLIM_FILE)
    return folder


@pytest.fixture(scope="session")
def vgg16(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """VGG-16 in the names that torchvision publishes it in, a few channels wide."""
    layers = _layers((4, 5, 6, 7, 8), (2, 2, 3, 3, 1), torch.Generator().manual_seed(4))
    places = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24)
    names = [f"features.{place}.{part}" for place in places for part in ("weight", "bias")]
    path = tmp_path_factory.mktemp("published") / "vgg16-397923af.pth"
    torch.save(dict(zip(names, layers.values(), strict=True)), path)
    return path


@pytest.fixture(scope="session")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Path]:
    """Makes a folder of crops of real photos."""

    def make(name: str, count: int) -> Path:
        folder = tmp_path_factory.mktemp(name)
        pictures = [skimage.data.astronaut(), skimage.data.chelsea(), skimage.data.coffee()]
        rng = np.random.default_rng(len(name))
        for i in range(count):
            picture = pictures[i % len(pictures)]
            top, left = (int(rng.integers(0, side - 128)) for side in picture.shape[:2])
            crop = picture[top : top + 128, left : left + 120]
            cv2.imwrite(str(folder / f"{name}-{i:02d}.png"), cv2.cvtColor(crop, cv2.COLOR_RGB2BGR))
        return folder

    return make
