"""`stylex styles`: built-in and own style codes."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import click

from stylex.cli.options.common import THREADS, backend_options, click_option, decorated
from stylex.cli.options.training import DEVICE
from stylex.techniques import DEFAULT, TrainDefaults
from stylex.techniques.training import REFINING


@click.group()
def command() -> None:
    """List, show and make style codes.

    \b
    Examples:
      stylex styles list
      stylex styles show starry-night
      stylex styles encode painting.jpg -o painting.style
      stylex styles refine painting.jpg --content photos/ -o painting.style
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
    from stylex.artifacts.style_code import save_code
    from stylex.runtime.loading import load

    _check_code_place(output)
    painter = load(technique, precision, provider, graphs=graphs, threads=threads)
    code = painter.code(picture)
    save_code(code, output)
    click.echo(f"{output}: {len(code.values)} values, for {technique}")


@command.command()
@click.argument("picture", type=click.Path(path_type=Path))
@click.option(
    "--content", required=True, type=click.Path(path_type=Path), help="Folder of photos, such as will be painted."
)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The .style file to write.")
@click.option("--technique", default=DEFAULT, show_default=True)
@click.option("--teacher", type=click.Path(path_type=Path), help=TrainDefaults.teacher)
@click.option("--weights", type=click.Path(path_type=Path), help="Weights of the technique  [the embedded ones]")
@functools.partial(decorated, options=[*map(click_option, REFINING)])
@DEVICE
@THREADS
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def refine(picture: Path, content: Path, output: Path, as_json: bool, **options: Any) -> None:
    """Make a style code of PICTURE that suits it better than the one of `encode`.

    The code alone is trained, for a minute or two; painting takes no longer. What is printed compares it with the code
    of `encode` on photos that it was not trained on.

    \b
    Examples:
      stylex styles refine painting.jpg --content photos/ -o painting.style
      stylex styles refine painting.jpg --content photos/ --teacher vgg16-397923af.pth --steps 120 -o painting.style
    """
    from stylex.api.refining import refine as refined
    from stylex.artifacts.style_code import save_code
    from stylex.cli.progress import Bars

    _check_code_place(output)
    with Bars() as bars:
        found = refined(
            picture,
            content,
            notify=lambda line: click.echo(line, err=True),
            progress=lambda done, of: bars("refining", done, of),
            **options,
        )
    save_code(found.code, output)
    if as_json:
        click.echo(json.dumps({"output": str(output), "before": found.before, "after": found.after}, indent=2))
    elif found.after == found.before:
        click.echo(f"{output}: the code of `encode`, which {options['steps']} steps did not better")
    else:
        click.echo(f"{output}: {found.style_share:.0%} of the distance from the style that the code of `encode` has")


def _check_code_place(output: Path) -> None:
    """Refuses a name for a style code before any work is done."""
    from stylex.artifacts.style_code import SUFFIX
    from stylex.errors import UsageError
    from stylex.files import check_place

    if output.suffix != SUFFIX:
        raise UsageError(f"{output} must end in {SUFFIX}")
    check_place(output)
