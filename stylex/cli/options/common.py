"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from stylex.artifacts.metadata import PRECISIONS
from stylex.cli.options.numbers import Count, Number
from stylex.cores import MOST_THREADS
from stylex.errors import UsageError
from stylex.runtime.engine.providers import NAMES
from stylex.techniques import SINGLE, STRONGEST, Option, listed, row_named, technique_named

F = TypeVar("F", bound=Callable[..., Any])
THREADS = click.option(
    "--threads",
    default=0,
    type=click.IntRange(0, MOST_THREADS),
    help="CPU threads; 0 for all cores.",
    show_default=True,
)
NETWORK_STYLES = f"A built-in style, a picture or a .style file; for {listed(SINGLE)} the network's name"
"""Help of --style where only techniques with graphs paint."""


def tile(text: str) -> int | str:
    """Returns the value of --tile: a number where the text is one, or else the word, which the library judges."""
    try:
        return int(text)
    except ValueError:
        return text


def technique_argument(function: F) -> F:
    """Adds TECHNIQUE, the first argument; one that doesn't exist is refused before any work."""
    return click.argument("technique", callback=_known)(function)


def technique_argument_or_none(function: F) -> F:
    """Adds TECHNIQUE, where the verb also does something without one."""
    return click.argument("technique", required=False, callback=_known)(function)


def optional_technique_argument(function: F) -> F:
    """Adds TECHNIQUE, or a tool, where something else may name it."""
    return click.argument("technique", required=False, callback=_known_or_tool)(function)


def _known(_context: click.Context, _parameter: click.Parameter, name: str | None) -> str | None:
    return name and technique_named(name).name


def _known_or_tool(_context: click.Context, _parameter: click.Parameter, name: str | None) -> str | None:
    return name and row_named(name).name


def click_option(option: Option) -> Callable[[F], F]:
    """Returns the click option of a row's option."""
    kind: click.ParamType[Any] | None = None
    if option.choices:
        kind = click.Choice(option.choices)
    elif option.file:
        kind = click.Path(path_type=Path)
    elif isinstance(option.default, float):
        kind = Number(option.least, option.most)
    elif option.default is not False and (isinstance(option.default, int) or option.least is not None):
        least = None if option.least is None else int(option.least)
        kind = Count(least, None if option.most is None else int(option.most))
    return click.option(
        option.spelled,
        option.name,
        default=None if option.multiple else option.default,
        type=kind,
        is_flag=option.default is False,
        required=option.required,
        multiple=option.multiple,
        show_default=bool(option.default or option.default == 0) and option.default is not False,
        help=option.help or None,
    )


def weights_option(function: F) -> F:
    """Adds --weight, one for each --style."""
    return click.option(
        "--weight", "weights", multiple=True, type=float, help="One for each --style; equal shares by default."
    )(function)


def strength_option(kept: str) -> Callable[[F], F]:
    """Adds --strength, at 0 of which something is kept as it is."""
    return click_option(Option("strength", 1.0, f"0 keeps {kept}.", 0, STRONGEST))


def examples(command: str, calls: Sequence[str]) -> str:
    """Returns the end of a command's help: each of its examples on a line of its own."""
    return "\n".join(["\b", "Examples:" if len(calls) > 1 else "Example:", *(f"  {command} {call}" for call in calls)])


def backend_options(function: F) -> F:
    """Adds --precision, --provider, --threads and --graphs, as `stylex.load` takes them."""
    decorators = (
        click.option("--precision", default="auto", type=click.Choice(["auto", *PRECISIONS]), show_default=True),
        click.option("--provider", default="auto", type=click.Choice(["auto", *NAMES]), show_default=True),
        THREADS,
        click.option(
            "--graphs",
            type=click.Path(path_type=Path),
            help="Folder of exported ONNX files instead of the embedded ones.",
        ),
    )
    return decorated(function, decorators)


def decorated(function: F, options: Sequence[Callable[[F], F]]) -> F:
    """Returns a command with several options, which its help then shows in their order."""
    for option in reversed(options):
        function = option(function)
    return function


def require_styles(styles: Sequence[str]) -> None:
    """Ends with click's own message where no --style was given."""
    if not styles:
        raise click.MissingParameter(ctx=click.get_current_context(), param_hint="'--style'", param_type="option")


def require_no_weights(weights: Sequence[float]) -> None:
    """Refuses --weight where the styles aren't mixed."""
    if weights:
        raise UsageError("--weight mixes styles, and --each paints them apart: leave one of the two out")


def weighted(styles: Sequence[str], weights: Sequence[float]) -> tuple[tuple[str, float], ...]:
    """Returns the values of --style with those of --weight, in equal shares where there are none.

    Raises:
        UsageError: not one weight for each style.
    """
    if weights and len(weights) != len(styles):
        raise UsageError(
            f"{len(styles)} --style and {len(weights)} --weight were given: give one weight for each style, or none"
        )
    return tuple(zip(styles, weights or (1.0,) * len(styles), strict=True))
