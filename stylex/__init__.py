"""stylex: neural style transfer from PyTorch to the edge.

import stylex

painter = stylex.load("adain")
painted = painter(photo, style="starry-night")  # uint8 RGB (H, W, 3) in, the same out
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from stylex._version import __version__

if TYPE_CHECKING:
    from stylex.artifacts.style_code import StyleCode as StyleCode
    from stylex.errors import StylexError as StylexError
    from stylex.runtime.loading import load as load
    from stylex.runtime.painter import Painter as Painter

__all__ = ["Painter", "StyleCode", "StylexError", "__version__", "load"]

_HOMES = {
    "Painter": "stylex.runtime.painter",
    "StyleCode": "stylex.artifacts.style_code",
    "StylexError": "stylex.errors",
    "load": "stylex.runtime.loading",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'stylex' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
