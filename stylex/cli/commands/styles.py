"""`stylex styles`: built-in and own style codes."""

from __future__ import annotations

import json
from pathlib import Path

import click

from stylex.cli.options.common import backend_options
from stylex.techniques import DEFAULT


@click.group()
def command() -> None:
    """List, show and make style codes.

    \b
    Examples:
      stylex styles list
      stylex styles show starry-night
      stylex styles encode painting.jpg -o painting.style
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def list_styles(as_json: bool) -> None:
    """List the built-in styles.

    \b
    Example:
      stylex styles list
    """
    from stylex.artifacts.style_code import built_in

    styles = built_in(DEFAULT).values()
    if as_json:
        click.echo(json.dumps([{"name": s.name, "work": s.work, "technique": s.technique} for s in styles], indent=2))
        return
    for style in styles:
        click.echo(f"{style.name:24} {style.work}")


@command.command()
@click.argument("style")
def show(style: str) -> None:
    """Print a style code, built-in or from a .style file, as JSON.

    \b
    Example:
      stylex styles show great-wave
    """
    from stylex.artifacts.style_code import built_in_code, load_code

    code = load_code(style) if Path(style).suffix else built_in_code(style)
    click.echo(json.dumps(code.to_json(), indent=2))


@command.command()
@click.argument("picture", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The .style file to write.")
@click.option("--technique", default=DEFAULT, show_default=True)
@backend_options
def encode(
    picture: Path, output: Path, technique: str, precision: str, provider: str, threads: int, graphs: Path | None
) -> None:
    """Make a style code of PICTURE, to be used as --style without the picture.

    \b
    Example:
      stylex styles encode painting.jpg -o painting.style
    """
    from stylex.artifacts.style_code import SUFFIX, save_code
    from stylex.errors import UsageError
    from stylex.files import check_place
    from stylex.runtime.loading import load

    if output.suffix != SUFFIX:
        raise UsageError(f"{output} must end in {SUFFIX}")
    check_place(output)
    painter = load(technique, precision, provider, graphs=graphs, threads=threads)
    code = painter.code(picture)
    save_code(code, output)
    click.echo(f"{output}: {len(code.values)} values, for {technique}")
