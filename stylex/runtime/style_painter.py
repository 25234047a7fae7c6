"""The face of every technique that is ready to paint: one call, the same for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, overload, runtime_checkable

import cv2
import numpy as np
import numpy.typing as npt
import PIL.Image

from stylex.artifacts.style_code import SUFFIX, StyleCode, built_in, normalized_weights
from stylex.errors import InputError, UsageError
from stylex.imaging.arrays import Image
from stylex.imaging.color import require_colors
from stylex.imaging.content import Content, as_given, picture_of, visible_of
from stylex.imaging.sizes import longer_side
from stylex.runtime.tiles import Progress, Tile, Tiling
from stylex.techniques import DEFAULT, STRONGEST

if TYPE_CHECKING:
    from typing_extensions import Self

LONGEST_PICTURE = 2048
"""Pixels of the longer side that a style's own picture needs at most, where its colours or textures are measured."""
FADED_BELOW = 0.2
"""Strength below which a painting in an arbitrary style fades into the photo."""

OneStyle: TypeAlias = "str | Path | bytes | Image | PIL.Image.Image | StyleCode"
Style: TypeAlias = "OneStyle | list[tuple[OneStyle, float]] | tuple[tuple[OneStyle, float], ...]"


def no_progress(_done: int, _of: int) -> None:
    """Shows nothing: a progress that nobody watches."""


