"""`stylex train`: make weights from folders of pictures; one command for each row that says how it is trained."""

from __future__ import annotations

import click

from stylex.cli.options.common import examples
from stylex.cli.options.training import training_command
from stylex.techniques import ROWS

TRAINED = tuple(row for row in ROWS if row.train)
HELP = f"""Train a technique's network.

A run goes on where an interrupted one in the same folder stood. It ends with weights.safetensors, card.json and
samples.jpg.

{examples("stylex train", [f"{row.name} {row.training.examples[0]}" for row in TRAINED])}
"""

command = click.Group(
    "train", [training_command(f"stylex train {row.name}", row, row.training) for row in TRAINED], help=HELP
)
