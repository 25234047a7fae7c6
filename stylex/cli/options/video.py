"""What the verbs for moving pictures share: their options, and a painter with its styles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stylex.cli.options.common import decorated, require_styles
from stylex.techniques import NETWORKS, technique_named

if TYPE_CHECKING:
    from stylex.runtime.video.stylizer import Look

F = TypeVar("F", bound=Callable[..., Any])

MODES = ("off", "statistics", "flow")


def steadiness_options(function: F) -> F:
    """--technique, --strength, --keep-colors, --temporal and --keyframes."""
    decorators = (
        click.option("--technique", default="adain", type=click.Choice(NETWORKS), show_default=True),
        click.option(
            "--strength", default=1.0, type=click.FloatRange(0, 1.5), show_default=True, help="0 keeps the film."
        ),
        click.option("--keep-colors", is_flag=True, help="Take the strokes, keep the film's colours."),
        click.option(
            "--temporal",
            default="statistics",
            type=click.Choice(MODES),
            show_default=True,
            help="Each frame alone; with statistics frozen inside a shot; along the optical flow as well.",
        ),
        click.option(
            "--keyframes",
            default=24,
            type=click.IntRange(0),
            show_default=True,
            help="Measure the statistics again after so many frames; 0 for only where the picture has become another.",
        ),
    )
    return decorated(function, decorators)


def looks(technique: str, styles: Sequence[str], backend: dict[str, Any]) -> list[Look]:
    """A painter with each of the styles, one painter for all of them where it takes any.

    Args:
        technique: its name.
        styles: as they were given; none for the only network of a technique with one style in its weights.
        backend: precision, provider, threads and graphs, as `stylex.load` takes them.
    """
    from stylex.runtime.loading import load
    from stylex.runtime.video.stylizer import look

    if technique_named(technique).one_style:
        return [look(load(technique, style=style, spinning=False, **backend)) for style in styles or ("",)]
    require_styles(styles)
    painter = load(technique, spinning=False, **backend)
    return [look(painter, style, Path(style).stem) for style in styles]
