"""Remembers the codes of the last few style pictures, as long as they stay the same."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image

from stylex.artifacts.style_code import StyleCode

MOST = 8
"""Codes that are remembered at a time."""


class KnownStyles:
    """Codes by what they were made of; safe to use from several threads."""

    def __init__(self) -> None:
        self._codes: OrderedDict[tuple[object, ...], StyleCode] = OrderedDict()
        self._lock = threading.Lock()

    def code(self, style: object, encode: Callable[[], StyleCode]) -> StyleCode:
        """Returns the code of a picture, or of a file that holds one; `encode` makes it where it isn't known yet."""
        key = _identity(style)
        if key is None:
            return encode()
        with self._lock:
            if key in self._codes:
                self._codes.move_to_end(key)
                return self._codes[key]
        code = encode()
        with self._lock:
            self._codes[key] = code
            while len(self._codes) > MOST:
                self._codes.popitem(last=False)
        return code


def _identity(style: object) -> tuple[object, ...] | None:
    """Returns what tells a picture apart: a file's place, size and time of change, else a digest of what it holds."""
    if isinstance(style, Path):
        try:
            found = style.stat()
        except OSError:
            return None
        return str(style), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
    if isinstance(style, bytes):
        return "bytes", _digest(style)
    if isinstance(style, np.ndarray):
        return "array", style.shape, style.dtype.str, _digest(np.ascontiguousarray(style).tobytes())
    if isinstance(style, PIL.Image.Image):
        profile = style.info.get("icc_profile")
        return "Pillow", style.mode, style.size, profile, _digest(style.tobytes())
    return None


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()
