"""`stylex bake`: one style of AdaIN into the weights of a smaller, faster network."""

from __future__ import annotations

from stylex.cli.options.training import training_command
from stylex.techniques import BAKE, technique_named

command = training_command(
    "stylex bake",
    technique_named("fast"),
    BAKE,
    bake=True,
    more=(
        "stylex export fast --int8 --weights runs/painting/weights.safetensors -o models/",
        "stylex run fast photo.jpg --style painting --graphs models/",
    ),
)
