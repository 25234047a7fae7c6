"""`stylex sheet`: one photo in many styles, side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from stylex.cli.options.common import NETWORK_STYLES, backend_options, strength_option
from stylex.cli.options.numbers import Count
from stylex.techniques import DEFAULT


@click.command("sheet")
@click.argument("photo", type=click.Path(path_type=Path))
@click.option("--technique", default=DEFAULT, show_default=True)
@click.option("--style", "styles", multiple=True, help=f"{NETWORK_STYLES}; repeat for more  [all built-in ones]")
@strength_option("the photo")
@click.option("--keep-colors", is_flag=True, help="Take the strokes, keep the photo's colours.")
@click.option(
    "--size",
    default=768,
    type=Count(1),
    show_default=True,
    help="Reduce the photo's longer side to this many pixels before it is painted.",
)
@click.option("--side", default=384, type=Count(32), show_default=True, help="Pixels of each picture on the sheet.")
@click.option("--columns", default=0, type=Count(0), help="In a row; 0 for a sheet that is about square.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="JPEG, PNG, WebP, BMP or TIFF  [PHOTO-sheet.SUFFIX]"
)
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@backend_options
def command(
    photo: Path,
    technique: str,
    styles: tuple[str, ...],
    size: int,
    side: int,
    columns: int,
    output: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Paint PHOTO in every built-in style, on one sheet with their names.

    \b
    Examples:
      stylex sheet photo.jpg
      stylex sheet photo.jpg --technique fast --columns 4 -o sheet.png
      stylex sheet photo.jpg --style irises --style painting.jpg --strength 0.7
    """
    from stylex.api.sheet import built_in_styles, contact_sheet
    from stylex.cli.progress import RateBar
    from stylex.imaging.formats import default_output
    from stylex.imaging.writing import check_output, write_picture

    place = output or default_output(photo, "sheet")
    check_output(place, [photo, *(Path(style) for style in styles)])
    chosen = styles or built_in_styles(technique, options["graphs"])
    with RateBar("styles/s") as bar:
        arguments: dict[str, Any] = {"size": size, "side": side, "columns": columns, "progress": bar}
        sheet = contact_sheet(photo, technique, chosen, **arguments, **options)
    write_picture(place, sheet)
    height, width = sheet.shape[:2]
    if as_json:
        sizes = {"width": width, "height": height}
        click.echo(
            json.dumps({"output": str(place), **sizes, "technique": technique, "styles": list(chosen)}, indent=2)
        )
    else:
        click.echo(f"{place}: {width}x{height}, {len(chosen)} styles, {technique}")
