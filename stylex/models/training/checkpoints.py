"""The files that a training run leaves in its folder: checkpoint, weights, training card, sample sheets."""

from __future__ import annotations

import copy
import json
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from stylex._version import __version__
from stylex.errors import ModelError
from stylex.files import sha256_of, write_bytes, write_json
from stylex.imaging.writing import write_picture
from stylex.models.training.optimizer import Optimizer
from stylex.models.training.recipe import Recipe, Schedule
from stylex.models.weights import NOT_STATED, provenance

CHECKPOINT = "checkpoint.safetensors"
WEIGHTS = "weights.safetensors"
CARD = "card.json"


@dataclass
class State:
    """Holds everything that a run is resumed from.

    Attributes:
        history: the settings that the run had, each with the step from which it had them.
        subject: what is trained on what, which a resumed run can't change.
    """

    network: nn.Module
    optimizer: Optimizer
    average: dict[str, Tensor]
    step: int = 0
    seconds: float = 0.0
    losses: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    subject: dict[str, Any] = field(default_factory=dict)

    def note(self, settings: dict[str, Any]) -> None:
        """Remembers settings that differ from those before."""
        if not self.history or self.history[-1]["settings"] != settings:
            self.history.append({"from_step": self.step, "settings": settings})

    def save(self, folder: Path) -> None:
        """Writes the checkpoint and nothing else; it replaces the older one in one rename."""
        tensors = {f"network.{k}": v.contiguous() for k, v in self.network.state_dict().items()}
        tensors |= {f"average.{k}": v.contiguous() for k, v in self.average.items()}
        tensors |= self.optimizer.tensors()
        metadata = {"step": str(self.step), "seconds": str(self.seconds), "losses": json.dumps(self.losses)}
        metadata |= {"history": json.dumps(self.history), "subject": json.dumps(self.subject)}
        write_bytes(folder / CHECKPOINT, save(tensors, metadata))

    def resume(self, folder: Path) -> bool:
        """Loads the checkpoint of `folder`, if there is one.

        Raises:
            ModelError: it belongs to another network or is damaged.
        """
        path = folder / CHECKPOINT
        if not path.exists():
            return False
        try:
            with safe_open(path, "pt") as file:
                metadata, names = file.metadata(), list(file.keys())
                tensors = {name: file.get_tensor(name) for name in names}
            before = dict(json.loads(metadata.get("subject", "{}")))
        except Exception as error:  # safetensors', torch's and JSON's errors share no base class
            raise _unfit(path, error) from error
        self._require_same_subject(path, before)
        try:
            self.network.load_state_dict(_below(tensors, "network."))
            averages = _below(tensors, "average.")
            self.average = {name: averages[name].to(t.device) for name, t in self.network.state_dict().items()}
            self.optimizer.load({n: t for n, t in tensors.items() if not n.startswith(("network.", "average."))})
            self.step, self.seconds = int(metadata["step"]), float(metadata["seconds"])
            self.losses = json.loads(metadata.get("losses", "{}"))
            self.history = json.loads(metadata.get("history", "[]"))
        except Exception as error:  # safetensors', torch's and JSON's errors share no base class
            raise _unfit(path, error) from error
        return True

    def _require_same_subject(self, path: Path, before: dict[str, Any]) -> None:
        changed = next((name for name in before if before[name] != self.subject.get(name)), None)
        if changed is not None:
            raise ModelError(
                f"{path} was trained with {changed} {json.dumps(before[changed])}, not "
                f"{json.dumps(self.subject.get(changed))}: give the same {changed} again, or train into another folder"
            )


def _unfit(path: Path, error: Exception) -> ModelError:
    reason = " ".join(str(error).split())[:300]
    return ModelError(f"{path} doesn't fit this network ({reason}): remove it or train into another folder")


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def averaged(recipe: Recipe, state: State) -> nn.Module:
    """Returns a copy of the network that carries the averaged weights, on the CPU, in evaluation mode."""
    network = copy.deepcopy(recipe.network).cpu().eval()
    network.load_state_dict({k: v.cpu() for k, v in state.average.items()})
    return network


def finish(recipe: Recipe, schedule: Schedule, state: State, out: Path, device: torch.device) -> Path:
    """Writes averaged weights in half precision, without what only training needs, with the card beside them."""
    kept = _exported(recipe, state)
    kept |= {name: t.half().contiguous() for name, t in recipe.extras(averaged(recipe, state)).items()}
    write_bytes(out / WEIGHTS, save(kept))
    write_card(recipe, schedule, state, out, device)
    write_picture(out / "samples.jpg", recipe.sample(averaged(recipe, state)))
    return out / WEIGHTS


def _exported(recipe: Recipe, state: State) -> dict[str, Tensor]:
    averages = state.average.items()
    return {n: t.cpu().half().contiguous() for n, t in averages if not n.startswith(recipe.not_exported)}


def write_card(recipe: Recipe, schedule: Schedule, state: State, out: Path, device: torch.device) -> None:
    """Writes the training card: what was trained on what, for how long, with which result."""
    cuda, weights, described = device.type == "cuda", out / WEIGHTS, recipe.describe()
    card = {
        "technique": recipe.name,
        "parameters": sum(t.numel() for t in _exported(recipe, state).values()),
        "weights_sha256": sha256_of(weights) if weights.exists() else None,
        "steps": state.step,
        "seconds": round(state.seconds),
        "losses": {k: round(v, 4) for k, v in state.losses.items()},
        "schedule": asdict(schedule),
        "device": torch.cuda.get_device_name(device) if cuda else f"CPU, {torch.get_num_threads()} threads",
        "versions": {"stylex": __version__, "torch": torch.__version__, "python": platform.python_version()},
        "licence": NOT_STATED,
        **described,
        "provenance": provenance(described),
    }
    if len(state.history) > 1:
        card["history"] = state.history
    write_json(out / CARD, card)
