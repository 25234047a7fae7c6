"""Options of commands that paint many photos, and what they print of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stylex.cli.options.common import decorated
from stylex.cli.options.numbers import Count

if TYPE_CHECKING:
    from stylex.batch.run import FolderReport

F = TypeVar("F", bound=Callable[..., Any])


def folder_options(function: F) -> F:
    """Adds --each, --recursive, --workers and --report, as `stylex.stylize_folder` takes them."""
    options = (
        click.option("--each", is_flag=True, help="Paint every photo in each --style, rather than in their mixture."),
        click.option(
            "--recursive/--no-recursive", default=True, show_default=True, help="Paint folders in folders too."
        ),
        click.option(
            "--workers",
            default=0,
            type=Count(0),
            show_default=True,
            help="Photos in work at once; 0 for as many as there are cores.",
        ),
        click.option("--report", type=click.Path(path_type=Path), help="File for a line of JSON about each photo."),
    )
    return decorated(function, options)


def print_report(output: Path | str | None, report: FolderReport, as_json: bool) -> None:
    """Prints what became of the photos, those that failed last, and ends with exit code 3 where one did."""
    from stylex.errors import InputError, section_of

    if as_json:
        click.echo(json.dumps({**asdict(report), "photos_per_second": round(report.photos_per_second, 2)}, indent=2))
    else:
        click.echo(f"{output or 'beside the photos'}: {_counts(report)}")
        for one in report.failed:
            about = "" if one.photo in one.message else f"{one.photo}: "
            click.echo(f"stylex: {about}{one.message} [{section_of(one.error)}]", err=True)
    if report.failed:
        click.get_current_context().exit(InputError.exit_code)


def _counts(report: FolderReport) -> str:
    parts = [f"{report.painted} painted", f"{report.skipped} done before", f"{len(report.failed)} failed"]
    counts = [parts[0], *(part for part in parts[1:] if not part.startswith("0 "))]
    if report.replaced:
        counts[0] += f" ({report.replaced} in place of others)"
    return f"{', '.join(counts)}; {report.title}, {report.photos_per_second:.1f} photos/s, {report.seconds:.1f} s"
