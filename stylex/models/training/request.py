"""A request to train: the values that a recipe is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from stylex.errors import InputError
from stylex.models.encoders.loss_network_files import find_teacher
from stylex.models.encoders.loss_networks import LossNetworks


@dataclass(frozen=True)
class Request:
    """One call of `stylex train` or `stylex bake`.

    Attributes:
        values: by parameter name: the options of `TrainDefaults`, and "size", "batch", "hold_out" and "teacher".
        device: to train on.
        notify: is told in one line what is used in place of something that is missing.
    """

    values: Mapping[str, Any]
    device: torch.device
    notify: Callable[[str], object]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def shape(self) -> dict[str, Any]:
        """Returns the settings that every recipe has: size and number of the pictures, and the share held out."""
        return {name: self[name] for name in ("size", "batch", "hold_out")}

    def weights(self, *names: str) -> dict[str, Any]:
        """Returns weights of losses by name, those of the options `NAME_weight`."""
        return {name: self[f"{name}_weight"] for name in names}

    def loss_networks(self, photos: Path) -> LossNetworks:
        """Returns those of --teacher, or of a teacher/ folder above the photos, or the embedded encoder.

        Raises:
            InputError: --teacher has none.
        """
        otherwise = "the embedded encoder judges in their place"
        return LossNetworks(self.optional(lambda: find_teacher(self["teacher"], photos), otherwise), self.device)

    def optional(self, find: Callable[[], Path], otherwise: str) -> Path | None:
        """Returns what `find` finds; None, and a notice that says what happens otherwise, where there is no --teacher.

        Raises:
            InputError: --teacher was given and has not what is needed.
        """
        try:
            return find()
        except InputError as error:
            if self["teacher"]:
                raise
            self.notify(f"{error}; until then {otherwise}")
            return None
