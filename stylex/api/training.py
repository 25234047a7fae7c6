"""`stylex.train`: folders of pictures to the weights of a technique."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from stylex.errors import MissingPackage, UsageError
from stylex.techniques import BAKE, Technique, TrainDefaults, row_named
from stylex.techniques.options import parsed_values


def train(
    technique: str | Technique,
    out: Path | str,
    *,
    bake: bool = False,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    threads: int = 0,
    notify: Callable[[str], object] = lambda line: None,
    progress: bool = True,
    **options: Any,
) -> Path:
    """Trains a technique's network, or goes on where an interrupted training in `out` stood.

    Args:
        technique: a technique or a tool that is trained: its name, or a row of one's own.
        out: folder for the checkpoint, the weights, their card and sample sheets.
        bake: begin with a style code of AdaIN, where the technique has such a training.
        device: that torch computes on; "auto" for CUDA where there is one.
        threads: of torch on the CPU; 0 for all cores.
        notify: is told in one line which pictures are used and skipped, and what is used in place of a loss network
            that is missing.
        progress: whether a progress bar, and what becomes of an earlier run, are shown on standard error.
        options: those of `stylex train TECHNIQUE`, with underscores: folders of pictures, `steps`, `minutes`, `size`
            and so on; what isn't given is as in the technique's row.

    Returns:
        The weights file, which `stylex.export` takes.

    Raises:
        UsageError: nothing is trained under that name, an option is unknown, missing or out of range.
        InputError: a folder can't be used.
        MissingPackage: torch or another package of the extra "export" is missing.
        ModelError: the checkpoint in `out` is damaged or of another network, or the loss isn't finite any more.
        ResourceError: CUDA was asked for and isn't there.
        Interrupted: Ctrl-C; the checkpoint has been written.
    """
    row = row_named(technique)
    if row.train is None:
        raise UsageError(f"{row.name} isn't trained")
    defaults = BAKE if bake else row.train
    values = _values(row, defaults, options)
    try:
        from stylex.models.registry import model_of
        from stylex.models.threads import torch_threads
        from stylex.models.training import loop
        from stylex.models.training.recipe import Schedule
        from stylex.models.training.request import Request
    except ModuleNotFoundError as error:
        raise MissingPackage((error.name or "torch").split(".")[0], "export") from error
    model = model_of(row)
    make = model.bake if bake else model.recipe
    if make is None:
        raise UsageError(f"there is no baking a style into {row.name}: train it")
    with torch_threads(threads):
        chosen = loop.choose_device(device)
        recipe = make(Request(values, chosen, notify))
        for folder in recipe.folders:
            for line in folder.lines():
                notify(line)
        pace = {name: values[name] for name in ("steps", "minutes", "rate", "seed")}
        shown = Console(stderr=True, quiet=not progress)
        return loop.train(recipe, Schedule(**pace, **defaults.schedule), Path(out), chosen, shown)


def _values(row: Technique, defaults: TrainDefaults, given: dict[str, Any]) -> dict[str, Any]:
    """Returns the value of every option of a training. Raises UsageError for one that can't be used."""
    values = parsed_values(f"training {row.name}", defaults.every_option, given)
    if values["size"] % defaults.grid:
        raise UsageError(f"the size is {values['size']}; it must be a multiple of {defaults.grid}", size=None)
    return values
