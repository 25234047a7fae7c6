"""From a photo to a painted photo: pad, run the graph, crop."""

from __future__ import annotations

import functools
import os
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import PIL.Image

from stylex.artifacts.catalog import encoder_file
from stylex.artifacts.metadata import STYLE_ENCODER, TRANSFER, GraphMetadata
from stylex.artifacts.style_code import (
    SUFFIX,
    StyleCode,
    built_in,
    built_in_code,
    load_code,
    normalized_weights,
    style_reduction,
    style_sized,
)
from stylex.errors import ModelError, UsageError
from stylex.imaging.arrays import Image, to_floats
from stylex.imaging.color import keep_colors as with_own_colors
from stylex.imaging.color import require_colors
from stylex.imaging.content import visible_of
from stylex.imaging.palette import (
    PaletteMaps,
    amounts_of,
    maps_after,
    maps_before,
    palettes_under,
    recolored,
    shares_of,
)
from stylex.imaging.picture import as_rgb
from stylex.runtime.engine.options import SessionOptions
from stylex.runtime.engine.pictures import painted_size, run_picture
from stylex.runtime.engine.session import Session, open_graph
from stylex.runtime.known_styles import KnownStyles
from stylex.runtime.style_painter import (
    OneStyle,
    Style,
    StylePainter,
    faded,
    mixed,
    no_progress,
    require_strength,
)
from stylex.runtime.tiles import OFF, Painted, Progress, Tile, Tiling, paint_tiles, planned
from stylex.techniques import STRONGEST


