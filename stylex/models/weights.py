"""Weights files: the embedded ones, and those that `stylex train` writes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from stylex.artifacts.catalog import GRAPHS
from stylex.errors import InputError, ModelError
from stylex.filetypes import HEAD, explanation
from stylex.models.packed import unpack
from stylex.techniques import Technique, row_named

CALIBRATION = "calibration.codes"
"""Codes (N, D) of training styles, kept in the weights file: INT8 ranges are measured with them."""

PACKED = ".packed"
"""Suffix of a weights file without what stands in the ONNX graphs; see `stylex.models.packed`."""


NOT_STATED = "not stated"


@runtime_checkable
class MapsPalettes(Protocol):
    """A network whose codes tell whether it stands between maps of palettes, see `ArbitraryStyleNetwork`."""

    code_size: int
    palette_mapped: bool


@dataclass(frozen=True)
class Weights:
    """A weights file.

    Attributes:
        path: the safetensors file.
        tensors: by parameter name, float32.
        extras: tensors that are no parameters.
        sha256: of the file.
        card: the training card that lies beside it, or an empty one.
    """

    path: Path
    tensors: dict[str, Tensor]
    extras: dict[str, Tensor]
    sha256: str
    card: dict[str, Any]

    def fill(self, network: nn.Module) -> None:
        """Loads the parameters into a network and sets it to evaluation.

        Raises:
            ModelError: names or shapes differ.
        """
        try:
            network.load_state_dict(self.tensors)
        except RuntimeError as error:
            raise ModelError(f"{self.path} doesn't fit this network: {' '.join(str(error).split())[:300]}") from error
        network.eval()
        codes = self.extras.get(CALIBRATION)
        if codes is not None and isinstance(network, MapsPalettes):  # trained before or after palettes were mapped
            network.palette_mapped = codes.shape[-1] > network.code_size

    def origin(self) -> tuple[str, str]:
        """Returns licence and provenance, as far as the card tells."""
        return self.card.get("licence") or NOT_STATED, self.card.get("provenance") or provenance(self.card)


def provenance(card: dict[str, Any]) -> str:
    """Returns the folders that a training card names, as one line."""
    data = card.get("data")
    folders = ", ".join(
        f"{role} {folder.get('folder')} ({folder.get('pictures')} pictures)"
        for role, folder in (data.items() if isinstance(data, dict) else ())
        if isinstance(folder, dict)
    )
    return f"trained by stylex on {folders}" if folders else NOT_STATED


def embedded(row: str | Technique, style: str = "") -> Path:
    """Returns the weights that come with the package, of a technique, a tool or one style: they lie beside its model.

    In an installed wheel there is no such file: `read_weights` puts it together from the packed one beside it.
    """
    module = find_spec(row_named(row).model.partition(":")[0])
    assert module is not None and module.origin is not None
    return Path(module.origin).parent / style / "weights.safetensors"


def embedded_styles(technique: str | Technique) -> list[str]:
    """Returns the styles of a technique that have weights of their own in the package, packed or not, sorted."""
    return sorted(card.parent.name for card in embedded(technique).parent.glob("*/card.json"))


def read_weights(path: Path) -> Weights:
    """Reads a weights file and its card.

    Raises:
        InputError: missing.
        ModelError: not a safetensors file, or its card is damaged.
    """
    data = _bytes_of(path)
    try:
        everything = {name: t.float() for name, t in load(data).items()}
    except (SafetensorError, ValueError) as error:
        needed = "give the weights.safetensors that `stylex train` wrote"
        message = explanation(data[:HEAD], needed, ("a safetensors file",))
        message = message or f"is not a usable safetensors file ({error}): train again or restore it"
        raise ModelError(f"{path} {message}") from error
    extras = {n: everything.pop(n) for n in list(everything) if n.startswith("calibration.")}
    sha256 = hashlib.sha256(data).hexdigest()
    return Weights(path, everything, extras, sha256, read_card(path.with_name("card.json")))


def _bytes_of(path: Path) -> bytes:
    """Returns a safetensors file's bytes, put together from a packed file where there is none but that."""
    packed = path.with_suffix(PACKED)
    if not path.is_file() and not packed.is_file():
        raise InputError(f"{path} is not a file: give the weights.safetensors that `stylex train` wrote")
    try:
        if path.is_file():
            return path.read_bytes()
        return unpack(packed.read_bytes(), lambda name: (GRAPHS / name).read_bytes())
    except OSError as error:
        raise InputError(
            f"{error.filename} can't be read ({error.strerror or error}): check its permissions"
        ) from error
    except ValueError as error:
        raise ModelError(f"{packed} can't be unpacked ({error}): install stylex again") from error


def read_card(path: Path) -> dict[str, Any]:
    """Returns a training card; empty if there is none.

    Raises:
        ModelError: it is damaged.
    """
    if not path.is_file():
        return {}
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror or error}): check its permissions") from error
    except ValueError as error:
        raise ModelError(f"the training card {path} is damaged ({error}): restore or remove it") from error
    if not isinstance(card, dict):
        raise ModelError(f"the training card {path} is no JSON object: restore or remove it")
    return card
