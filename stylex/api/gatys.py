"""`gatys` as a painter: optimization of the pixels, with the face of the other techniques."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from stylex.errors import InputError, Interrupted, MissingPackage
from stylex.imaging.arrays import Image
from stylex.imaging.color import keep_colors as with_own_colors
from stylex.runtime.style_painter import StylePainter, made_anew, mixed, require_strength, style_pictures
from stylex.runtime.tiles import Progress, Tile

if TYPE_CHECKING:
    from stylex.models.reference.gatys import Gatys, GatysSettings, Painting, Step


@dataclass(eq=False, repr=False)
class GatysPainter(StylePainter):
    """Optimization of the pixels, in torch; its styles are pictures.

    Attributes:
        encoder: "slim", the embedded network, or "vgg19", which is downloaded once (548 MB).
        optimizer: "adam" or "lbfgs".
        style_loss: "wasserstein" or "gram".
        style_weight, content_weight, variation, iterations: None for the default, see `GatysSettings`.
        threads: of torch, for the whole process while it paints; 0 for all cores.
        on_step: is called after every iteration with a `Step`, whose picture is finished as the result will be.

    Raises:
        MissingPackage: torch isn't installed.
    """

    encoder: str = "slim"
    optimizer: str | None = None
    style_loss: str | None = None
    style_weight: float | None = None
    content_weight: float | None = None
    variation: float | None = None
    iterations: int | None = None
    threads: int = 0
    on_step: Callable[[Step], object] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _network: tuple[Any, str] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        try:
            import torch  # noqa: F401 - whether it is there
        except ImportError:
            raise MissingPackage("torch", "export") from None

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and other processes get the options, and open the encoder anew."""
        return made_anew(self)

    @property
    def technique(self) -> str:
        """Returns the technique's name."""
        return "gatys"

    @property
    def title(self) -> str:
        """Returns the technique and its encoder."""
        return f"gatys with {self.encoder}"

    @property
    def settings(self) -> GatysSettings:
        """Returns what was asked for, with the defaults for the rest."""
        from stylex.models.reference.gatys import GatysSettings

        names = ("iterations", "style_weight", "content_weight", "variation", "optimizer")
        wanted = {name: getattr(self, name) for name in names} | {"loss": self.style_loss}
        return replace(GatysSettings(), **{name: value for name, value in wanted.items() if value is not None})

    def paint_rgb(
        self, content: Image, style: Any, strength: float, keep_colors: bool, tile: Tile, progress: Progress
    ) -> Image:
        """Paints RGB uint8 (H, W, 3), from 16x16 up, and returns the same; `progress` is told after every iteration.

        Raises:
            UsageError, InputError, ModelError: as a call does.
            Interrupted: Ctrl-C came before the last iteration; `painting` returns what there is instead.
        """
        painted = self.painting(content, style, strength, keep_colors, progress)
        if painted.stopped:
            raise Interrupted(f"stopped after {painted.done} of {self.settings.iterations} iterations")
        return painted.picture

    def painting(self, photo: Image, style: Any, strength: float, keep_colors: bool, progress: Progress) -> Painting:
        """Paints likewise; Ctrl-C ends the work with what there is."""
        from stylex.models.reference.pixels import SMALLEST
        from stylex.models.threads import torch_threads

        require_strength(strength)
        height, width = photo.shape[:2]
        if min(height, width) < SMALLEST:  # before anything is downloaded
            needed = f"gatys needs {SMALLEST}x{SMALLEST}: give a larger one"
            raise InputError(f"the photo is {width}x{height}; {needed}", size=None)
        styles, settings = style_pictures(style, self.technique), self.settings

        def finished(painted: Image) -> Image:
            whole = mixed(photo, painted, strength)
            return with_own_colors(whole, photo) if keep_colors else whole

        def tell(step: Step) -> None:
            progress(step.done, settings.iterations)
            if self.on_step:
                self.on_step(replace(step, picture=functools.partial(_picture_of, step, finished)))

        with torch_threads(self.threads):
            found = self._opened()(photo, styles, tell)
        return replace(found, picture=finished(found.picture))

    def _opened(self) -> Gatys:
        from stylex.models.encoders.opening import opened
        from stylex.models.reference.gatys import Gatys

        with self._lock:
            network, layer = self._network = self._network or opened(self.encoder)
        return Gatys(network, layer, self.settings)

    def prepared(self, style: Any) -> Any:
        """Returns the style's pictures, read. Raises as a call does."""
        return style_pictures(style, self.technique)


def _picture_of(step: Step, finished: Callable[[Image], Image]) -> Image:
    return finished(step.picture())
