"""Style codes: the few KB that one picture's style comes down to; built-in, in files, averaged."""

from __future__ import annotations

import difflib
import functools
import io
import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from stylex.artifacts.catalog import styles_file
from stylex.errors import InputError, ModelError, ResourceError, UsageError
from stylex.files import write_bytes, write_json
from stylex.filetypes import explanation, head_of
from stylex.imaging.arrays import Image
from stylex.imaging.sizes import shorter_side
from stylex.techniques import DEFAULT

FORMAT = "stylex-style/1"
SUFFIX = ".style"
STYLE_SIDE = 512
"""A style picture's shorter side is reduced to this many pixels before it is encoded."""
SMALLEST_STYLE, LONGEST_STYLE = 64, 8 * STYLE_SIDE


@dataclass(frozen=True, eq=False)
class StyleCode:
    """One style, as the transfer graph takes it.

    Attributes:
        name: of the style.
        values: (D,) float32, sigma and beta of every modulation site.
        technique: whose encoder made it.
        weights_sha256: of the weights that it fits.
        work: artist, title and year of the picture, where known.
    """

    name: str
    values: npt.NDArray[np.float32]
    technique: str
    weights_sha256: str
    work: str = ""

    def to_json(self) -> dict[str, Any]:
        """Returns the code as it stands in a file; nine digits are all that a float32 has."""
        values = [float(f"{v:.9g}") for v in self.values]
        header = {"format": FORMAT, "name": self.name, "work": self.work, "technique": self.technique}
        return {**header, "weights_sha256": self.weights_sha256, "values": values}

    @classmethod
    def from_json(cls, data: Any, source: str) -> StyleCode:
        """Reads a code back.

        Raises:
            InputError: it isn't a style code, or its values are no numbers.
        """
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise InputError(
                f"{source} is not a style code ({FORMAT}): make one with `stylex styles encode PICTURE -o FILE`"
            )
        try:
            values = np.asarray(data["values"], np.float32)
            code = cls(
                str(data["name"]),
                values,
                str(data["technique"]),
                str(data["weights_sha256"]),
                str(data.get("work", "")),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"the style code {source} is damaged ({error}): encode its picture again") from error
        if values.ndim != 1 or not np.isfinite(values).all():
            raise InputError(
                f"the style code {source} is damaged (values must be finite numbers): encode its picture again"
            )
        return code

    def check_fits(self, technique: str, weights_sha256: str, size: int) -> None:
        """Raises ModelError unless the code was made for these weights and has `size` values."""
        if (self.technique, self.weights_sha256) != (technique, weights_sha256):
            raise ModelError(
                f"the style code {self.name!r} was made for other weights of {self.technique} than this {technique} "
                "graph has: give its picture instead, or encode it again"
            )
        if self.values.shape != (size,):
            raise ModelError(
                f"the style code {self.name!r} has values of shape {self.values.shape}, this {technique} graph takes "
                f"({size},): encode its picture again"
            )


def save_code(code: StyleCode, path: Path | str) -> None:
    """Writes a code to a file. Raises as `stylex.files.written_aside` does."""
    write_json(path, code.to_json())


def load_code(path: Path | str) -> StyleCode:
    """Reads a code from a file.

    Raises:
        InputError: missing, or not a style code.
    """
    path = Path(path)
    if not os.path.isfile(path):  # a pipe would wait for its other end
        raise InputError(f"the style code {path} is not a file: check the name and the folder")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"the style code {path} can't be read ({error.strerror}): check its permissions") from error
    except (ValueError, RecursionError) as error:
        encode = "make one with `stylex styles encode PICTURE -o FILE`"
        message = explanation(head_of(path), encode, ("a JSON file",)) or f"is not a style code: {encode}"
        raise InputError(f"{path} {message}") from error
    return StyleCode.from_json(data, str(path))