@runtime_checkable
class StylePainter(Protocol):
    """A technique, ready to paint; every technique is loaded as one.

    It is safe to call from several threads at once. A `with` block closes it at its end.
    """

    @property
    def takes_styles(self) -> bool:
        """Returns whether it paints in any style, rather than in the one of its weights."""
        return True

    @property
    def takes_masks(self) -> bool:
        """Returns whether every place can have a style and a strength of its own."""
        return False

    @property
    def measures(self) -> bool:
        """Returns whether it measures statistics of the content, which can be frozen."""
        return False

    @property
    def technique(self) -> str:
        """Returns the technique's name."""

    @property
    def precision(self) -> str:
        """Returns the precision that really runs; empty for techniques without graphs."""
        return ""

    @property
    def provider(self) -> str:
        """Returns the execution provider that really runs; empty for techniques without graphs."""
        return ""

    @property
    def title(self) -> str:
        """Returns what runs, in a few words, such as "adain int8 on cpu"."""
        return self.technique

    def paint_rgb(
        self, content: Image, style: Any, strength: float, keep_colors: bool, tile: Tile, progress: Progress
    ) -> Image:
        """Paints RGB uint8 (H, W, 3) and returns the same; arguments as those of a call."""

    @overload
    def __call__(
        self,
        content: npt.NDArray[np.uint8],
        style: Any = None,
        strength: float = 1.0,
        keep_colors: bool = False,
        *,
        tile: Tile = "off",
        progress: Progress = no_progress,
    ) -> Image: ...

    @overload
    def __call__(
        self,
        content: PIL.Image.Image | str | Path | bytes,
        style: Any = None,
        strength: float = 1.0,
        keep_colors: bool = False,
        *,
        tile: Tile = "off",
        progress: Progress = no_progress,
    ) -> PIL.Image.Image: ...

    def __call__(
        self,
        content: Content,
        style: Any = None,
        strength: float = 1.0,
        keep_colors: bool = False,
        *,
        tile: Tile = "off",
        progress: Progress = no_progress,
    ) -> Image | PIL.Image.Image:
        """Paints a photo.

        Args:
            content: the photo: RGB uint8 (H, W, 3), a picture of Pillow's, the path of a file, or its bytes; from 1x1
                up.
            style: a built-in name, a picture as for `content`, a `StyleCode` or its file, or a list of (style, weight).
                None, or the name of the painter's own style, where the weights hold one.
            strength: 0 gives the photo back, 1 is the style as it is. Up to 1.5; up to 1 where the weights hold one
                style, where the photo and the painting are mixed.
            keep_colors: take only the strokes, not the colours.
            tile: "off" paints the photo at once, which takes some 120 MiB of memory a megapixel. A number of pixels
                paints tiles of so many, with the same result but for roundings and in some five times the time; "auto"
                does so where the photo has more than 8 megapixels and the graph can be used on tiles.
            progress: is called after every run of the graph on a tile: how many are done, and how many there will be.

        Returns:
            A picture of exactly the content's size: RGB uint8 (H, W, 3) for an array, otherwise a picture of Pillow's,
            with the content's alpha channel.

        Raises:
            UsageError: strength or a weight out of range, an unknown style name, none where one is needed, a tile that
                is too small, a graph that can't be used on tiles, or a painter that was closed.
            InputError: content or style can't be used.
            ModelError: a style code of other weights, or a graph that fails.
            ResourceError: not enough memory.
        """
        picture = picture_of(content, "the content")
        painted = self.paint_rgb(picture.rgb, style, strength, keep_colors, tile, progress)
        return as_given(painted, picture.alpha, content)

    def stylize_many(
        self,
        contents: Iterable[Content],
        style: Any = None,
        strength: float = 1.0,
        keep_colors: bool = False,
        *,
        tile: Tile = "off",
    ) -> Iterator[Image | PIL.Image.Image]:
        """Paints one photo after the other, each when it is asked for; the style is read and encoded once.

        Args:
            contents: photos of any sizes and kinds.
            style, strength, keep_colors, tile: as for a call.

        Yields:
            What a call returns. Raises as a call does, at the photo that can't be used.
        """
        prepared = self.prepared(style)
        for content in contents:
            yield self(content, prepared, strength, keep_colors, tile=tile)

    def prepared(self, style: Any) -> Any:
        """Returns the style as something that needs no more reading or encoding. Raises as a call does."""
        return style

    def tiles(self, content: Image, tile: Tile) -> Tiling | None:
        """Returns the tiles that a photo would be cut in; None where it would be painted at once."""
        return None

    def warm_up(self, height: int = 512, width: int = 512) -> None:
        """Paints a black photo of this size, so that the first real one doesn't wait for memory and kernels."""

    def close(self) -> None:
        """Frees the graphs; a call after it raises UsageError."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.title}>"


def made_anew(painter: Any) -> tuple[Any, ...]:
    """Returns what `__reduce__` of a dataclass does that is made anew from its options, without what it has opened."""
    return type(painter), tuple(getattr(painter, field.name) for field in fields(painter) if field.init)


def require_strength(strength: float, strongest: float = STRONGEST) -> None:
    """Raises UsageError unless the strength lies between 0 and `strongest`."""
    if not 0 <= strength <= strongest:
        raise UsageError(f"strength is {strength}; it must lie between 0 and {strongest}", strength=None)


def style_pictures(style: Style | None, technique: str) -> list[tuple[Image, float]]:
    """Returns the pictures of styles, RGB uint8 (H, W, 3), with their weights.

    Args:
        style: a picture of any kind, or (picture, weight) pairs.
        technique: whose styles are pictures, for messages.

    Raises:
        UsageError: none, a built-in style, which has no picture, or weights that can't be used.
        InputError: a file that can't be read, is a style code, or has one colour only.
    """
    if style is None:
        raise UsageError(f"{technique} needs a picture as its style: give one", style=None)
    if not isinstance(style, (list, tuple)):
        style = [(style, 1.0)]
    normalized_weights(style)
    return [(_style_picture(one, technique), float(weight)) for one, weight in style]


def _style_picture(style: OneStyle, technique: str) -> Image:
    needed = f"{technique} needs a picture: give one"
    if isinstance(style, StyleCode):
        raise UsageError(f"{style.name} is a style code, which holds no picture; {needed}", style="PICTURE.jpg")
    name = str(style) if isinstance(style, (str, Path)) else "the style"
    if isinstance(style, (str, Path)):
        path = Path(style)
        if path.suffix == SUFFIX:
            raise InputError(f"{style} is a style code, which holds no picture; {needed}", style="PICTURE.jpg")
        if name in built_in(DEFAULT) and not path.exists():
            message = f"{style} is a built-in style, a code without its picture; {needed}"
            raise UsageError(message, style="PICTURE.jpg")
    rgb = visible_of(style, name, longer_side(LONGEST_PICTURE))
    require_colors(rgb, name)
    return rgb


def faded(photo: Image, painted: Image, masks: npt.NDArray[np.float32]) -> Image:
    """Returns the painted picture, faded into the photo where the strength is below `FADED_BELOW`.

    A network for arbitrary styles gives back at strength 0 what its bottleneck left of the photo. Here that fades out,
    so that strength 0 is the photo itself and small strengths are near it.

    Args:
        photo, painted: RGB uint8 (H, W, 3).
        masks: strengths of each style, (K, 1, h, w), stretched over the picture.
    """
    opacity = np.clip(masks.sum(0)[0] / FADED_BELOW, 0, 1).astype(np.float32)  # (h, w)
    least, most = float(opacity.min()), float(opacity.max())
    if least == 1:
        return painted
    if least == most:
        return mixed(photo, painted, least)
    height, width = photo.shape[:2]
    weights = cv2.resize(opacity, (width, height), interpolation=cv2.INTER_LINEAR)
    found = np.empty_like(photo)
    for row in range(height):
        weight = weights[row, :, None]
        found[row] = np.rint(weight * painted[row] + (1 - weight) * photo[row])
    return found


def mixed(photo: Image, painted: Image, strength: float) -> Image:
    """Returns the photo at strength 0, the painted one at 1, and up to 1.5 beyond; RGB uint8 (H, W, 3)."""
    if strength == 1:
        return painted
    return np.asarray(cv2.addWeighted(painted, strength, photo, 1 - strength, 0), np.uint8)
