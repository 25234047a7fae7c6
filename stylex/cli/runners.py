"""What `stylex run` does for each kind of technique: one function each."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stylex.cli.progress import Watch, bar_of
from stylex.errors import InputError, Interrupted, UsageError

if TYPE_CHECKING:
    from stylex.imaging.arrays import Image
    from stylex.imaging.images import Picture
    from stylex.runtime.painter import Painter
    from stylex.runtime.semantic.masks import Mask


@dataclass(frozen=True)
class Job:
    """One call of `stylex run`.

    Attributes:
        technique: its name.
        picture: the photo, already reduced to --size.
        styles: --style as they were given, with their weights.
        strength: --strength.
        keep_colors: --keep-colors.
        output: where the painted photo goes; has been checked.
        sides: height and width of the photo before it was reduced.
        own: the options that only some techniques have, by parameter name.
        enlarge: --upscale 2.
    """

    technique: str
    picture: Picture
    styles: tuple[tuple[str, float], ...]
    strength: float
    keep_colors: bool
    output: Path
    sides: tuple[int, ...]
    own: dict[str, Any] = field(default_factory=dict)
    enlarge: bool = False


def network(job: Job) -> None:
    """The techniques whose ONNX graphs the runtime paints with."""
    from stylex.runtime.loading import load
    from stylex.techniques import technique_named

    one = technique_named(job.technique).single_style
    if one and len(job.styles) > 1:
        raise UsageError(f"a network of {job.technique} has one style: give one --style")
    painter = load(job.technique, style=job.styles[0][0] if one and job.styles else "", **backend(job))
    start = time.perf_counter()
    what = "" if one else " with its styles"
    ran = f"{job.technique} {painter.precision} on {painter.provider}"
    paint: Callable[..., Image] = functools.partial(painter, job.picture.rgb, None if one else job.styles, job.strength)
    told = ""
    if job.own["protect_faces"] is not None:
        paint, told = with_faces(job, painter)
    painted, how = tiled(job, painter, functools.partial(paint, keep_colors=job.keep_colors))
    finish(job, painted, ran + how, start, what + told)


def tiled(job: Job, painter: Painter, paint: Callable[..., Image]) -> tuple[Image, str]:
    """What `paint` makes, in tiles where the photo is too large for less, and how many there were."""
    tile = job.own["tile"]
    plan = painter.tiles(job.picture.rgb, tile)
    with bar_of("painting tiles", shown=plan is not None) as tell:
        painted = paint(tile=tile, progress=tell)
    return painted, "" if plan is None else f" in {plan}"


def backend(job: Job) -> dict[str, Any]:
    """What `load` is given."""
    return {name: job.own[name] for name in ("precision", "provider", "graphs", "threads")}


def with_faces(job: Job, painter: Painter) -> tuple[Callable[..., Image], str]:
    """What paints the photo with less style on faces, and how many there are."""
    import numpy as np

    from stylex.runtime.semantic.regions import Region, paint

    photo = job.picture.rgb
    protection, told = protected(job)
    everywhere = {"photo": np.ones((1, 1), np.float32)}
    region = Region("photo", job.styles, job.strength)
    return functools.partial(paint, painter, photo, [region], everywhere, protection=protection), told


def protected(job: Job) -> tuple[Mask | None, str]:
    """How much of the strength each place keeps, and how many faces there were; None without --protect-faces."""
    from stylex.runtime.semantic.faces import find_faces, protection

    strength = job.own["protect_faces"]
    if strength is None:
        return None, ""
    faces = find_faces(job.picture.rgb, job.own["face_model"])
    told = f"{len(faces)} face{'s' * (len(faces) > 1)} protected" if faces else "no face found"
    return protection(job.picture.rgb, faces, strength), f", {told}"


def semantic(job: Job) -> None:
    """Every region in its own style, with the graphs of another technique."""
    from stylex.cli.options.regions import given_masks, given_regions, segmenter_for
    from stylex.imaging.images import write_picture
    from stylex.runtime.loading import load
    from stylex.runtime.semantic.regions import overlay, paint, region_masks

    if job.styles:
        raise UsageError("semantic takes its styles from --region NAME=STYLE: leave --style and --weight out")
    photo, own = job.picture.rgb, job.own
    regions, masks = given_regions(own["regions"]), given_masks(own["masks"], photo, job.sides)
    painter = load(own["base"], **backend(job))
    segmenter = segmenter_for(regions, masks, own)
    start = time.perf_counter()
    where = region_masks(photo, regions, masks, segmenter, own["feather"])
    protection, told = protected(job)
    painting = functools.partial(paint, painter, photo, regions, where, job.strength, protection, job.keep_colors)
    painted, how = tiled(job, painter, painting)
    if own["show_masks"]:
        write_picture(own["show_masks"], overlay(photo, where))
    found = ", ".join(f"{name} {100 * float(mask.mean()):.0f} %" for name, mask in where.items())
    by = segmenter.title if segmenter else "masks"
    ran = f"semantic with {own['base']} {painter.precision} on {painter.provider}, regions by {by}: {found}"
    finish(job, painted, ran + how, start, told)


def histogram(job: Job) -> None:
    """Histogram matching by lookup tables."""
    from stylex.imaging.color import keep_colors
    from stylex.runtime.histogram import match

    styles, space = style_pictures(job), job.own["space"]
    start = time.perf_counter()
    painted = match(job.picture.rgb, styles, space, job.strength)
    if job.keep_colors:
        painted = keep_colors(painted, job.picture.rgb)
    finish(job, painted, f"histogram in {'RGB' if space == 'rgb' else 'L*a*b*'}", start)


def gatys(job: Job) -> None:
    """Optimization of the pixels, in torch; Ctrl-C keeps what there is."""
    import torch

    from stylex.imaging.color import keep_colors
    from stylex.models.encoders.opening import opened
    from stylex.models.reference.gatys import Gatys, GatysSettings
    from stylex.models.reference.pixels import SMALLEST

    styles, own, photo = style_pictures(job), job.own, job.picture.rgb
    height, width = photo.shape[:2]
    if min(height, width) < SMALLEST:  # before anything is downloaded
        raise InputError(f"at this --size the photo is {width}x{height}; gatys needs {SMALLEST}x{SMALLEST}: use more")
    if own["threads"]:
        torch.set_num_threads(own["threads"])
    wanted = {name: own[name] for name in ("iterations", "style_weight", "content_weight", "variation", "optimizer")}
    painter = Gatys(*opened(own["encoder"]), GatysSettings(**wanted, loss=own["style_loss"]))

    def finished(painted: Image) -> Image:
        return blended(photo, keep_colors(painted, photo) if job.keep_colors else painted, job.strength)

    start = time.perf_counter()
    with Watch(own["iterations"], own["preview"], own["preview_every"], finished) as tell:
        painting = painter(photo, styles, tell)
    finish(job, finished(painting.picture), f"gatys with {own['encoder']}, {painting.done} iterations", start)
    if painting.stopped:
        raise Interrupted(
            f"stopped after {painting.done} of {own['iterations']} iterations; {job.output} is what there was"
        )


RUNNERS: dict[str, Callable[[Job], None]] = {"histogram": histogram, "gatys": gatys, "semantic": semantic}
"""Runner by technique; the others are networks."""


def style_pictures(job: Job) -> list[tuple[Image, float]]:
    """The style pictures, RGB, with their weights.

    Raises:
        UsageError: a built-in style, which has no picture.
        InputError: a file that can't be read, is a style code, or has one colour only.
    """
    from stylex.artifacts.style_code import SUFFIX, built_in
    from stylex.imaging.color import require_colors
    from stylex.imaging.images import read_picture
    from stylex.techniques import DEFAULT

    found = []
    for style, weight in job.styles:
        path, needed = Path(style), f"{job.technique} needs a picture: give --style PICTURE.jpg"
        if path.suffix == SUFFIX:
            raise InputError(f"{style} is a style code, which holds no picture; {needed}")
        if style in built_in(DEFAULT) and not path.exists():
            raise UsageError(f"{style} is a built-in style, a code without its picture; {needed}")
        rgb = read_picture(path).rgb
        require_colors(rgb, style)
        found.append((rgb, weight))
    return found


def blended(photo: Image, painted: Image, strength: float) -> Image:
    """The photo at strength 0, the painted one at 1, and up to 1.5 beyond; RGB uint8 (H, W, 3)."""
    import numpy as np

    if strength == 1:
        return painted
    mixed = photo + np.float32(strength) * (painted.astype(np.float32) - photo)
    return np.asarray(np.rint(np.clip(mixed, 0, 255)), np.uint8)


def finish(job: Job, painted: Image, ran: str, start: float, what: str = "") -> None:
    """Write the painted photo and say what was done."""
    from stylex.imaging.images import write_picture

    alpha = job.picture.alpha
    if job.enlarge:
        painted, alpha, by = _enlarged(job, painted)
        ran = f"{ran}, twice the size by {by}"
    seconds = time.perf_counter() - start
    write_picture(job.output, painted, alpha)
    height, width = painted.shape[:2]
    took = f"{seconds * 1e3:.0f} ms" if seconds < 10 else f"{seconds:.0f} s"
    click.echo(f"{job.output}: {width}x{height}, {ran}, {took}{what}")


def _enlarged(job: Job, painted: Image) -> tuple[Image, Image | None, str]:
    """Picture and alpha at twice the size, and by what."""
    from stylex.runtime.upscale import enlarged_alpha, load_upscaler

    upscaler = load_upscaler(*(job.own[name] for name in ("provider", "graphs", "threads")))
    with bar_of("enlarging", shown=True) as tell:
        return upscaler(painted, tell), enlarged_alpha(job.picture.alpha), upscaler.name
