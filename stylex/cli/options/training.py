"""Commands that train, made from the rows of `stylex.techniques`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from stylex.cli.options.common import click_option, decorated, examples
from stylex.cli.options.threads import use_torch_threads
from stylex.techniques import Option, Technique, TrainDefaults

if TYPE_CHECKING:
    from stylex.models.training.recipe import Recipe
    from stylex.models.training.request import Request


def training_command(
    call: str, row: Technique, defaults: TrainDefaults, *, bake: bool = False, more: tuple[str, ...] = ()
) -> click.Command:
    """Returns a command that trains the network of a row.

    Args:
        call: the command as it is typed.
        defaults: its options and their defaults.
        bake: the training begins with a style code of another technique.
        more: lines that its examples end with.
    """

    def command(**given: Any) -> None:
        from stylex.models.registry import model_of

        model = model_of(row.name)
        make = model.bake if bake else model.recipe
        assert make is not None
        run(make, defaults, given, "export" if row.has_graphs else "")

    command.__doc__ = "\n".join([defaults.help, "", examples(call, defaults.examples), *(f"  {line}" for line in more)])
    options = [click_option(option) for option in (*defaults.options, *training_options(defaults))]
    return click.command(call.split()[-1])(decorated(command, [*options, DEVICE, THREADS]))


DEVICE = click.option("--device", default="auto", type=click.Choice(["auto", "cpu", "cuda"]), show_default=True)
THREADS = click.option("--threads", default=0, type=click.IntRange(0), help="CPU threads; 0 for all cores.")


def training_options(defaults: TrainDefaults) -> tuple[Option, ...]:
    """Returns the options of every training: --out, --teacher, how long, on what and how fast."""
    out, teacher = "Folder for checkpoints, weights, card and samples.", f"{defaults.teacher}  [teacher/ above photos]"
    minutes = "Wall-clock minutes, at most; resumed runs count together; 0 for no limit."
    crops = f"Pixels of the crops, a multiple of {defaults.grid}."
    return (
        Option("out", None, out, file=True, required=True),
        Option("teacher", None, teacher, file=True),
        Option("steps", defaults.steps, "Optimizer steps, at most.", 1),
        Option("minutes", defaults.minutes, minutes, 0),
        Option("batch", defaults.batch, "", 1),
        Option("size", defaults.size, crops, 96),
        Option("hold_out", defaults.hold_out, "Share kept for evaluation.", 0, 0.9),
        Option("rate", defaults.rate, "Peak learning rate.", 0),
        Option("seed", 0),
    )


def run(make: Callable[[Request], Recipe], defaults: TrainDefaults, given: dict[str, Any], then: str) -> None:
    """Trains; says how many pictures there are, and at the end which were skipped.

    Args:
        then: the verb that takes the weights next; "" for none.

    Raises:
        UsageError: --size isn't a multiple of the network's grid.
    """
    from stylex.errors import UsageError
    from stylex.models.training.loop import choose_device, train
    from stylex.models.training.recipe import Schedule
    from stylex.models.training.request import Request

    if given["size"] % defaults.grid:
        raise UsageError(f"--size is {given['size']}; it must be a multiple of {defaults.grid}")
    use_torch_threads(given["threads"])
    device = choose_device(given["device"])
    recipe = make(Request(given, device, lambda line: click.echo(line, err=True)))
    for folder in recipe.folders:
        click.echo(f"{folder.path}: {len(folder.pictures)} pictures, {len(folder.skipped)} skipped", err=True)
    pace = {name: given[name] for name in ("steps", "minutes", "rate", "seed")}
    weights = train(recipe, Schedule(**pace, **defaults.schedule), given["out"], device)
    for folder in recipe.folders:
        for line in folder.skipped:
            click.echo(f"skipped {line}", err=True)
    click.echo(f"{weights}: {then} with `stylex {then} {recipe.name} --weights {weights}`" if then else str(weights))