@functools.cache
def built_in(technique: str) -> dict[str, StyleCode]:
    """Returns the styles that come with the package for a technique, by name; none for one that it has no codes of.

    Raises:
        ResourceError: their file is damaged.
    """
    path = styles_file(technique)
    if not path.exists():
        return {}
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            values, weights_sha256 = file["values"].astype(np.float32), str(file["weights_sha256"])
            named = zip(map(str, file["names"]), map(str, file["works"]), values, strict=True)
            return {name: StyleCode(name, code, technique, weights_sha256, work) for name, work, code in named}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ResourceError(f"{path} is damaged: install stylex again") from error


def save_built_in(codes: Sequence[StyleCode]) -> None:
    """Writes the styles that come with the package for one technique, in half precision."""
    names, works = np.array([c.name for c in codes]), np.array([c.work for c in codes])
    values, weights = np.stack([c.values for c in codes]).astype(np.float16), np.array(codes[0].weights_sha256)
    data = io.BytesIO()
    np.savez_compressed(data, names=names, works=works, values=values, weights_sha256=weights)
    write_bytes(styles_file(codes[0].technique), data.getvalue())


def built_in_code(name: str, technique: str = DEFAULT) -> StyleCode:
    """Returns one of the built-in styles.

    Raises:
        UsageError: no such style; names the ones that exist.
    """
    styles = built_in(technique)
    if not styles:
        raise UsageError(
            f"{name!r} is no file, and {technique} comes without built-in styles: give a picture", style=None
        )
    if name not in styles:
        near = difflib.get_close_matches(name, styles, 1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        known = ", ".join(sorted(styles))
        raise UsageError(f"{name!r} is neither a file nor a built-in style{meant}; built-in are {known}")
    return styles[name]


def require_built_in(name: str, technique: str) -> None:
    """Refuses a name that is no built-in style, where a server must look for no file of that name.

    Raises:
        UsageError: it is none; names the ones that exist.
    """
    known = built_in(technique)
    if name not in known:
        raise UsageError(f"{name!r} is no built-in style: choose {', '.join(sorted(known))}", style=None)


def normalized_weights(styles: Sequence[Any]) -> npt.NDArray[np.float32]:
    """Returns the weights of (style, weight) pairs, (K,), scaled to add up to 1.

    Raises:
        UsageError: no pairs, or weights that are no numbers, below 0, or all 0.
    """
    if not styles:
        raise UsageError("the list of styles is empty: give at least one (style, weight)")
    for pair in styles:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise UsageError(
                "a list of styles holds (style, weight) pairs, such as [('irises', 2), ('deluge', 1)]; "
                f"this one holds a {type(pair).__name__}"
            )
    given = [weight for _, weight in styles]
    try:
        weights = np.array([float(weight) for weight in given])
    except (TypeError, ValueError, OverflowError):
        weights = np.array([np.nan])
    if not np.isfinite(weights).all() or (weights < 0).any() or weights.max() <= 0:
        raise UsageError(f"style weights are {given}; they must be numbers, 0 or more, and not all 0")
    weights /= weights.max()  # so that the sum can't overflow
    return np.asarray(weights / weights.sum(), np.float32)


style_reduction = shorter_side(STYLE_SIDE)
"""Reduces a style picture while it is decoded, so that large files are decoded small."""


def style_sized(style: Image, fixed: int | None = None) -> Image:
    """Reduces a style picture to `STYLE_SIDE`, enlarges one below `SMALLEST_STYLE`, squeezes one that is very long.

    Where the encoder takes one size alone, all of the picture is brought to it.
    """
    short = min(style.shape[:2])
    scale = min(1.0, STYLE_SIDE / short) if short >= SMALLEST_STYLE else SMALLEST_STYLE / short
    height, width = (min(max(SMALLEST_STYLE, round(side * scale)), LONGEST_STYLE) for side in style.shape[:2])
    if fixed is not None:
        scale, height, width = fixed / short, fixed, fixed
    if (height, width) == style.shape[:2]:
        return style
    method = cv2.INTER_AREA if scale <= 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(style, (width, height), interpolation=method), np.uint8)
