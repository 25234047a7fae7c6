"""A technique that guides another one, whose graphs paint: `semantic` and `video`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stylex.runtime.style_painter import StylePainter, made_anew

if TYPE_CHECKING:
    from stylex.runtime.painter import Painter


class GuidedPainter(StylePainter):
    """A painter that says of itself what its base does, and leaves to the base what takes memory or time.

    Attributes:
        base: paints.
    """

    base: Painter

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and other processes get the options; the base loads its graph anew, other graphs are opened anew."""
        return made_anew(self)

    @property
    def precision(self) -> str:
        """Returns the precision that really paints."""
        return self.base.precision

    @property
    def provider(self) -> str:
        """Returns the execution provider that really paints."""
        return self.base.provider

    @property
    def title(self) -> str:
        """Returns what runs, in a few words."""
        return f"{self.technique} with {self.base.title}"

    @property
    def measures(self) -> bool:
        """Returns whether the base measures statistics, which can be frozen."""
        return self.base.measures

    def warm_up(self, height: int = 512, width: int = 512) -> None:
        """Paints a black photo of this size, so that the first real one doesn't wait."""
        self.base.warm_up(height, width)

    def close(self) -> None:
        """Frees the graphs of the base."""
        self.base.close()
