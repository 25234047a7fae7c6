"""Tiny loss networks and seeded weights of LPIPS for the tests of the benchmarks."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from stylex.models.encoders.loss_networks import SLIM_FILE, VGG16_FILE, VGG_FILE

LPIPS_SHAPES = ((64, 3, 11), (192, 64, 5), (384, 192, 3), (256, 384, 3), (256, 256, 3))


def _layers(widths: tuple[int, ...], stages: tuple[int, ...]) -> dict[str, torch.Tensor]:
    tensors, inputs = {}, 3
    for stage, (width, count) in enumerate(zip(widths, stages, strict=True), 1):
        for index in range(1, count + 1):
            tensors[f"conv{stage}_{index}.weight"] = torch.randn(width, inputs, 3, 3) * (2 / (9 * inputs)) ** 0.5
            tensors[f"conv{stage}_{index}.bias"] = torch.zeros(width)
            inputs = width
    return tensors


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    """Seeded loss networks with the published names."""
    torch.manual_seed(0)
    folder = tmp_path / "teacher"
    folder.mkdir()
    colours = {"mean": torch.tensor([0.48, 0.45, 0.4]), "std": torch.tensor([0.23, 0.22, 0.22])}
    slim = {"conv0.weight": torch.randn(3, 3, 1, 1), "conv0.bias": torch.zeros(3)}
    save_file(slim | _layers((4, 6, 8, 8, 8), (2, 2, 4, 4, 1)), folder / SLIM_FILE)
    save_file({"mean": colours["mean"]} | _layers((4, 6, 8), (2, 2, 4)), folder / VGG_FILE)
    save_file(colours | _layers((4, 6, 8, 8, 8), (2, 2, 3, 3, 1)), folder / VGG16_FILE)
    return folder


@pytest.fixture
def lpips_files(tmp_path: Path) -> tuple[Path, Path]:
    """Seeded files with the names and shapes of torchvision's AlexNet and of the linear layers of lpips."""
    generator = torch.Generator().manual_seed(0)
    alexnet, linear = {}, {}
    for i, (place, (outputs, inputs, side)) in enumerate(zip((0, 3, 6, 8, 10), LPIPS_SHAPES, strict=True)):
        scale = (2 / (inputs * side**2)) ** 0.5
        alexnet[f"features.{place}.weight"] = torch.randn(outputs, inputs, side, side, generator=generator) * scale
        alexnet[f"features.{place}.bias"] = torch.zeros(outputs)
        linear[f"lin{i}.model.1.weight"] = torch.rand(1, outputs, 1, 1, generator=generator)
    alexnet["classifier.6.bias"] = torch.zeros(1000)  # torchvision's file has the classifier too
    torch.save(alexnet, tmp_path / "alexnet.pth")
    torch.save(linear, tmp_path / "alex.pth")
    return tmp_path / "alexnet.pth", tmp_path / "alex.pth"
