"""Weights to checked ONNX files. The package can be called: `stylex.export("adain", precision="int8")`."""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any

from stylex.installation import explained_imports


class _Callable(types.ModuleType):
    """This package; its name in `stylex` is also the name of a function, which stands above it in the order."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Exports a technique; see `stylex.api.exporting.export`."""
        with explained_imports():
            return importlib.import_module("stylex.api.exporting").export(*arguments, **options)


sys.modules[__name__].__class__ = _Callable
