"""Pillow without its warnings, in any number of threads, and without its or libtiff's lines; OpenCV without its log."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import PIL

logging.getLogger("PIL").addHandler(logging.NullHandler())  # where nobody listens, Python would print errors


class _Shared:
    """One suppression for all threads.

    `warnings.catch_warnings` changes the filters of the whole process. Where two threads leave in the order in which
    they came, the second one restores what the first had set, for good. So the first to come sets the filter, and the
    last to leave takes it back.
    """

    def __init__(self) -> None:
        self.lock, self.inside = threading.Lock(), 0
        self.filters: contextlib.ExitStack | None = None

    def enter(self) -> None:
        with self.lock:
            self.inside += 1
            if self.filters is None:
                self.filters = contextlib.ExitStack()
                self.filters.enter_context(_ignored())

    def leave(self) -> None:
        with self.lock:
            self.inside -= 1
            if not self.inside and self.filters is not None:
                self.filters.close()
                self.filters = None


_SHARED = _Shared()


@contextlib.contextmanager
def without_warnings() -> Iterator[None]:
    """Ignores the warnings of Pillow, and only those: other threads may go on warning of other things."""
    if getattr(sys.flags, "context_aware_warnings", False):  # then Python itself keeps threads apart
        with _ignored():
            yield
        return
    _SHARED.enter()
    try:
        yield
    finally:
        _SHARED.leave()


@functools.cache
def silence_libtiff() -> None:
    """Takes away the error handler of Pillow's libtiff, which prints lines of its own about damaged files.

    Pillow raises an error for them all the same. Nothing happens where the library isn't found, as on Windows, where it
    is a part of Pillow.
    """
    place = Path(PIL.__file__).parent
    bundled = (*place.parent.glob("pillow.libs/libtiff*"), *place.glob(".dylibs/libtiff*"))
    for name in (*map(str, bundled), "libtiff.so.6", "libtiff.so.5"):
        with contextlib.suppress(OSError, AttributeError):  # isn't loaded, or there are no such flags
            ctypes.CDLL(name, mode=os.RTLD_NOLOAD | os.RTLD_LAZY).TIFFSetErrorHandler(None)


LOG: Any = getattr(cv2.utils, "logging", cv2)
"""Where OpenCV has the functions of its log: in a module of their own from 4.13 on."""
SILENT = 0
"""LOG_LEVEL_SILENT."""


@contextlib.contextmanager
def _ignored() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def decoded_by_opencv(data: bytes) -> npt.NDArray[Any] | None:
    """Returns a picture as OpenCV decodes it, with all bits and in its order of channels; None where it can't."""
    before = LOG.setLogLevel(SILENT)
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:  # more pixels than its own limit
        return None
    finally:
        LOG.setLogLevel(before)
