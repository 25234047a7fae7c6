"""`stylex train`: make weights from folders of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stylex.cli.options.training import (
    any_style,
    device_of,
    fast_settings,
    folder_options,
    run_training,
    start_option,
    teachers_of,
    training_options,
    weight_options,
)


@click.group()
def command() -> None:
    """Train a technique's network.

    A run goes on where an interrupted one in the same folder stood. It ends with weights.safetensors, card.json and
    samples.jpg.

    \b
    Examples:
      stylex train adain --content photos/ --style paintings/ --out runs/adain
      stylex train attention --content photos/ --style paintings/ --out runs/attention
      stylex train multiscale --content photos/ --style paintings/ --out runs/multiscale
      stylex train fast --content photos/ --style painting.jpg --out runs/painting
      stylex train cyclegan --domain-a photos/ --domain-b cartoons/ --out runs/cartoon
      stylex train encoder --content photos/ --style paintings/ --out runs/encoder
      stylex train segmenter --photos portraits/ --backgrounds places/ --out runs/segmenter
      stylex train upscaler --content photos/ --out runs/upscaler
    """


@command.command()
@folder_options
@start_option
@weight_options(style=6.0, content=1.0)
@training_options(steps=20_000, minutes=0, batch=4, size=192, rate=1e-3)
def adain(content: Path, style: Path, style_weight: float, content_weight: float, **run: Any) -> None:
    """Train AdaIN: any style from one network.

    \b
    Examples:
      stylex train adain --content photos/ --style paintings/ --out runs/adain --minutes 90
      stylex train adain --content photos/ --style paintings/ --out runs/adain --steps 60000 --batch 16 --device cuda
    """
    from stylex.models.adain.recipe import AdaINRecipe
    from stylex.models.training.any_style import AnyStyleSettings

    any_style(AdaINRecipe, AnyStyleSettings(), content, style, style_weight, content_weight, run)


@command.command()
@folder_options
@start_option
@weight_options(style=6.0, content=1.0)
@training_options(steps=20_000, minutes=0, batch=4, size=192, rate=6e-4)
def attention(content: Path, style: Path, style_weight: float, content_weight: float, **run: Any) -> None:
    """Train attention: every place of the photo takes its style from places of the style that are like it.

    Begins as the embedded AdaIN.

    \b
    Example:
      stylex train attention --content photos/ --style paintings/ --out runs/attention --minutes 90
    """
    from stylex.models.attention.recipe import SETTINGS, AttentionRecipe

    any_style(AttentionRecipe, SETTINGS, content, style, style_weight, content_weight, run)


@command.command()
@folder_options
@start_option
@weight_options(style=6.0, content=1.0)
@training_options(steps=20_000, minutes=0, batch=4, size=256, rate=6e-4)
def multiscale(content: Path, style: Path, style_weight: float, content_weight: float, **run: Any) -> None:
    """Train multiscale: composition, strokes and grain from three sizes of the style picture.

    Begins as the embedded AdaIN.

    \b
    Example:
      stylex train multiscale --content photos/ --style paintings/ --out runs/multiscale --minutes 90
    """
    from stylex.models.multiscale.recipe import SETTINGS, MultiscaleRecipe

    any_style(MultiscaleRecipe, SETTINGS, content, style, style_weight, content_weight, run)


@command.command()
@click.option("--content", required=True, type=click.Path(path_type=Path), help="Folder of photos.")
@click.option("--style", required=True, type=click.Path(path_type=Path), help="The picture whose style is wanted.")
@click.option("--name", default="", help="What to call the style  [the picture's name]")
@weight_options(style=2.5, content=0.7)
@training_options(steps=10_000, minutes=0, batch=4, size=256, rate=1e-3)
def fast(content: Path, style: Path, name: str, style_weight: float, content_weight: float, **run: Any) -> None:
    """Train a network of one style, from scratch. `stylex bake` is much quicker.

    \b
    Example:
      stylex train fast --content photos/ --style painting.jpg --out runs/painting --minutes 60
    """
    from stylex.models.fast.recipe import FastRecipe
    from stylex.models.fast.styles import picture_style

    device = device_of(run)
    chosen = picture_style(style, name)
    settings = fast_settings(run, style_weight, content_weight)
    recipe = FastRecipe(content, chosen, teachers_of(run, content, device), settings, device)
    run_training(recipe, (recipe.photos,), run, device)


@command.command()
@click.option("--domain-a", required=True, type=click.Path(path_type=Path), help="Folder of what is translated.")
@click.option("--domain-b", required=True, type=click.Path(path_type=Path), help="Folder of what it is to look like.")
@click.option("--name", default="", help="What to call the result  [the name of --domain-b]")
@click.option("--cycle-weight", default=5.0, type=click.FloatRange(0), show_default=True, help="Of the way back.")
@click.option(
    "--identity-weight", default=2.5, type=click.FloatRange(0), show_default=True, help="Of what is as wanted already."
)
@click.option(
    "--content-weight", default=1.0, type=click.FloatRange(0), show_default=True, help="Of the photo's structure."
)
@click.option(
    "--style-weight", default=0.5, type=click.FloatRange(0), show_default=True, help="Of the second kind's moments."
)
@click.option("--flatten", is_flag=True, help="Aim for areas of one colour, as in cartoons.")
@training_options(steps=20_000, minutes=0, batch=4, size=160, rate=6e-4)
def cyclegan(
    domain_a: Path,
    domain_b: Path,
    name: str,
    cycle_weight: float,
    identity_weight: float,
    content_weight: float,
    style_weight: float,
    flatten: bool,
    **run: Any,
) -> None:
    """Train CycleGAN: both directions between two unpaired kinds of pictures; the first to the second is kept.

    \b
    Examples:
      stylex train cyclegan --domain-a photos/ --domain-b cartoons/ --out runs/cartoon --flatten --minutes 60
      stylex train cyclegan --domain-a photos/ --domain-b monet/ --out runs/monet --style-weight 2
    """
    from stylex.artifacts.catalog import require_name
    from stylex.models.adain.embedded import embedded_adain
    from stylex.models.cyclegan.recipe import CycleGanRecipe, CycleGanSettings

    device = device_of(run)
    settings = CycleGanSettings(
        size=run["size"],
        batch=run["batch"],
        crop=min(96, run["size"]),
        shifted=min(2, run["batch"]),
        hold_out=run["hold_out"],
        cycle=cycle_weight,
        identity=identity_weight,
        content=content_weight,
        style=style_weight,
        flatten=flatten,
    )
    teachers = teachers_of(run, domain_a, device)
    name = require_name(name or domain_b.resolve().name)
    recipe = CycleGanRecipe(domain_a, domain_b, name, teachers, settings, device, embedded_adain()[0])
    run_training(recipe, (recipe.a, recipe.b), run, device, momentum=0.5, ema=0.008)


@command.command()
@folder_options
@training_options(
    steps=20_000,
    minutes=0,
    batch=8,
    size=128,
    rate=2e-3,
    teacher="Folder of vgg19_relu3_4.safetensors and vgg19_slim_relu5_1.safetensors",
)
def encoder(content: Path, style: Path, **run: Any) -> None:
    """Distil the slim encoder of gatys from VGG-19.

    \b
    Example:
      stylex train encoder --content photos/ --style paintings/ --out runs/encoder --minutes 30
    """
    from stylex.models.encoders.loss_network_files import RESCALED, SLIM, find_teacher
    from stylex.models.slim_encoder.recipe import EncoderRecipe, EncoderSettings

    device = device_of(run)
    settings = EncoderSettings(size=run["size"], batch=run["batch"], hold_out=run["hold_out"])
    teacher = find_teacher(run["teacher"], content, RESCALED, SLIM)
    recipe = EncoderRecipe(content, style, teacher, settings, device)
    run_training(recipe, (recipe.photos, recipe.paintings), run, device, then="")


@command.command()
@click.option(
    "--photos",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder of photos, each with a mask beside it: a PNG of the same name, white on people.",
)
@click.option("--backgrounds", type=click.Path(path_type=Path), help="Folder of photos without people.")
@training_options(
    steps=4_000,
    minutes=0,
    batch=8,
    size=192,
    rate=8e-4,
    hold_out=0.2,
    teacher="Folder of vgg19_slim_relu5_1.safetensors",
)
def segmenter(photos: Path, backgrounds: Path | None, **run: Any) -> None:
    """Train the segmenter: people against background.

    It begins as the slim VGG-19 of the loss networks. With --backgrounds, half of the pictures show people in front of
    one of those photos.

    \b
    Example:
      stylex train segmenter --photos portraits/ --backgrounds places/ --out runs/segmenter --minutes 45
    """
    from stylex.errors import InputError, UsageError
    from stylex.models.encoders.loss_network_files import SLIM, find_teacher
    from stylex.models.segmenter.network import MULTIPLE
    from stylex.models.segmenter.recipe import SegmenterRecipe, SegmenterSettings

    if run["size"] % MULTIPLE:
        raise UsageError(f"--size is {run['size']}; for the segmenter it must be a multiple of {MULTIPLE}")
    device = device_of(run)
    try:
        teacher = find_teacher(run["teacher"], photos, SLIM)
    except InputError as error:
        if run["teacher"]:
            raise
        click.echo(f"{error}; until then it begins with random weights", err=True)
        teacher = None
    taught = min(SegmenterSettings.taught_pictures, run["batch"])
    settings = SegmenterSettings(run["size"], run["batch"], taught_pictures=taught, hold_out=run["hold_out"])
    recipe = SegmenterRecipe(photos, backgrounds, teacher, settings, device)
    folders = (recipe.photos, recipe.backgrounds) if recipe.backgrounds is not None else (recipe.photos,)
    run_training(recipe, folders, run, device, ema=0.01)


@command.command()
@click.option("--content", required=True, type=click.Path(path_type=Path), help="Folder of photos.")
@click.option("--style", type=click.Path(path_type=Path), help="Folder of paintings, to learn brush strokes too.")
@training_options(steps=20_000, minutes=0, batch=12, size=144, rate=2e-3)
def upscaler(content: Path, style: Path | None, **run: Any) -> None:
    """Train the network of `stylex run --upscale 2`. It needs no loss networks.

    \b
    Example:
      stylex train upscaler --content photos/ --style paintings/ --out runs/upscaler --minutes 30
    """
    from stylex.models.upscaler.recipe import UpscalerRecipe, UpscalerSettings

    settings = UpscalerSettings(size=run["size"], batch=run["batch"], hold_out=run["hold_out"])
    recipe = UpscalerRecipe(content, style, settings)
    run_training(recipe, recipe.folders, run, device_of(run))
