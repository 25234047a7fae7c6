"""Frame in, painted frame out: what keeps a film steady, without any film."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from stylex.errors import UsageError
from stylex.imaging.arrays import Image
from stylex.imaging.color import keep_colors
from stylex.runtime.painter import Painter
from stylex.runtime.style_painter import FADED_BELOW, Style, mixed
from stylex.runtime.video.flow import motion, small_grey, warped
from stylex.runtime.video.keyframes import Keyframe, KeyframeFinder
from stylex.techniques import STRONGEST
from stylex.techniques.options import KEYFRAMES, TEMPORAL

MODES = OFF, STATISTICS, FLOW = TEMPORAL.choices
Temporal: TypeAlias = Literal["off", "statistics", "flow"]
EVERY: int = KEYFRAMES.default
"""Frames from one keyframe to the next."""
QUICK = 6
"""Frames in which the statistics follow where the picture has become another."""
KEPT = 0.8
"""Share of the last painted frame, warped, where the flow can be trusted."""


@dataclass(frozen=True, eq=False)
class PreparedStyle:
    """A painter with an encoded style that it paints in.

    Attributes:
        name: of the style.
        painter: the technique.
        codes, weights: (K, D) and (K,) float32, of the style; None where the painter's weights hold it.
    """

    name: str
    painter: Painter
    codes: npt.NDArray[np.float32] | None = None
    weights: npt.NDArray[np.float32] | None = None

    @property
    def strongest(self) -> float:
        """Returns the largest strength."""
        return STRONGEST if self.codes is not None else 1.0


def prepare_style(painter: Painter, style: Style | None = None, name: str = "") -> PreparedStyle:
    """Encodes a style once for a painter.

    Raises:
        UsageError, InputError: as a call of the painter does.
    """
    if not painter.takes_styles:
        return PreparedStyle(painter.metadata.style, painter)
    if style is None:
        raise UsageError(f"{painter.technique} needs a style: give a built-in name or a picture")
    return PreparedStyle(name or str(style), painter, *painter.codes(style))


look = prepare_style
"""The same under the name that it had first, by which programs import it."""


class StatisticsInterpolator:
    """Interpolates content statistics towards newly measured ones in small steps, so that no jump is seen."""

    def __init__(self, measured: npt.NDArray[np.float32]) -> None:
        self.value = self._target = measured
        self._left = 0

    def aim(self, measured: npt.NDArray[np.float32], frames: int) -> None:
        """Sets the statistics to reach in so many frames."""
        self._target, self._left = measured, frames

    def step(self) -> npt.NDArray[np.float32]:
        """Returns the statistics of the next frame."""
        if self._left:
            self.value = self.value + (self._target - self.value) / np.float32(self._left)
            self._left -= 1
        return self.value


class Stylizer:
    """Paints one frame after the other.

    - `off`: each frame alone.
    - `statistics`: the content statistics are measured on a shot's first frame and then frozen, so that a thing that
      moves through the picture doesn't change the paint on everything else; at keyframes they are measured again.
    - `flow`: as well, and the last painted frame is warped along the optical flow of the film and mixed in, except
      where something is newly seen.

    Args:
        style: painter and style; may be changed between frames, as may `strength` and `temporal`.
        strength: as in `Painter`.
        keep_colors: take only the strokes, not the colours.
        temporal: one of `MODES`.
        every: frames from one keyframe to the next; 0 for only where the picture has become another.

    Raises:
        UsageError: strength, mode or number of frames out of range.
    """

    def __init__(
        self,
        style: PreparedStyle,
        strength: float = 1.0,
        keep_colors: bool = False,
        temporal: str = STATISTICS,
        every: int = EVERY,
    ) -> None:
        if temporal not in MODES:
            raise UsageError(f"the temporal mode is {temporal!r}; choose {', '.join(MODES)}")
        if not 0 <= strength <= style.strongest:
            raise UsageError(f"strength is {strength}; it must lie between 0 and {style.strongest:g}")
        if every < 0:
            raise UsageError(f"keyframes every {every} frames make no sense: give 0 or more")
        self.style, self.strength, self.keep_colors, self.temporal = style, strength, keep_colors, temporal
        self.shots = 0
        self._finder = KeyframeFinder(every)
        self.reset()

    def reset(self) -> None:
        """Forgets what was painted: the next frame begins a shot."""
        self._finder.reset()
        self._state: tuple[object, ...] = ()
        self._interpolator: StatisticsInterpolator | None = None
        self._grey: npt.NDArray[np.uint8] | None = None
        self._painted: Image | None = None

    @property
    def runs(self) -> str:
        """Returns the mode that really runs: a painter that measures no statistics has none to freeze."""
        return OFF if self.temporal == STATISTICS and not self.style.painter.measures else self.temporal

    @property
    def notice(self) -> str:
        """Returns what the user should know of the mode; empty for nothing."""
        if self.temporal == OFF or self.style.painter.measures:
            return ""
        name = self.style.painter.technique
        if self.temporal == STATISTICS:
            return f"{name} has no statistics that could be frozen: every frame is painted alone; flow works with it"
        return f"{name} has no statistics that could be frozen: only the flow steadies it"

    def __call__(self, frame: Image) -> Image:
        """Paints the next frame, RGB uint8 (H, W, 3)."""
        state = (frame.shape, id(self.style), self.strength, self.temporal)
        if state != self._state:
            self.reset()
            self._state = state
        keyframe = self._finder(frame)
        self.shots += keyframe is Keyframe.CUT
        painted = self._paint(frame, keyframe)
        if self.temporal == FLOW:
            painted = self._steadied(frame, painted, keyframe)
        if self.style.codes is None:
            painted = mixed(frame, painted, self.strength)
        return keep_colors(painted, frame) if self.keep_colors else painted

    def _paint(self, frame: Image, keyframe: Keyframe) -> Image:
        if self.runs == OFF or not self.style.painter.measures:
            return self._run(frame)[0]
        if keyframe in (Keyframe.CUT, Keyframe.SUDDEN) or self._interpolator is None:
            picture, measured = self._run(frame)
            assert measured is not None
            self._interpolator = StatisticsInterpolator(measured)
            return picture
        if keyframe is not Keyframe.NONE:
            measured = self._run(frame)[1]
            assert measured is not None
            self._interpolator.aim(measured, QUICK if keyframe is Keyframe.CHANGED else max(1, self._finder.every))
        return self._run(frame, self._interpolator.step())[0]

    def _run(
        self, frame: Image, frozen: npt.NDArray[np.float32] | None = None
    ) -> tuple[Image, npt.NDArray[np.float32] | None]:
        style = self.style
        masks = None if style.weights is None else self.strength * style.weights[:, None, None, None]
        painted = style.painter.paint(frame, style.codes, masks, frozen)
        return painted.picture, painted.statistics

    @property
    def _fading(self) -> float:
        """Returns the share that small strengths leave of the painting, see `faded`, and so of the last one."""
        return 1.0 if self.style.codes is None else min(1.0, self.strength / FADED_BELOW)

    def _steadied(self, frame: Image, painted: Image, keyframe: Keyframe) -> Image:
        """Returns the painted frame mixed with the last one, warped, where that shows the same thing."""
        grey = small_grey(frame)
        if keyframe is not Keyframe.CUT and self._grey is not None and self._painted is not None:
            found = motion(self._grey, grey, frame.shape[:2])
            last, share = warped(self._painted, found.flow), found.trust * np.float32(KEPT * self._fading)
            painted = np.asarray(cv2.blendLinear(last, painted, share, 1 - share), np.uint8)
        self._grey, self._painted = grey, painted
        return painted
