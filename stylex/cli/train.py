"""`stylex train`: make weights from folders of pictures."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def command() -> None:
    """Train a technique's network.

    \b
    Example:
      stylex train adain --content photos/ --style paintings/ --out runs/adain
    """


@command.command()
@click.option("--content", required=True, type=click.Path(path_type=Path), help="Folder of photos.")
@click.option("--style", required=True, type=click.Path(path_type=Path), help="Folder of paintings.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder for checkpoints, weights, card and samples."
)
@click.option(
    "--teacher", type=click.Path(path_type=Path), help="Folder of the loss networks  [teacher/ above --content]"
)
@click.option("--steps", default=20_000, type=click.IntRange(1), show_default=True, help="Optimizer steps, at most.")
@click.option(
    "--minutes", default=0.0, type=click.FloatRange(0), help="Wall-clock minutes, at most; resumed runs count together."
)
@click.option("--batch", default=8, type=click.IntRange(1), show_default=True)
@click.option(
    "--size", default=192, type=click.IntRange(96), show_default=True, help="Pixels of the crops, a multiple of 8."
)
@click.option(
    "--style-weight", default=2.5, type=click.FloatRange(0), show_default=True, help="Of pictures and of their texture."
)
@click.option(
    "--content-weight", default=1.0, type=click.FloatRange(0), show_default=True, help="Of the photo's structure."
)
@click.option(
    "--hold-out", default=0.05, type=click.FloatRange(0, 0.9), show_default=True, help="Share kept for evaluation."
)
@click.option("--rate", default=1.5e-3, type=click.FloatRange(0), show_default=True, help="Peak learning rate.")
@click.option("--seed", default=0, show_default=True)
@click.option("--device", default="auto", type=click.Choice(["auto", "cpu", "cuda"]), show_default=True)
@click.option("--threads", default=0, type=click.IntRange(0), help="CPU threads; 0 for all cores.")
def adain(
    content: Path,
    style: Path,
    out: Path,
    teacher: Path | None,
    steps: int,
    minutes: float,
    batch: int,
    size: int,
    style_weight: float,
    content_weight: float,
    hold_out: float,
    rate: float,
    seed: int,
    device: str,
    threads: int,
) -> None:
    """Train AdaIN: any style from one network.

    Goes on where an interrupted run in the same folder stood. Ends with weights.safetensors, card.json and samples.jpg.

    \b
    Examples:
      stylex train adain --content photos/ --style paintings/ --out runs/adain --minutes 90
      stylex train adain --content photos/ --style paintings/ --out runs/adain --steps 60000 --batch 16 --device cuda
    """
    import torch

    from stylex.errors import UsageError
    from stylex.models.adain.recipe import AdaINRecipe, AdaINSettings
    from stylex.models.losses import find_teacher
    from stylex.models.recipe import Schedule
    from stylex.models.training import choose_device, train

    if size % 8:
        raise UsageError(f"--size is {size}; it must be a multiple of 8")
    if threads:
        torch.set_num_threads(threads)
    chosen = choose_device(device)
    settings = AdaINSettings(
        size=size,
        batch=batch,
        crop=min(96, size),
        content=content_weight,
        style=style_weight,
        texture=style_weight,
        hold_out=hold_out,
    )
    recipe = AdaINRecipe(content, style, find_teacher(teacher, content), settings, chosen)
    for folder in (recipe.photos, recipe.paintings):
        click.echo(f"{folder.path}: {len(folder.pictures)} pictures, {len(folder.skipped)} skipped", err=True)
    weights = train(recipe, Schedule(steps=steps, minutes=minutes, rate=rate, seed=seed), out, chosen)
    for folder in (recipe.photos, recipe.paintings):
        for line in folder.skipped:
            click.echo(f"skipped {line}", err=True)
    click.echo(f"{weights}: export with `stylex export adain --weights {weights}`")
