"""The technique `video`: frames in a row, painted steadily, with the graphs of another technique."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylex.imaging.arrays import Image
from stylex.runtime.guided_painter import GuidedPainter
from stylex.runtime.painter import Painter
from stylex.runtime.tiles import Progress, Tile
from stylex.runtime.video.stylizer import EVERY, STATISTICS, PreparedStyle, Stylizer, prepare_style

if TYPE_CHECKING:
    from stylex.runtime.video.film import FilmReport
    from stylex.runtime.video.messages import Excerpt, StreamInfo


@dataclass(eq=False, repr=False)
class FilmPainter(GuidedPainter):
    """Paints films, and pictures that are given to it one after the other as frames of one.

    Unlike other painters it remembers the last frame: calls from several threads are painted one after the other.

    Attributes:
        base: paints the frames.
        temporal: "off", "statistics" or "flow", see `Stylizer`.
        keyframes: frames from one keyframe to the next; 0 for only where the picture has become another.
    """

    base: Painter
    temporal: str = STATISTICS
    keyframes: int = EVERY
    _last: tuple[Any, Stylizer] | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def technique(self) -> str:
        """Returns the technique's name."""
        return "video"

    @property
    def takes_styles(self) -> bool:
        """Returns whether it paints in arbitrary styles, rather than in the one of its weights."""
        return self.base.takes_styles

    def paint_rgb(
        self, content: Image, style: Any, strength: float, keep_colors: bool, tile: Tile, progress: Progress
    ) -> Image:
        """Paints the next frame, RGB uint8 (H, W, 3); a frame in another style begins a film anew."""
        with self._lock:
            key = (id(style), strength, keep_colors)
            if self._last is None or self._last[0][:3] != key:
                self._last = (
                    (*key, style),
                    self.stylizer(style, strength, keep_colors),
                )  # kept, so that no other has its id
            return self._last[1](content)

    def stylizer(self, style: Any = None, strength: float = 1.0, keep_colors: bool = False, name: str = "") -> Stylizer:
        """Returns what paints the frames of one film. Raises as a call does."""
        chosen: PreparedStyle = prepare_style(self.base, style, name)
        return Stylizer(chosen, strength, keep_colors, self.temporal, self.keyframes)

    def film(
        self,
        film: Path | str,
        output: Path | str,
        style: Any = None,
        strength: float = 1.0,
        keep_colors: bool = False,
        *,
        name: str = "",
        excerpt: Excerpt | None = None,
        size: int | None = None,
        crf: int | None = None,
        progress: Callable[[int, StreamInfo], object] = lambda _count, _info: None,
        sound: bool = True,
    ) -> FilmReport:
        """Paints a film; see `stylex.stylize_film`."""
        from stylex.runtime.video.film import paint_film
        from stylex.runtime.video.writer import CRF

        stylizer = self.stylizer(style, strength, keep_colors, name)
        return paint_film(film, output, stylizer, excerpt, size, CRF if crf is None else crf, progress, sound)

    def prepared(self, style: Any) -> Any:
        """Returns the style with every picture encoded. Raises as a call does."""
        return self.base.prepared(style)
