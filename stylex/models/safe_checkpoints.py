"""Reading other people's checkpoints, which may be pickles: only tensors are taken out, code in them is never run."""

from __future__ import annotations

import io
import os
import pickle
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from stylex.artifacts.graph_file import props_of
from stylex.errors import InputError, ModelError
from stylex.filetypes import HEAD, explanation

Tensors = dict[str, Tensor]

AVERAGED = re.compile(r"(^|[._])(ema|averaged?|swa)", re.IGNORECASE)
"""In the names of moving averages, which are preferred to the parameters that they are of."""
DEEPEST = 4
"""Dictionaries inside one another that are looked through."""
LARGEST = 64
"""Times its own bytes that a checkpoint may hold; INT8 tensors that are packed well come to some 8."""
COUNTER = "num_batches_tracked"
"""The one counter of a network that says something of it; others, such as a step, are passed over."""


class _Inert(dict[str, Any]):
    """Takes the place of settings and of NumPy's numbers and arrays in a pickle: holds values, does nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()

    def __setstate__(self, state: object) -> None:
        pass


INERT = (
    "numpy.dtype",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct",
    "numpy.ndarray",
    "argparse.Namespace",
    "types.SimpleNamespace",
    "pathlib.Path",
    "pathlib.PosixPath",
    "pathlib.WindowsPath",
    "pathlib.PurePosixPath",
    "pathlib._local.PosixPath",
    "pytorch_lightning.utilities.parsing.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "lightning.fabric.utilities.data.AttributeDict",
    "lightning.pytorch.utilities.parsing.AttributeDict",
    "easydict.EasyDict",
)
"""Names in pickles, beside those that torch allows, of numbers, arrays and settings; `_Inert` takes their place."""


def read_checkpoint(path: Path) -> Tensors:
    """Returns the tensors of a safetensors file or of one that `torch.save` wrote, float32, by name.

    Of several dictionaries in it the first of `state_dicts` is taken. Raises as that does, and ModelError where values
    aren't finite.
    """
    return finite(next(iter(state_dicts(path).values())), path)


def finite(tensors: Tensors, path: Path) -> Tensors:
    """Returns tensors as float32. Raises ModelError where values aren't finite, naming the file."""
    floats = {name: t.float() for name, t in tensors.items()}
    for name, tensor in floats.items():
        if not tensor.isfinite().all():
            raise ModelError(
                f"{path} holds values in {name} that are not finite: restore it or take another checkpoint"
            )
    return floats


def state_dicts(path: Path, data: bytes | None = None) -> dict[str, Tensors]:
    """Returns every dictionary of tensors in a checkpoint, by where it stands, the likeliest first.

    A pickle is read with `torch.load(weights_only=True)`, which knows tensors and plain containers; beside these only
    NumPy's numbers and arrays and some classes of settings may stand in it, none of which is made, and anything else is
    refused. Names with a common prefix, such as DataParallel's `module.`, also give a dictionary without it. Moving
    averages come before what they are of, and optimizers behind everything.

    Args:
        path: of the checkpoint.
        data: its bytes, where they have been read.

    Raises:
        InputError: not a file.
        ModelError: damaged, of another kind, refused, or without a dictionary of tensors.
    """
    data = checkpoint_bytes(path) if data is None else data
    _require_contained(path, sum(entry.file_size for entry in _entries(data)), data)
    found = {where: flat for where, flat in _dictionaries(_loaded(path, data), "", DEEPEST) if flat}
    _require_contained(path, sum(4 * t.numel() for flat in found.values() for t in flat.values()), data)
    if not found:
        raise ModelError(f"{path} holds no dictionary of named tensors: save the network's state_dict()")
    ordered = sorted(found, key=lambda where: ("optim" in where, not AVERAGED.search(where), -len(found[where])))
    return {at: part for where in ordered for at, part in _without_prefixes(where, found[where])}


def _require_contained(path: Path, size: int, data: bytes) -> None:
    """Refuses a file that claims to hold many times its own bytes: a small one could take all of the memory.

    Args:
        path: of the file.
        size: bytes of what it holds, once it is unpacked, in float32.
        data: its bytes.
    """
    if size > LARGEST * len(data):
        raise ModelError(
            f"{path} has {len(data)} bytes and claims to hold {size}: save the network's state_dict() anew"
        )


def _dictionaries(value: object, where: str, deepest: int) -> Iterator[tuple[str, Tensors]]:
    """Yields the dense tensors that stand directly in a dictionary, then those of the dictionaries and lists in it."""
    if isinstance(value, (list, tuple)):
        value = {str(place): inner for place, inner in enumerate(value) if isinstance(inner, Mapping)}
    if not isinstance(value, Mapping):
        return
    yield where, {n: t for n, t in value.items() if isinstance(n, str) and _is_parameter(n, t)}
    for name, inner in value.items() if deepest else ():
        if isinstance(name, str):
            yield from _dictionaries(inner, f"{where}{name}: ", deepest - 1)


