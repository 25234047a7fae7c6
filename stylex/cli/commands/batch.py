"""`stylex batch`: paint an archive of photos, on this machine or on many."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import click

from stylex.cli.options.common import (
    NETWORK_STYLES,
    backend_options,
    require_no_weights,
    require_styles,
    strength_option,
    weighted,
    weights_option,
)
from stylex.cli.options.folder import folder_options, print_report
from stylex.cli.options.numbers import Count
from stylex.techniques import DEFAULT, technique_named

ENGINES = ("local", "ray")


@click.command("batch")
@click.argument("source")
@click.argument("destination")
@click.option("--technique", default=DEFAULT, show_default=True)
@click.option(
    "--engine",
    default="local",
    type=click.Choice(ENGINES),
    show_default=True,
    help="local, threads on this machine; ray, processes on the machines of RAY_ADDRESS, or on this one.",
)
@click.option("--style", "styles", multiple=True, help=f"{NETWORK_STYLES}; repeat to mix.")
@weights_option
@strength_option("the photo")
@click.option("--keep-colors", is_flag=True, help="Take the strokes, keep the photo's colours.")
@click.option("--size", type=Count(1), help="Reduce the photo's longer side to this many pixels first.")
@folder_options
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@backend_options
def command(
    source: str,
    destination: str,
    technique: str,
    engine: str,
    styles: tuple[str, ...],
    weights: tuple[float, ...],
    each: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Paint all photos below SOURCE into DESTINATION; the same call goes on where it was ended.

    Structure, names and formats are kept, and what is done with the same style and options is skipped. Photos that fail
    stand in DESTINATION/.stylex/failed.jsonl, and the next call tries them again. With --engine ray, SOURCE and
    DESTINATION may be anything that pyarrow's file systems reach; pip install 'stylex[ray]'.

    \b
    Examples:
      stylex batch photos/ painted/ --style irises
      stylex batch photos/ painted/ --technique fast --style the-scream --style great-wave --each
      stylex batch s3://bucket/photos s3://bucket/painted --style irises --engine ray --report report.jsonl
    """
    from stylex.batch.batch import stylize_batch
    from stylex.cli.progress import RateBar

    if technique_named(technique).needs_style:
        require_styles(styles)
    if each:
        require_styles(styles)
        require_no_weights(weights)
    style: Any = list(styles) if each else list(weighted(styles, weights)) or None
    arguments: dict[str, Any] = {"engine": engine, "each": each, **options}
    with contextlib.ExitStack() as stack:
        if engine == "local":
            bar = stack.enter_context(RateBar("photos/s"))
            arguments["progress"] = lambda done, of, _outcome: bar(done, of)
        else:
            stack.enter_context(contextlib.redirect_stdout(sys.stderr))  # Ray prints its warnings between our lines
        report = stylize_batch(source, destination, technique, style, **arguments)
    print_report(destination, report, as_json)
