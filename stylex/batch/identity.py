"""Digests of styles and options: a painting made with another style or another option has another digest."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stylex._version import __version__
from stylex.api.prepared import Prepared
from stylex.artifacts.style_code import StyleCode, normalized_weights
from stylex.files import sha256_of
from stylex.runtime.engine.session import ForeignSession

DIGITS = 16
WITHOUT_EFFECT = frozenset({"threads", "options", "folder", "graphs", "on_step"})
"""Fields of painters that don't change a pixel: where graphs lie and how fast they run."""


def digest_of(prepared: Prepared) -> str:
    """Returns the digest of all that decides on the pixels but the photo: version, graphs, styles and options."""
    style = prepared.style
    if isinstance(style, list):  # of (style, weight): only the shares count
        ones, weights = [one for one, _ in style], normalized_weights(style)
        style = [ones, [f"{weight:.6f}" for weight in weights]]
    made = [__version__, identity(dataclasses.replace(prepared, style=style))]
    text = json.dumps(made, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def identity(value: Any) -> Any:
    """Returns a value as JSON has it, files and arrays by their content.

    Of an object of an unknown kind, such as a segmenter of the caller's own, only the class is known.
    """
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, ForeignSession):
        return value.sha256
    if isinstance(value, StyleCode):  # the same style may be called otherwise
        return identity(value.values)
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, np.ndarray):
        return [str(value.dtype), *value.shape, identity(np.ascontiguousarray(value).tobytes())]
    if isinstance(value, (str, Path)):
        return sha256_of(value) if os.path.isfile(value) else str(value)
    if isinstance(value, Mapping):
        return {str(name): identity(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [identity(one) for one in value]
    kind = type(value).__qualname__
    if not dataclasses.is_dataclass(value):
        return kind
    names = [field.name for field in dataclasses.fields(value) if field.init and field.name not in WITHOUT_EFFECT]
    return {"": kind, **{name: identity(getattr(value, name)) for name in names}}
