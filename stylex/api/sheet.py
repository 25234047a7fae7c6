"""`stylex.contact_sheet`: one photo in many styles, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from stylex.api.loading import load
from stylex.api.names import style_name
from stylex.api.prepared import Prepared, prepare
from stylex.artifacts.catalog import GRAPHS, styles_in
from stylex.artifacts.style_code import built_in
from stylex.errors import UsageError
from stylex.imaging import contact_sheet as sheets
from stylex.imaging.arrays import Image
from stylex.imaging.content import Content
from stylex.techniques import ARBITRARY, DEFAULT, Style, Technique, technique_named

SIZE = 768
"""Pixels of the longer side that the photo is painted in."""


def contact_sheet(
    photo: Content,
    technique: str | Technique = DEFAULT,
    styles: Sequence[Any] = (),
    *,
    size: int = SIZE,
    side: int = sheets.SIDE,
    columns: int = 0,
    progress: Callable[[int, int], object] = lambda _done, _of: None,
    **options: Any,
) -> Image:
    """Paints a photo in many styles, on one sheet with their names.

    Args:
        photo: as for `stylex.stylize`.
        technique: one that takes a style: its name, or the row of one's own.
        styles: each as for `stylex.stylize`; all built-in ones by default.
        size: pixels that the photo's longer side is reduced to before it is painted.
        side: pixels of each picture's longer side on the sheet.
        columns: in a row; 0 for as many as there are rows.
        progress: is called with the number of paintings so far and in the end.
        options: `strength` and the others of `stylex.stylize`.

    Returns:
        The sheet, RGB uint8 (H, W, 3); its first picture is the photo.

    Raises:
        UsageError, InputError, ModelError, ResourceError: as `stylex.stylize` does.
    """
    row = technique_named(technique)
    chosen = list(styles) or built_in_styles(row, options.get("graphs"))
    shown: list[tuple[Image, str]] = []
    for done, prepared in enumerate(_prepared(row, chosen, {"size": size, **options}), 1):
        content = prepared.read(photo, "the photo")
        shown = shown or [(content.picture.rgb, "the photo")]
        shown.append((prepared.painted(content).rgb, style_name(chosen[done - 1])))
        progress(done, len(chosen))
    return sheets.contact_sheet(shown, columns, side)


def _prepared(technique: Technique, styles: Sequence[Any], options: dict[str, Any]) -> Iterator[Prepared]:
    """Yields the technique for each style; one that takes any style is loaded once."""
    if technique.style is not Style.ARBITRARY:
        yield from (prepare(technique, style, **options) for style in styles)
        return
    names = ("precision", "provider", "graphs", "threads")
    painter = load(technique, **{name: options.pop(name) for name in names if name in options})
    yield from (prepare(painter, style, **options) for style in styles)


def built_in_styles(technique: str | Technique, graphs: Path | str | None = None) -> list[str]:
    """Returns the names of all styles that come with stylex, or with a folder of exported graphs.

    Raises:
        UsageError: the technique has none.
    """
    known = technique_named(technique)
    if known.name in ARBITRARY:
        return list(built_in(known.name))
    if known.single_style:
        return styles_in(GRAPHS if graphs is None else Path(graphs), known.name)
    raise UsageError(f"{known.name} has no built-in styles: give some", style="PICTURE.jpg")
