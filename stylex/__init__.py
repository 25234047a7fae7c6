"""stylex: neural style transfer from PyTorch to the edge.

import stylex

painted = stylex.stylize(photo, "adain", "starry-night")  # an array, a picture of Pillow's or a path in; the same out
painter = stylex.load("adain")  # once, for many photos
painted = painter(photo, style="starry-night")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from stylex._version import __version__

if TYPE_CHECKING:
    from stylex.api.bench import bench as bench
    from stylex.api.exporting import export as export
    from stylex.api.film import stylize_film as stylize_film
    from stylex.api.loading import load as load
    from stylex.api.refining import Refinement as Refinement
    from stylex.api.refining import refine as refine
    from stylex.api.result import Result as Result
    from stylex.api.sheet import contact_sheet as contact_sheet
    from stylex.api.stylize import stylize as stylize
    from stylex.api.training import train as train
    from stylex.artifacts.style_code import StyleCode as StyleCode
    from stylex.batch.batch import stylize_batch as stylize_batch
    from stylex.batch.folder import stylize_folder as stylize_folder
    from stylex.errors import CheckFailed as CheckFailed
    from stylex.errors import InputError as InputError
    from stylex.errors import Interrupted as Interrupted
    from stylex.errors import MissingPackage as MissingPackage
    from stylex.errors import ModelError as ModelError
    from stylex.errors import ProviderUnavailable as ProviderUnavailable
    from stylex.errors import ResourceError as ResourceError
    from stylex.errors import StylexError as StylexError
    from stylex.errors import UsageError as UsageError
    from stylex.runtime.engine.options import SessionOptions as SessionOptions
    from stylex.runtime.painter import Painter as Painter
    from stylex.runtime.semantic.regions import Region as Region
    from stylex.runtime.style_painter import StylePainter as StylePainter

_HOMES = {
    "Painter": "stylex.runtime.painter",
    "Refinement": "stylex.api.refining",
    "Region": "stylex.runtime.semantic.regions",
    "Result": "stylex.api.result",
    "SessionOptions": "stylex.runtime.engine.options",
    "StyleCode": "stylex.artifacts.style_code",
    "StylePainter": "stylex.runtime.style_painter",
    "bench": "stylex.api.bench",
    "contact_sheet": "stylex.api.sheet",
    "load": "stylex.api.loading",
    "refine": "stylex.api.refining",
    "stylize": "stylex.api.stylize",
    "stylize_batch": "stylex.batch.batch",
    "stylize_film": "stylex.api.film",
    "stylize_folder": "stylex.batch.folder",
    "train": "stylex.api.training",
}
_ERRORS = (
    "CheckFailed",
    "InputError",
    "Interrupted",
    "MissingPackage",
    "ModelError",
    "ProviderUnavailable",
    "ResourceError",
    "StylexError",
    "UsageError",
)

__all__ = [
    "CheckFailed",
    "InputError",
    "Interrupted",
    "MissingPackage",
    "ModelError",
    "Painter",
    "ProviderUnavailable",
    "Region",
    "ResourceError",
    "Result",
    "SessionOptions",
    "StyleCode",
    "StylePainter",
    "StylexError",
    "UsageError",
    "__version__",
    "bench",
    "contact_sheet",
    "export",
    "load",
    "stylize",
    "stylize_batch",
    "stylize_film",
    "stylize_folder",
    "train",
]


def __getattr__(name: str) -> Any:
    if name == "export":  # a package that can be called
        return importlib.import_module("stylex.export")
    home = "stylex.errors" if name in _ERRORS else _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'stylex' has no attribute {name!r}")
    from stylex.installation import explained_imports

    with explained_imports():
        return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
