"""The frozen loss networks that techniques are trained with and judged by.

Three are used. The slim VGG-19 (Wang et al. 2020, Collaborative Distillation) is cheap enough for whole pictures and
reaches relu5_1. The real VGG-19, up to relu3_1, and the real VGG-16, up to relu5_1, see the highest frequencies. All
pad with zeros: reflecting pads inside them cost more than their convolutions.
"""

from __future__ import annotations

from pathlib import Path

import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from stylex.errors import InputError, ModelError

Features = dict[str, Tensor]
"""Activations by layer name, such as "4_1" for relu4_1."""

VGG_FILE = "vgg19_relu3_4.safetensors"
VGG16_FILE = "vgg16_relu5_1.safetensors"
SLIM_FILE = "vgg19_slim_relu5_1.safetensors"


def find_teacher(given: Path | None, content: Path) -> Path:
    """The folder of the loss networks: the one given, or `teacher/` beside or above the content folder.

    Raises:
        InputError: there is none.
    """
    if given is not None:
        return given
    for folder in content.resolve().parents:
        if (folder / "teacher" / VGG_FILE).is_file():
            return folder / "teacher"
    raise InputError(
        f"no teacher/ folder with {VGG_FILE} above {content}: name the loss networks' folder with --teacher DIR"
    )


class LossNetwork(nn.Module):
    """A chain of 3x3 convolutions and max pools that hands out the first activation of every stage.

    Args:
        path: safetensors with `conv{stage}_{index}.weight` and `.bias`.
        stages: convolutions in each stage; pools stand between the stages.

    Raises:
        InputError: the file is missing.
        ModelError: it is damaged or lacks a layer.
    """

    def __init__(self, path: Path, stages: tuple[int, ...]) -> None:
        super().__init__()
        if not path.is_file():
            raise InputError(f"the loss network {path} is missing: name the folder that holds it with --teacher DIR")
        self.stages = stages
        try:
            tensors = load_file(path)
        except (SafetensorError, ValueError) as error:
            raise ModelError(f"the loss network {path} is damaged ({error}): restore it") from error
        layers = [f"conv{stage}_{i}" for stage, count in enumerate(stages, 1) for i in range(1, count + 1)]
        missing = {f"{layer}.{part}" for layer in layers for part in ("weight", "bias")} - set(tensors)
        if missing:
            raise ModelError(f"the loss network {path} lacks {min(missing)}: it is not the VGG-19 that is needed here")
        for name, tensor in tensors.items():
            self.register_buffer(name.replace(".", "_"), tensor.float())

    def forward(self, x: Tensor) -> Features:
        """Activations relu1_1, relu2_1 and so on of RGB pictures (B, 3, H, W) in [0, 1]."""
        x = self.enter(x)
        found: Features = {}
        for stage, count in enumerate(self.stages, 1):
            if stage > 1:
                x = F.max_pool2d(x, 2)
            for index in range(1, count + 1):
                name = f"conv{stage}_{index}"
                x = F.relu(F.conv2d(x, getattr(self, f"{name}_weight"), getattr(self, f"{name}_bias"), padding=1))
                if index == 1:
                    found[f"{stage}_1"] = x
        return found

    def enter(self, x: Tensor) -> Tensor:
        """What comes before the first convolution: by default nothing."""
        return x


class Vgg(LossNetwork):
    """VGG-19 (Simonyan and Zisserman 2015) up to relu3_1, channels rescaled to a mean activation of 1."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / VGG_FILE, (2, 2, 1))

    def enter(self, x: Tensor) -> Tensor:
        """Subtract the mean colour."""
        return x - self.get_buffer("mean").view(1, 3, 1, 1)


class SlimVgg(LossNetwork):
    """The 16 times slimmer VGG-19 of Wang et al. 2020 up to relu5_1."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / SLIM_FILE, (2, 2, 4, 4, 1))

    def enter(self, x: Tensor) -> Tensor:
        """The 1x1 convolution that normalizes colours."""
        return F.conv2d(x, self.get_buffer("conv0_weight"), self.get_buffer("conv0_bias"))


class Vgg16(LossNetwork):
    """VGG-16 (Simonyan and Zisserman 2015), as torchvision publishes its weights.

    Args:
        last: the stage whose first activation is the last one that is computed, 1 to 5.
    """

    STAGES = (2, 2, 3, 3, 1)

    def __init__(self, folder: Path, last: int = 5) -> None:
        super().__init__(folder / VGG16_FILE, (*self.STAGES[: last - 1], 1))

    def enter(self, x: Tensor) -> Tensor:
        """Returns the pictures less ImageNet's mean, in units of its standard deviation."""
        return (x - self.get_buffer("mean").view(1, 3, 1, 1)) / self.get_buffer("std").view(1, 3, 1, 1)
