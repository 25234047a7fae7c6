"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from stylex.artifacts.metadata import PRECISIONS
from stylex.errors import UsageError
from stylex.runtime.engine.providers import NAMES
from stylex.techniques import TOOLS, technique_named

F = TypeVar("F", bound=Callable[..., Any])


def technique_argument(function: F) -> F:
    """TECHNIQUE, the first argument; one that doesn't exist is refused before any work."""
    return click.argument("technique", callback=_known)(function)


def optional_technique_argument(function: F) -> F:
    """TECHNIQUE, or a tool, where something else may name it."""
    return click.argument("technique", required=False, callback=_known_or_tool)(function)


def _known(_context: click.Context, _parameter: click.Parameter, name: str | None) -> str | None:
    return name and technique_named(name).name


def _known_or_tool(context: click.Context, parameter: click.Parameter, name: str | None) -> str | None:
    return name if name in TOOLS else _known(context, parameter, name)


def backend_options(function: F) -> F:
    """--precision, --provider, --threads and --graphs, as `stylex.load` takes them."""
    decorators = (
        click.option("--precision", default="auto", type=click.Choice(["auto", *PRECISIONS]), show_default=True),
        click.option("--provider", default="auto", type=click.Choice(["auto", *NAMES]), show_default=True),
        click.option(
            "--threads", default=0, type=click.IntRange(0), help="CPU threads; 0 for all cores.", show_default=True
        ),
        click.option(
            "--graphs",
            type=click.Path(path_type=Path),
            help="Folder of exported ONNX files instead of the embedded ones.",
        ),
    )
    return decorated(function, decorators)


def decorated(function: F, options: Sequence[Callable[[F], F]]) -> F:
    """A command with several options, which its help then shows in their order."""
    for option in reversed(options):
        function = option(function)
    return function


def require_styles(styles: Sequence[str]) -> None:
    """End with click's own message where no --style was given."""
    if not styles:
        raise click.MissingParameter(ctx=click.get_current_context(), param_hint="'--style'", param_type="option")


def weighted(styles: Sequence[str], weights: Sequence[float]) -> tuple[tuple[str, float], ...]:
    """The values of --style with those of --weight, in equal shares where there are none.

    Raises:
        UsageError: not one weight for each style.
    """
    if weights and len(weights) != len(styles):
        raise UsageError(
            f"{len(styles)} --style and {len(weights)} --weight were given: give one weight for each style, or none"
        )
    return tuple(zip(styles, weights or (1.0,) * len(styles), strict=True))
