"""Reading other people's checkpoints, which may be pickles: only tensors are taken out, code in them is never run."""

from __future__ import annotations

import io
import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from stylex.errors import InputError, ModelError

Tensors = dict[str, Tensor]

WRAPPERS = ("state_dict", "model_state_dict", "params_ema", "params", "model", "generator", "netG")
"""Under these names training scripts keep the parameters, beside other things."""
PARALLEL = "module."
"""In front of every name where the network was trained with DataParallel."""


def read_checkpoint(path: Path) -> Tensors:
    """The tensors of a safetensors file or of one that `torch.save` wrote, float32, by name.

    A pickle is read with `torch.load(weights_only=True)`, which knows tensors and plain containers and refuses anything
    else unread.

    Raises:
        InputError: not a file.
        ModelError: damaged, no dictionary of tensors, refused, or with values that aren't finite.
    """
    if not path.is_file():
        raise InputError(f"the checkpoint {path} is not a file: check the name and the folder")
    tensors = _named(_loaded(path), path)
    floats = {name: t.float() for name, t in tensors.items()}
    for name, tensor in floats.items():
        if not tensor.isfinite().all():
            raise ModelError(
                f"{path} holds values in {name} that are not finite: restore it or take another checkpoint"
            )
    return floats


def _loaded(path: Path) -> object:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"the checkpoint {path} can't be read ({error.strerror}): check its permissions") from error
    try:
        if path.suffix == ".safetensors":
            return load(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of files in torch's older formats
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except SafetensorError as error:
        raise ModelError(f"{path} is not a usable safetensors file ({error}): download it again") from error
    except pickle.UnpicklingError as error:
        raise ModelError(_refused(path, str(error))) from error
    except Exception as error:  # what torch raises for damaged files shares no base class
        raise ModelError(f"{path} is damaged or no checkpoint of torch: download it again") from error


def _refused(path: Path, why: str) -> str:
    foreign = re.search(r"GLOBAL ([\w.]+)", why)
    if foreign is None:
        return f"{path} is damaged or no checkpoint of torch: download it again"
    return (
        f"{path} was not read: it is a pickle that calls {foreign[1]}, and only tensors are accepted; "
        "save the network's state_dict() instead"
    )


def _named(loaded: object, path: Path) -> Tensors:
    """The dictionary of tensors in what was loaded, without a wrapper and without the prefix of DataParallel."""
    found = loaded
    if isinstance(loaded, Mapping):
        found = next((loaded[name] for name in WRAPPERS if _holds_tensors(loaded.get(name))), loaded)
    if not _holds_tensors(found):
        raise ModelError(f"{path} holds no dictionary of named tensors: save the network's state_dict()")
    assert isinstance(found, Mapping)
    names = list(found)
    cut = len(PARALLEL) if all(name.startswith(PARALLEL) for name in names) else 0
    return {name[cut:]: found[name] for name in names}


def _holds_tensors(value: Any) -> bool:
    """Whether this is a dictionary of nothing but dense tensors under names."""
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(isinstance(n, str) and isinstance(t, Tensor) and t.layout is torch.strided for n, t in value.items())
    )
