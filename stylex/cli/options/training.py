"""Commands that train, made from the rows of `stylex.techniques`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stylex.cli.options.common import THREADS, click_option, decorated, examples
from stylex.techniques import Option, Technique, TrainDefaults

OUT = Option("out", None, "Folder for checkpoints, weights, card and samples.", file=True, required=True)
DEVICE = click.option("--device", default="auto", type=click.Choice(["auto", "cpu", "cuda"]), show_default=True)


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

    def command(out: Path, **given: Any) -> None:
        from stylex.api.training import train

        weights = train(row, out, bake=bake, notify=lambda line: click.echo(line, err=True), **given)
        then = f": export with `stylex export {row.name} --weights {weights}`" if row.has_graphs else ""
        click.echo(f"{weights}{then}")

    command.__doc__ = "\n".join([defaults.help, "", examples(call, defaults.examples), *(f"  {line}" for line in more)])
    own = len(defaults.options)
    options = (*defaults.every_option[:own], OUT, *defaults.every_option[own:])
    return click.command(call.split()[-1])(decorated(command, [*map(click_option, options), DEVICE, THREADS]))
