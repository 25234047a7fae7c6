"""Pictures at twice the size, by a small sub-pixel network, tile by tile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from stylex.artifacts.catalog import folder_of_tool
from stylex.artifacts.metadata import UPSCALER
from stylex.errors import InputError, UsageError
from stylex.imaging.arrays import Image
from stylex.imaging.picture import MAX_PIXELS, as_rgb
from stylex.runtime.engine.options import SessionOptions
from stylex.runtime.engine.pictures import run_picture
from stylex.runtime.engine.session import Session
from stylex.runtime.loading import open_best

FACTOR = 2
SIDE = 1024
"""Pixels of a tile that is enlarged at once; some 100 MiB."""

Progress = Callable[[int, int], object]


@dataclass(frozen=True, eq=False)
class Upscaler:
    """The network, ready to enlarge.

    Attributes:
        session: the opened graph.
    """

    session: Session

    @property
    def name(self) -> str:
        """Returns what really runs, for messages."""
        return f"upscaler {self.session.metadata.precision} on {self.session.provider}"

    def close(self) -> None:
        """Frees the graph; a call afterwards is told so."""
        self.session.close()

    def __call__(self, picture: Image, progress: Progress = lambda done, of: None) -> Image:
        """Enlarges a picture.

        The network sees a few pixels around each; tiles are given as many of their neighbours', so that the result is
        that of the whole picture. At the picture's border they are reflected.

        Args:
            picture: RGB uint8 (H, W, 3), from 1x1 up.
            progress: told after every tile: how many are done, and how many there are.

        Returns:
            RGB uint8, FACTOR times as high and wide.

        Raises:
            InputError: what it makes would be too large.
        """
        picture = as_rgb(picture)
        height, width = picture.shape[:2]
        require_room(height, width)
        spec = self.session.metadata.spec
        side, scale = spec.fixed_size or SIDE, spec.scale
        places = [(top, left) for top in range(0, height, side) for left in range(0, width, side)]
        large = np.empty((scale * height, scale * width, 3), np.uint8)
        for done, (top, left) in enumerate(places, 1):
            box = (top, left, min(top + side, height), min(left + side, width))
            made, _ = run_picture(self.session, picture, box)
            large[scale * top : scale * box[2], scale * left : scale * box[3]] = made
            progress(done, len(places))
        return large


def load_upscaler(
    provider: str = "auto",
    graphs: Path | str | None = None,
    threads: int = 0,
    *,
    options: SessionOptions | None = None,
) -> Upscaler:
    """Opens the upscaler, in the precision that is fastest on the provider.

    Args:
        provider: as for `stylex.load`.
        graphs: folder of exported ONNX files; where it has none of the upscaler, with a warning, or by default,
            the embedded ones.
        threads: for the CPU, 0 for all cores; short for `options`.
        options: see `SessionOptions`.

    Raises:
        InputError, ModelError, ProviderUnavailable: as `stylex.load` does.
    """
    folder = folder_of_tool("upscaler", None if graphs is None else Path(graphs))
    chosen = (options or SessionOptions(threads)).auxiliary()
    return Upscaler(open_best("upscaler", "", "auto", provider, folder, chosen, UPSCALER))


def require_room(height: int, width: int, factor: int = FACTOR) -> None:
    """Refuses what can't be enlarged, before any work is done.

    Raises:
        UsageError: by another factor than `FACTOR`.
        InputError: the enlarged picture would have more than `MAX_PIXELS` pixels.
    """
    if factor != FACTOR:
        raise UsageError(f"pictures can't be enlarged {factor} times, only {FACTOR} times", upscale=FACTOR)
    pixels = height * width * factor**2
    if pixels > MAX_PIXELS:
        raise InputError(
            f"{width}x{height} enlarged {factor} times would have {pixels / 1e6:.1f} megapixels; "
            f"the limit is {MAX_PIXELS / 1e6:g}: use a smaller size",
            size=None,
        )


def enlarged_alpha(alpha: Image | None) -> Image | None:
    """Returns an alpha channel (H, W) uint8 at the enlarged size, bicubic."""
    if alpha is None:
        return None
    size = (FACTOR * alpha.shape[1], FACTOR * alpha.shape[0])
    return np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_CUBIC), np.uint8)
