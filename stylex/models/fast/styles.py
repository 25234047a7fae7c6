"""The style that a single-style network is trained on: a picture, a code of AdaIN, or both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from stylex.artifacts.catalog import require_name
from stylex.artifacts.style_code import SUFFIX, built_in, load_code, style_reduction, style_sized
from stylex.imaging.arrays import shrunk, to_floats
from stylex.imaging.color import require_colors
from stylex.imaging.content import visible_of
from stylex.imaging.sizes import PALETTE_SIZE
from stylex.models.adain.network import AdaIN

SHORT_SIDE = 384
"""Pixels that a style picture's shorter side is reduced to: strokes are learnt at this scale."""


@dataclass(frozen=True)
class Style:
    """A style to train on.

    Attributes:
        name: of the style.
        work: artist, title, year; may be empty.
        picture: RGB (H, W, 3) uint8, or None where only the code is known.
        code: AdaIN's code of it (D + 9,), or None to train from scratch.
    """

    name: str
    work: str = ""
    picture: npt.NDArray[np.uint8] | None = None
    code: Tensor | None = None


def picture_style(path: Path, name: str = "", adain: AdaIN | None = None) -> Style:
    """Returns a picture's style; with the code that AdaIN makes of it, if that is given.

    Raises:
        InputError: the picture can't be read or has one colour only.
        UsageError: its name can't be part of a file's name.
    """
    picture = visible_of(path, str(path), style_reduction)
    require_colors(picture, str(path))
    code = None
    if adain is not None:
        with torch.no_grad():
            code = adain.encode(torch.from_numpy(to_floats(style_sized(picture))))[0]
    return Style(require_name(name or path.stem), "", shrunk(picture, SHORT_SIDE), code)


def code_style(given: str, name: str, adain: AdaIN, weights_sha256: str) -> Style:
    """Returns a built-in style, a .style file or a picture, with its code.

    Raises:
        InputError: a file can't be read or used.
        ModelError: the code belongs to other weights.
        UsageError: the name can't be part of a file's name.
    """
    known = built_in("adain").get(given)
    if known is None and not given.endswith(SUFFIX):
        return picture_style(Path(given), name, adain)
    code = known or load_code(given)
    code.check_fits("adain", weights_sha256, adain.code_size + PALETTE_SIZE)
    return Style(require_name(name or code.name), code.work, None, torch.from_numpy(code.values))