def _is_parameter(name: str, value: object) -> bool:
    """Returns whether something in a dictionary is a value of a network, not a count or the state of a generator."""
    if not isinstance(value, Tensor) or value.layout is not torch.strided or value.is_meta:
        return False
    return (value.ndim > 0 and value.is_floating_point()) or name.endswith(COUNTER)


def _without_prefixes(where: str, tensors: Tensors) -> Iterator[tuple[str, Tensors]]:
    """Yields a dictionary's parts by the prefixes of its names: where all share one, that without it comes first."""
    shared = ""
    while (first := next(iter(tensors)).removeprefix(shared).partition("."))[1] and all(
        name.startswith(f"{shared}{first[0]}.") for name in tensors
    ):
        shared += f"{first[0]}."
    prefixes = {name[: at.end()] for name in tensors for at in re.finditer(r"\.", name)}
    plain = re.match(r"((module|_orig_mod)\.)*", shared)
    yours = plain[0] if plain else ""
    ordered = sorted(prefixes - {yours}, key=lambda prefix: (not AVERAGED.search(prefix), prefix.count("."), prefix))
    for prefix in (yours, *ordered, *([""] if yours else [])):
        part = {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
        yield where + prefix, part


def checkpoint_bytes(path: Path) -> bytes:
    """Returns the bytes of a checkpoint. Raises InputError where it is not a file or can't be read."""
    if not os.path.isfile(path):  # unlike Path.is_file, never raises
        raise InputError(f"the checkpoint {path} is not a file: check the name and the folder")
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"the checkpoint {path} can't be read ({error.strerror}): check its permissions") from error


def _loaded(path: Path, data: bytes) -> object:
    try:
        if path.suffix == ".safetensors":
            return load(data)
        with warnings.catch_warnings(), torch.serialization.safe_globals([(_Inert, name) for name in INERT]):
            warnings.simplefilter("ignore")  # of files in torch's older formats
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # what torch raises for damaged files shares no base class
        raise ModelError(_refused(path, data, error)) from error


def _refused(path: Path, data: bytes, error: Exception) -> str:
    """Returns the message for a file that can't be read: of the kind that it is, where that is known."""
    called = re.search(r"GLOBAL ([\w.]+)", str(error)) if isinstance(error, pickle.UnpicklingError) else None
    if called and not called[1].startswith(("torch.nn.", "__main__.")):
        return (
            f"{path} was not read: it is a pickle that calls {called[1]}, and only tensors are accepted; "
            "save the network's state_dict() instead"
        )
    if called:
        return (
            f"{path} is a whole pickled module (it calls {called[1]}), and only tensors are accepted; save the "
            f"network's state_dict(): network = torch.load({path.name!r}, weights_only=False); "
            "torch.save(network.state_dict(), 'weights.pth'), where you trust the file"
        )
    if known := _kind(path, data):
        return known
    if isinstance(error, SafetensorError):
        return f"{path} is not a usable safetensors file ({error}): download it again"
    return f"{path} is damaged or no checkpoint of torch: download it again"


def _kind(path: Path, data: bytes) -> str:
    """Returns the message for a file of a kind that is known and can't be read; empty where it isn't known."""
    names = [entry.filename for entry in _entries(data)]
    if any("/code/" in name or name.endswith("constants.pkl") for name in names):
        return (
            f"{path} is a TorchScript program; save its state_dict(): network = torch.jit.load({path.name!r}); "
            "torch.save(network.state_dict(), 'weights.pth')"
        )
    if any(name.endswith("data.pkl") for name in names) or (data[:2] == b"PK" and not names):
        return ""  # a damaged checkpoint of torch
    if is_onnx(data):
        return (
            f"{path} is an ONNX graph, not a checkpoint: export from the weights that it was made of, "
            "--checkpoint WEIGHTS.pth"
        )
    needed = "needed is a checkpoint of PyTorch, .pth or .safetensors"
    message = explanation(data[:HEAD], needed, ("a Python pickle", "a safetensors file"))
    return message and f"{path} {message}"


def _entries(data: bytes) -> list[zipfile.ZipInfo]:
    """Returns the files in a ZIP archive; none where it is no such archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return []


def is_onnx(data: bytes) -> bool:
    """Returns whether these are the bytes of an ONNX file: a protobuf message that begins with the IR version."""
    if data[:1] != b"\x08" or len(data) < 16:
        return False
    try:
        props_of(data, "")
    except ModelError:
        return False
    return True
