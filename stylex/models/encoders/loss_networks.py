"""The frozen loss networks that techniques are trained with and judged by.

The real VGG-16 or VGG-19 sees the highest frequencies; the slim VGG-19 is cheap enough for whole pictures. Which files
hold them is told in `stylex.models.encoders.loss_network_files`. All pad with zeros: reflecting pads inside them cost
more than their convolutions.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.errors import InputError, ModelError
from stylex.models.encoders.features import Features
from stylex.models.encoders.loss_network_files import (
    NEEDED,
    REAL,
    RESCALED,
    SLIM,
    VGG16,
    LossNetworkFile,
    find_file,
    known_files,
    read_loss_network,
)
from stylex.models.encoders.loss_network_files import SLIM_FILE as SLIM_FILE
from stylex.models.encoders.loss_network_files import VGG16_FILE as VGG16_FILE
from stylex.models.encoders.loss_network_files import VGG_FILE as VGG_FILE
from stylex.models.encoders.loss_network_files import find_teacher as find_teacher
from stylex.models.encoders.opening import opened
from stylex.models.encoders.slim import DEPTHS

BESIDE = re.compile(r"(mean|std|(conv0|aux\d_1)\.(weight|bias))$")
"""Tensors that are kept beside the convolutions."""
SHORT = {"VGG-16": "vgg16", "VGG-19": "vgg19", "the slim VGG-19": "slim", "the embedded encoder": "embedded encoder"}
"""Names of the networks in lists of layers."""


class LossNetwork(nn.Module):
    """A chain of 3x3 convolutions and max pools that returns the first activation of every stage.

    Activations of torchvision's weights are not rescaled per channel, and layers differ in scale. The style losses
    divide each layer by its own size and the content loss normalizes its layer, so that no layer outweighs another;
    within a layer the channels with large activations count more.

    Args:
        file: as `read_loss_network` returns it.
        last: the stage whose first activation is the last one that is computed, 1 to 5.

    Raises:
        ModelError: the file lacks a tensor, or the convolutions don't follow on one another.
    """

    def __init__(self, file: LossNetworkFile, last: int = 5) -> None:
        super().__init__()
        self.name, self.stages = file.kind.name, (*file.kind.stages[: last - 1], 1)
        layers = [f"conv{layer}" for layer in file.kind.layers(last)]
        _check(file, layers)
        for name, tensor in file.tensors.items():
            if name.rpartition(".")[0] in layers or BESIDE.match(name):
                self.register_buffer(name.replace(".", "_"), tensor)

    def forward(self, x: Tensor) -> Features:
        """Returns the activations relu1_1, relu2_1 and so on of RGB pictures (B, 3, H, W) in [0, 1]."""
        return self.activations_at(x, [f"{stage}_1" for stage in range(1, len(self.stages) + 1)])

    def activations_at(self, x: Tensor, layers: Collection[str]) -> Features:
        """Returns the rectified activations of some layers, such as "3_3" for relu3_3, of such pictures."""
        x = self.enter(x)
        found: Features = {}
        for stage, count in enumerate(self.stages, 1):
            if stage > 1:
                x = F.max_pool2d(x, 2)
            for layer in (f"{stage}_{index}" for index in range(1, count + 1)):
                weight, bias = getattr(self, f"conv{layer}_weight"), getattr(self, f"conv{layer}_bias")
                x = F.relu(F.conv2d(x, weight, bias, padding=1))
                if layer in layers:
                    found[layer] = x
        return found

    def enter(self, x: Tensor) -> Tensor:
        """Returns the pictures with the colours that the first convolution takes, (B, 3, H, W)."""
        if hasattr(self, "conv0_weight"):
            return F.conv2d(x, self.get_buffer("conv0_weight"), self.get_buffer("conv0_bias"))
        return (x - self.get_buffer("mean").view(1, 3, 1, 1)) / self.get_buffer("std").view(1, 3, 1, 1)


class Vgg(LossNetwork):
    """The rescaled VGG-19 of a folder, up to relu3_1."""

    def __init__(self, folder: Path) -> None:
        super().__init__(find_file(folder, RESCALED), 3)


class Vgg16(LossNetwork):
    """The VGG-16 of a folder.

    Args:
        last: the stage whose first activation is the last one that is computed, 1 to 5.
    """

    def __init__(self, folder: Path, last: int = 5) -> None:
        super().__init__(find_file(folder, VGG16), last)


class SlimVgg(LossNetwork):
    """The slim VGG-19 of a folder, up to relu5_1."""

    def __init__(self, folder: Path) -> None:
        super().__init__(find_file(folder, SLIM))


class EmbeddedEncoder(LossNetwork):
    """The encoder that comes with the package, which serves where no loss network is given; see `SlimEncoder`."""

    def __init__(self) -> None:

        nn.Module.__init__(self)
        self.name, self.stages = "the embedded encoder", DEPTHS
        self.encoder = opened("slim")[0]

    def forward(self, x: Tensor) -> Features:
        """Returns the activations relu1_1 to relu5_1 of RGB pictures (B, 3, H, W) in [0, 1]."""
        found: Features = self.encoder(x)
        return found


class LossNetworks:
    """The frozen loss networks of a training, on a device.

    Attributes:
        device: that they are on.
        whole: for the low and middle layers of whole pictures.
        slim: for the deep layers and the content; it may be the same network.
        vgg: for crops; the rescaled VGG-19 where the folder holds it under stylex's own name, or else `whole`.
        name: of all, for the training card.
        layers: that `seen` returns and their networks, for the training card, such as "vgg16:1_1".

    Args:
        path: a folder or a file, see `open_loss_networks`; None for the encoder that comes with the package.

    Raises:
        InputError: a file is missing.
        ModelError: a file is damaged or of another network.
    """

    def __init__(self, path: Path | None, device: torch.device) -> None:
        self.device = device
        whole, slim = open_loss_networks(path)
        crops = Vgg(path) if path and whole.name == VGG16.name and (path / VGG_FILE).is_file() else whole
        # torch's types forget that Module.to takes a memory format
        self.vgg: LossNetwork = crops.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.slim: LossNetwork = slim.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.whole: LossNetwork = whole.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        *names, last = dict.fromkeys(network.name for network in (whole, crops, slim))
        self.name = " and ".join((", ".join(names), last)) if names else last
        low, deep, reach = SHORT[whole.name], SHORT[slim.name], len(whole.stages)
        self.layers = [f"{low if stage <= reach else deep}:{stage}_1" for stage in range(1, 6)]
        self.layers += [f"{deep}:4_1 content"]

    def seen(self, x: Tensor) -> tuple[Features, Tensor]:
        """Returns what whole pictures are rated by.

        Args:
            x: RGB (B, 3, H, W) in [0, 1].

        Returns:
            activations relu1_1 to relu5_1 for the style, of `whole` as far as it reaches and of `slim` from there on,
            and relu4_1 of `slim` for the content.
        """
        slim = self.features(x)
        if self.whole is self.slim:
            return slim, slim["4_1"]
        return slim | self.whole(x.contiguous(memory_format=torch.channels_last)), slim["4_1"]

    def features(self, x: Tensor) -> Features:
        """Returns the activations in `slim` of whole pictures (B, 3, H, W) in [0, 1]."""
        found: Features = self.slim(x.contiguous(memory_format=torch.channels_last))
        return found


def open_loss_networks(path: Path | None) -> tuple[LossNetwork, LossNetwork]:
    """Opens the loss networks of a folder or a file.

    Args:
        path: one file of VGG-16 or VGG-19 up to relu5_1, which then serves as both; or a folder, of which a real VGG,
            VGG-16 before VGG-19, up to relu4_1 where it reaches that far, and the slim VGG-19 are taken, or where there
            is no slim one a real VGG alone; or None for the encoder that comes with the package.

    Returns:
        the network for low and middle layers, and the one for deep layers and content.

    Raises:
        InputError: there is no such file or folder, or what it holds doesn't suffice.
        ModelError: a file is damaged or of another network.
    """
    if path is None:
        embedded = EmbeddedEncoder()
        return embedded, embedded
    others: list[str] = []
    if os.path.isfile(path):
        files = [read_loss_network(path)]
    elif os.path.isdir(path):
        files, others = known_files(path)
    else:
        raise InputError(f"the loss network {path} is missing: name a file or a folder; {NEEDED}", teacher="PATH")
    real = sorted((file for file in files if file.kind in REAL), key=lambda file: REAL.index(file.kind))
    slim = next((file for file in files if file.kind == SLIM), None)
    if real and slim:
        return LossNetwork(real[0], 4 if real[0].last > 3 else 3), LossNetwork(slim)
    for file in real:
        if file.last == 5:
            both = LossNetwork(file)
            return both, both
    held = [f"{file.path.name} ({file.kind.name} up to relu{file.last}_1)" for file in files]
    held += [f"{name} (another network)" for name in others]
    raise InputError(f"{path} doesn't suffice, it holds {', '.join(held) or 'no loss network'}: {NEEDED}")


def _check(file: LossNetworkFile, layers: list[str]) -> None:
    """Refuses files that lack a tensor, and convolutions that don't follow on one another."""
    wanted: dict[str, tuple[int, ...]] = {"conv0.weight": (3, 3, 1, 1), "conv0.bias": (3,)}
    if file.kind != SLIM:
        wanted = {"mean": (3,), "std": (3,)}
    inputs = 3
    for layer in layers:
        weight = file.tensors.get(f"{layer}.weight")
        width = weight.shape[0] if weight is not None and weight.ndim and weight.numel() else 1
        wanted |= {f"{layer}.weight": (width, inputs, 3, 3), f"{layer}.bias": (width,)}
        inputs = width
    missing = wanted.keys() - file.tensors.keys()
    if missing:
        raise ModelError(f"the loss network {file.path} lacks {min(missing)} of {file.kind.name}: restore it; {NEEDED}")
    for name, shape in wanted.items():
        have = tuple(file.tensors[name].shape)
        if have != shape:
            sizes = " where ".join("x".join(map(str, s)) for s in (have, shape))
            raise ModelError(f"the loss network {file.path} has {name} {sizes} is needed: restore it; {NEEDED}")
