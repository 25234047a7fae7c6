"""The common part of the commands for moving pictures: their options, and a painter with its styles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stylex.cli.options.common import click_option, decorated, require_styles, strength_option
from stylex.techniques import DEFAULT, NETWORKS, technique_named
from stylex.techniques.options import KEYFRAMES, TEMPORAL

if TYPE_CHECKING:
    from stylex.runtime.video.stylizer import PreparedStyle

F = TypeVar("F", bound=Callable[..., Any])


def steadiness_options(function: F) -> F:
    """Adds --technique, --strength, --keep-colors, --temporal and --keyframes."""
    decorators = (
        click.option("--technique", default=DEFAULT, type=click.Choice(NETWORKS), show_default=True),
        strength_option("the film"),
        click.option("--keep-colors", is_flag=True, help="Take the strokes, keep the film's colours."),
        click_option(TEMPORAL),
        click_option(KEYFRAMES),
    )
    return decorated(function, decorators)


def prepared_styles(technique: str, styles: Sequence[str], backend: dict[str, Any]) -> list[PreparedStyle]:
    """Returns a painter with each of the styles, one painter for all of them where it takes any.

    Args:
        technique: its name.
        styles: as they were given; none for the only network of a technique with one style in its weights.
        backend: precision, provider, threads and graphs, as `stylex.load` takes them.
    """
    from stylex.runtime.loading import load
    from stylex.runtime.video.stylizer import prepare_style

    if technique_named(technique).single_style:
        return [prepare_style(load(technique, style=style, spinning=False, **backend)) for style in styles or ("",)]
    require_styles(styles)
    painter = load(technique, spinning=False, **backend)
    return [prepare_style(painter, style, Path(style).stem) for style in styles]
