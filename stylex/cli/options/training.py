"""What every command that trains shares: options, the run, the files that were skipped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stylex.cli.options.common import decorated
from stylex.cli.options.threads import use_torch_threads

if TYPE_CHECKING:
    import torch

    from stylex.models.encoders.loss_networks import LossNetworks
    from stylex.models.fast.recipe import FastSettings
    from stylex.models.training.any_style import AnyStyleRecipe, AnyStyleSettings
    from stylex.models.training.data import PictureFolder
    from stylex.models.training.recipe import Recipe

F = TypeVar("F", bound=Callable[..., Any])


def folder_options(function: F) -> F:
    """--content and --style, two folders."""
    folder = click.Path(path_type=Path)
    function = click.option("--style", required=True, type=folder, help="Folder of paintings.")(function)
    return click.option("--content", required=True, type=folder, help="Folder of photos.")(function)


def start_option(function: F) -> F:
    """--start, weights to begin with."""
    return click.option(
        "--start",
        type=click.Path(path_type=Path),
        help="weights.safetensors of the same technique to begin with; a checkpoint in --out goes first.",
    )(function)


def weight_options(*, style: float, content: float) -> Callable[[F], F]:
    """--style-weight and --content-weight; the arguments are the defaults."""
    weight = click.FloatRange(0)

    def decorate(function: F) -> F:
        function = click.option(
            "--content-weight", default=content, type=weight, show_default=True, help="Of the photo's structure."
        )(function)
        return click.option(
            "--style-weight", default=style, type=weight, show_default=True, help="Of pictures and of their texture."
        )(function)

    return decorate


def training_options(
    *,
    steps: int,
    minutes: float,
    batch: int,
    size: int,
    rate: float,
    hold_out: float = 0.05,
    teacher: str = "Loss networks: torchvision's vgg16-397923af.pth or vgg19-dcbb9e9d.pth, or a folder of them",
) -> Callable[[F], F]:
    """--out, --teacher, how long, how fast and where; the arguments are the defaults, and the help of --teacher."""
    options = (
        click.option(
            "--out",
            required=True,
            type=click.Path(path_type=Path),
            help="Folder for checkpoints, weights, card and samples.",
        ),
        click.option(
            "--teacher",
            type=click.Path(path_type=Path),
            help=f"{teacher}  [teacher/ above photos]",
        ),
        click.option(
            "--steps", default=steps, type=click.IntRange(1), show_default=True, help="Optimizer steps, at most."
        ),
        click.option(
            "--minutes",
            default=minutes,
            type=click.FloatRange(0),
            show_default=True,
            help="Wall-clock minutes, at most; resumed runs count together; 0 for no limit.",
        ),
        click.option("--batch", default=batch, type=click.IntRange(1), show_default=True),
        click.option(
            "--size",
            default=size,
            type=click.IntRange(96),
            callback=_multiple_of_8,
            show_default=True,
            help="Pixels of the crops, a multiple of 8.",
        ),
        click.option(
            "--hold-out",
            default=hold_out,
            type=click.FloatRange(0, 0.9),
            show_default=True,
            help="Share kept for evaluation.",
        ),
        click.option("--rate", default=rate, type=click.FloatRange(0), show_default=True, help="Peak learning rate."),
        click.option("--seed", default=0, show_default=True),
        click.option("--device", default="auto", type=click.Choice(["auto", "cpu", "cuda"]), show_default=True),
        click.option("--threads", default=0, type=click.IntRange(0), help="CPU threads; 0 for all cores."),
    )

    return lambda function: decorated(function, options)


def _multiple_of_8(_context: click.Context, _parameter: click.Parameter, size: int) -> int:
    from stylex.errors import UsageError

    if size % 8:
        raise UsageError(f"--size is {size}; it must be a multiple of 8")
    return size


def device_of(run: dict[str, Any]) -> torch.device:
    """The device to train on; also sets the number of threads."""
    from stylex.models.training.loop import choose_device

    use_torch_threads(run["threads"])
    return choose_device(run["device"])


def teachers_of(run: dict[str, Any], photos: Path, device: torch.device) -> LossNetworks:
    """The loss networks: those of --teacher, or of a teacher/ folder above the photos, or the embedded encoder."""
    from stylex.errors import InputError
    from stylex.models.encoders.loss_networks import LossNetworks, find_teacher

    try:
        return LossNetworks(find_teacher(run["teacher"], photos), device)
    except InputError as error:
        if run["teacher"]:
            raise
        click.echo(f"{error}; until then the embedded encoder judges in their place", err=True)
        return LossNetworks(None, device)


def any_style(
    recipe: Callable[..., AnyStyleRecipe],
    settings: AnyStyleSettings,
    content: Path,
    style: Path,
    style_weight: float,
    content_weight: float,
    run: dict[str, Any],
) -> None:
    """Train a network for arbitrary styles; `settings` are what differs from technique to technique."""
    from stylex.errors import UsageError

    device, batch = device_of(run), run["batch"]
    if run["size"] % settings.grid:
        raise UsageError(f"--size is {run['size']}; it must be a multiple of {settings.grid}")
    chosen = replace(
        settings,
        size=run["size"],
        batch=batch,
        shifted=min(settings.shifted, batch),
        content=content_weight,
        style=style_weight,
        hold_out=run["hold_out"],
    )
    made = recipe(content, style, teachers_of(run, content, device), chosen, run["start"])
    run_training(made, (made.photos, made.paintings), run, device)


def fast_settings(run: dict[str, Any], style_weight: float, content_weight: float) -> FastSettings:
    """How a network of one style is trained, from scratch or baked."""
    from stylex.models.fast.recipe import FastSettings

    return FastSettings.sized(
        run["size"],
        batch=run["batch"],
        content=content_weight,
        style=style_weight,
        texture=style_weight,
        hold_out=run["hold_out"],
    )


def run_training(
    recipe: Recipe,
    folders: Sequence[PictureFolder],
    run: dict[str, Any],
    device: torch.device,
    then: str = "export",
    **schedule: Any,
) -> Path:
    """Train with the values of `training_options`; says how many pictures there are, and at the end which were skipped.

    Args:
        then: the verb that takes the weights next.
        schedule: what differs from the defaults of `Schedule`.
    """
    from stylex.models.training.loop import train
    from stylex.models.training.recipe import Schedule

    for folder in folders:
        click.echo(f"{folder.path}: {len(folder.pictures)} pictures, {len(folder.skipped)} skipped", err=True)
    given = {name: run[name] for name in ("steps", "minutes", "rate", "seed")}
    weights = train(recipe, Schedule(**given, **schedule), run["out"], device)
    for folder in folders:
        for line in folder.skipped:
            click.echo(f"skipped {line}", err=True)
    click.echo(f"{weights}: {then} with `stylex {then} {recipe.name} --weights {weights}`" if then else str(weights))
    return weights
