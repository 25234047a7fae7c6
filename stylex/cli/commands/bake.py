"""`stylex bake`: one style of AdaIN into the weights of a smaller, faster network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stylex.cli.options.training import (
    device_of,
    fast_settings,
    run_training,
    teachers_of,
    training_options,
    weight_options,
)


@click.command()
@click.option("--style", required=True, help="A built-in style, a .style file or a picture.")
@click.option("--content", required=True, type=click.Path(path_type=Path), help="Folder of photos.")
@click.option("--name", default="", help="What to call the style  [its own name]")
@weight_options(style=2.5, content=0.7)
@training_options(steps=100_000, minutes=10, batch=4, size=256, rate=7e-4)
def command(style: str, content: Path, name: str, style_weight: float, content_weight: float, **run: Any) -> None:
    """Bake one style into a network of its own, which is smaller and faster than AdaIN.

    The style's code and the average photo are folded into AdaIN's content path; some minutes of training follow. With a
    picture it is trained on the picture, with a code on what AdaIN paints.

    \b
    Examples:
      stylex bake --style starry-night --content photos/ --out runs/starry
      stylex bake --style painting.jpg --content photos/ --out runs/painting --minutes 20
      stylex export fast --int8 --weights runs/painting/weights.safetensors -o models/
      stylex run fast photo.jpg --style painting --graphs models/
    """
    from stylex.models.adain.embedded import embedded_adain
    from stylex.models.fast.recipe import FastRecipe
    from stylex.models.fast.styles import code_style

    device = device_of(run)
    adain, weights = embedded_adain()
    chosen = code_style(style, name, adain, weights.sha256)
    settings = fast_settings(run, style_weight, content_weight)
    recipe = FastRecipe(content, chosen, teachers_of(run, content, device), settings, device, adain)
    run_training(recipe, (recipe.photos,), run, device, warmup=30, ema=0.01)
