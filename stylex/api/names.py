"""Names of styles, for messages and for the files of paintings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylex.artifacts.style_code import SUFFIX
from stylex.imaging.formats import READABLE

if TYPE_CHECKING:
    from stylex.runtime.semantic.painter import Regions


def style_name(style: Any, regions: Regions | None = None) -> str:
    """Returns the name of a style; of several, and of the styles of regions, their names with + between them.

    Args:
        style: as for `stylex.stylize`; None where there is none.
        regions: likewise; a region that is kept as it is has no name here.
    """
    if regions:
        from stylex.runtime.semantic.painter import regions_of

        styles = [region.style for region in regions_of(regions)]
        return "+".join(style_name(one) for one in styles if one is not None)
    if isinstance(style, (list, tuple)):
        return "+".join(style_name(pair[0]) for pair in style if isinstance(pair, (list, tuple)) and pair)
    if isinstance(style, (str, Path)):
        path = Path(style)
        return path.stem if path.suffix.lower() in {SUFFIX, *READABLE} else path.name
    return "" if style is None else str(getattr(style, "name", "picture"))