@dataclass(eq=False, repr=False)
class Painter(StylePainter):
    """A technique whose ONNX graphs are ready to paint.

    It is safe to call from several threads at once: the style encoder is opened once, behind a lock, and ONNX Runtime's
    sessions may be run side by side.

    Attributes:
        transfer: the opened transfer graph.
        folder: where its style encoder is looked for, once a picture is given as a style.
        options: of its sessions.
    """

    transfer: Session
    folder: Path
    options: SessionOptions = field(default_factory=SessionOptions)
    _encoder: Session | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _known: KnownStyles = field(default_factory=KnownStyles, init=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and other processes load the same graph anew."""
        loaded = self.transfer
        return _reopened, (loaded.path, loaded.sha256, self.provider, self.folder, self.options)

    @property
    def metadata(self) -> GraphMetadata:
        """Returns the metadata of the graph that paints."""
        return self.transfer.metadata

    @property
    def technique(self) -> str:
        """Returns the technique's name."""
        return self.metadata.technique

    @property
    def provider(self) -> str:
        """Returns the execution provider that really runs."""
        return self.transfer.provider

    @property
    def precision(self) -> str:
        """Returns the precision that really runs."""
        return self.transfer.metadata.precision

    @property
    def title(self) -> str:
        """Returns what runs, such as "adain int8 on cpu"."""
        return f"{self.technique} {self.precision} on {self.provider}"

    def __repr__(self) -> str:
        style = self.transfer.metadata.style
        return f"<Painter {self.technique} {style + ' ' if style else ''}{self.precision} on {self.provider}>"

    def paint_rgb(
        self,
        content: Image,
        style: Style | None = None,
        strength: float = 1.0,
        keep_colors: bool = False,
        tile: Tile = OFF,
        progress: Progress = no_progress,
    ) -> Image:
        """Paints RGB uint8 (H, W, 3) and returns the same; arguments and errors are those of a call."""
        require_strength(strength, STRONGEST if self.takes_styles else 1)
        paint = self._in_style if self.takes_styles else self._as_it_is
        painted = paint(content, style, strength, tile=tile, progress=progress)
        return with_own_colors(painted, content) if keep_colors else painted

    @property
    def takes_styles(self) -> bool:
        """Returns whether it paints in any style, rather than in the one of its weights."""
        return self.transfer.metadata.spec.code_size > 0

    @property
    def takes_masks(self) -> bool:
        """Returns whether every place can have a style and a strength of its own."""
        return "masks" in self.transfer.shapes

    @property
    def measures(self) -> bool:
        """Returns whether it measures statistics of the photo, which can be frozen."""
        return "frozen" in self.transfer.shapes

    def prepared(self, style: Style | None) -> Style | None:
        """Returns the style with every picture encoded. Raises as a call does."""
        if style is None or not self.takes_styles:
            return style
        pairs = style if isinstance(style, (list, tuple)) else [(style, 1.0)]
        normalized_weights(pairs)
        return [(self.code(one), weight) for one, weight in pairs]

    def warm_up(self, height: int = 512, width: int = 512) -> None:
        """Paints a black photo of this size, so that the first real one doesn't wait for memory and kernels."""
        size = self.transfer.metadata.spec.style_code_size
        codes = np.zeros((1, size), np.float32) if self.takes_styles else None
        self.paint(np.zeros((height, width, 3), np.uint8), codes)

    def close(self) -> None:
        """Frees the graphs; a call after it raises UsageError."""
        with self._lock:
            for session in filter(None, (self.transfer, self._encoder)):
                session.close()

    def _in_style(self, photo: Image, style: Style | None, strength: float, **tiling: Any) -> Image:
        if style is None:
            raise UsageError(f"{self.transfer.metadata.technique} needs a style: give a built-in name or a picture")
        codes, weights = self.codes(style)
        return self.paint(photo, codes, strength * weights[:, None, None, None], **tiling).picture

    def _as_it_is(self, photo: Image, style: Style | None, strength: float, **tiling: Any) -> Image:
        metadata = self.transfer.metadata
        if style is not None and not (isinstance(style, str) and style == metadata.style):
            raise UsageError(
                f"this painter's one style is {metadata.style!r}: load another with "
                f"stylex.load({metadata.technique!r}, style=...)"
            )
        return mixed(photo, self.paint(photo, **tiling).picture, strength)

    def paint(
        self,
        photo: Image,
        codes: npt.NDArray[np.float32] | None = None,
        masks: npt.NDArray[np.float32] | None = None,
        frozen: npt.NDArray[np.float32] | None = None,
        *,
        tile: Tile = OFF,
        progress: Progress = no_progress,
    ) -> Painted:
        """Runs the transfer graph, on the whole photo or tile by tile.

        Args:
            photo: RGB uint8 (H, W, 3).
            codes: (K, D) float32; none where the weights hold one style.
            masks: (K, 1, h, w) float32 in units of strength; stretched to the graph's 1/8 resolution, so that
                (K, 1, 1, 1) does for the whole picture. None for equal shares of all styles.
            frozen: statistics (1, S) float32 to use instead of the photo's own, from an earlier call.
            tile, progress: as for a call of the painter.

        Returns:
            The picture, RGB uint8 (H, W, 3), and what was measured of the photo, where the graph measures.

        Raises:
            UsageError: codes or masks for a graph whose weights hold one style, or the painter was closed.
            ModelError: the graph fails, or the frozen statistics are of other styles.
            ResourceError: not enough memory.
        """
        if codes is not None and not self.takes_styles:
            raise UsageError(f"the weights of {self.technique} hold one style: give no codes")
        if codes is not None and masks is None:
            masks = np.full((len(codes), 1, 1, 1), 1 / len(codes), np.float32)
        if codes is None or masks is None:
            return self._paint_network(photo, None, None, frozen, tile, progress)
        between = self._between_maps if self.transfer.metadata.spec.palette else self._paint_network
        painted = between(photo, codes, masks, frozen, tile, progress)
        return replace(painted, picture=faded(photo, painted.picture, masks))

    def _between_maps(
        self,
        photo: Image,
        codes: npt.NDArray[np.float32],
        masks: npt.NDArray[np.float32],
        frozen: npt.NDArray[np.float32] | None,
        tile: Tile,
        progress: Progress,
    ) -> Painted:
        """Runs the transfer graph between the maps of palettes; arguments as those of `paint`."""
        codes, styles = np.split(codes, [self.transfer.metadata.spec.code_size], 1)
        amounts = amounts_of(masks)
        if frozen is not None:
            frozen, numbers = np.split(frozen, [self._measured_size], 1)
            maps = PaletteMaps.unpacked(numbers, len(codes))
            mapped = recolored(photo, maps.before, amounts)
            painted = self._paint_network(mapped, codes, masks, frozen, tile, progress)
        else:
            own = palettes_under(photo, amounts)
            before = maps_before(own, styles)
            painted = self._paint_network(recolored(photo, before, amounts), codes, masks, None, tile, progress)
            after = maps_after(own, palettes_under(painted.picture, amounts), styles, amounts)
            maps = PaletteMaps(before, after)
        statistics = painted.statistics
        if statistics is not None:
            statistics = np.concatenate((statistics, maps.packed()), 1)
        return Painted(recolored(painted.picture, maps.after, shares_of(amounts)), statistics)

    @property
    def _measured_size(self) -> int:
        """Returns floats of what the graph measures; the maps of palettes stand behind them."""
        return int(self.transfer.shapes["frozen"][1])

    def _paint_network(
        self,
        photo: Image,
        codes: npt.NDArray[np.float32] | None,
        masks: npt.NDArray[np.float32] | None,
        frozen: npt.NDArray[np.float32] | None,
        tile: Tile,
        progress: Progress,
    ) -> Painted:
        """Runs the transfer graph alone; arguments as those of `paint`."""
        plan = self.tiles(photo, tile)
        if plan is None:
            return self._paint_whole(photo, masks, frozen, codes)
        cells = None if masks is None else self._maps(masks, photo)

        paint = functools.partial(self._paint_whole, codes=codes)
        return Painted(*paint_tiles(paint, plan, self.transfer.metadata.spec, photo, cells, frozen, progress))

    def tiles(self, photo: Image, tile: Tile) -> Tiling | None:
        """Returns how a photo would be cut; None where it would be painted at once. Raises as a call does."""
        return planned(self.transfer.metadata, photo.shape[0], photo.shape[1], tile)

    def _paint_whole(
        self,
        photo: Image,
        masks: npt.NDArray[np.float32] | None,
        frozen: npt.NDArray[np.float32] | None,
        codes: npt.NDArray[np.float32] | None,
    ) -> Painted:
        feed: dict[str, npt.NDArray[Any]] = {}
        if codes is not None and masks is not None:
            feed |= {"codes": np.ascontiguousarray(codes, np.float32), "masks": self._maps(masks, photo)}
        if self.measures:
            freeze = np.full(1, frozen is not None, np.float32)
            none = np.zeros(self.transfer.shapes["frozen"], np.float32)
            feed |= {"frozen": none if frozen is None else frozen, "freeze": freeze}
        picture, measured = run_picture(self.transfer, photo, more=feed)
        return Painted(picture, measured[0] if measured else None)

    def _maps(self, masks: npt.NDArray[np.float32], photo: Image) -> npt.NDArray[np.float32]:
        """Returns masks of all of a photo at the graph's resolution, (K, 1, H'/8, W'/8)."""
        sides = painted_size(self.transfer, *photo.shape[:2])
        cells = [side // self.transfer.metadata.spec.cell for side in sides]
        maps = [cv2.resize(m[0], cells[::-1], interpolation=cv2.INTER_LINEAR) for m in masks]
        return np.stack(maps)[:, None].astype(np.float32)

    def encode(self, style: Image, name: str = "picture") -> StyleCode:
        """Returns the style code of a picture, RGB uint8 (H, W, 3) of any size.

        Raises:
            InputError: every pixel has the same colour, or the style encoder isn't there.
            ModelError: the style encoder has other weights than the painting graph.
            ResourceError: not enough memory for a picture of this size.
            UsageError: the painter was closed.
        """
        require_colors(as_rgb(style), name)
        with self._lock:
            encoder = self._encoder = self._encoder or self._open_encoder()
        metadata = encoder.metadata
        sized = style_sized(as_rgb(style), metadata.spec.fixed_size)
        values = encoder.run(style=to_floats(sized))[0][0]
        return StyleCode(name, values.astype(np.float32), metadata.technique, metadata.weights_sha256)

    def _open_encoder(self) -> Session:
        metadata = self.transfer.metadata
        path = encoder_file(metadata.technique, self.folder)
        encoder = open_graph(path, self.provider, options=self.options.auxiliary()).require_role(STYLE_ENCODER)
        if encoder.metadata.weights_sha256 != metadata.weights_sha256:
            raise ModelError(f"{encoder.path} and {self.transfer.path} have different weights: export both again")
        return encoder

    def code(self, style: OneStyle) -> StyleCode:
        """Returns the style code of anything that names one style. Raises as a call of the painter does."""
        found, metadata = self._found(style), self.transfer.metadata
        found.check_fits(metadata.technique, metadata.weights_sha256, metadata.spec.style_code_size)
        return found

    def _found(self, style: OneStyle) -> StyleCode:
        if isinstance(style, StyleCode):
            return style
        if isinstance(style, (np.ndarray, PIL.Image.Image, bytes)):
            return self._known.code(style, lambda: self.encode(visible_of(style, "the style", style_reduction)))
        if not isinstance(style, (str, Path)):
            raise UsageError(
                f"a style can't be a {type(style).__name__}: give a built-in name, a path, a picture of numpy's or "
                "Pillow's, a StyleCode, or a list of (style, weight) pairs"
            )
        path, technique = Path(style), self.transfer.metadata.technique
        if isinstance(style, str) and not path.suffix and style in built_in(technique):
            return built_in_code(style, technique)
        if path.suffix == SUFFIX:
            return load_code(path)
        if isinstance(style, Path) or path.suffix or os.path.exists(path):  # noqa: PTH110 - Path.exists may raise
            return self._known.code(path, lambda: self.encode(visible_of(path, str(path), style_reduction), path.stem))
        return built_in_code(style, technique)

    def codes(self, style: Style) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Returns codes (K, D) and weights (K,) that add up to 1. Raises as a call of the painter does."""
        if not isinstance(style, (list, tuple)):
            return self.code(style).values[None], np.ones(1, np.float32)
        weights = normalized_weights(style)
        return np.stack([self.code(one).values for one, _ in style]), weights


def _reopened(path: Path, sha256: str, provider: str, folder: Path, options: SessionOptions) -> Painter:
    """Returns the painter of a graph that another one of this machine has loaded.

    Raises:
        ModelError: the file has become another one.
    """
    session = open_graph(path, provider, options=options)
    if session.sha256 != sha256:
        raise ModelError(f"{path} has become another file since it was loaded: load it again in every process")
    return Painter(session.require_role(TRANSFER), folder, options)
