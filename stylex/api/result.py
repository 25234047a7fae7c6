"""The result of `stylex.stylize`, with the truth about what ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import PIL.Image

from stylex.imaging.arrays import Image
from stylex.imaging.content import as_given
from stylex.imaging.picture import Picture

if TYPE_CHECKING:
    from stylex.runtime.semantic.masks import Mask


@dataclass(frozen=True)
class Ran:
    """Facts of what really ran.

    Attributes:
        technique: its name.
        title: the technique in a few words, such as "adain int8 on cpu".
        precision, provider: of the graph; empty for techniques without graphs.
        seconds: from the photo that was read to the last pixel, without loading the technique or encoding a style.
        tiles: how many tiles; 0 where the photo was painted at once.
        tiling: the same in words, such as "6 tiles of 1024x800"; empty for 0.
        regions: who found which regions, in words; empty without regions.
        faces: how many faces were protected; None where none were looked for.
        enlarged_by: what doubled the size, such as "upscaler int8 on cpu"; empty for nothing.
        stopped: whether Ctrl-C ended an optimization before its last iteration.
    """

    technique: str
    title: str
    precision: str
    provider: str
    seconds: float
    tiles: int = 0
    tiling: str = ""
    regions: str = ""
    faces: int | None = None
    enlarged_by: str = ""
    stopped: bool = False

    def __str__(self) -> str:
        regions = f", {self.regions}" if self.regions else ""
        tiling = f" in {self.tiling}" if self.tiling else ""
        enlarged = f", twice the size by {self.enlarged_by}" if self.enlarged_by else ""
        return f"{self.title}{regions}{tiling}{enlarged}"


@dataclass(frozen=True, eq=False)
class Result:
    """A painted photo.

    Attributes:
        rgb: uint8 (H, W, 3), of the size that was painted, or twice that.
        alpha: uint8 (H, W), where the content had an alpha channel.
        content: the photo as it was painted, reduced to `size`.
        ran: what really ran.
        notes: what the user should know, a few words each, such as "1 face protected".
        masks: where the regions are, by their names, (h, w) from 0 to 1; empty without regions.
    """

    rgb: Image
    alpha: Image | None
    content: Picture
    ran: Ran
    notes: tuple[str, ...] = ()
    masks: Mapping[str, Mask] = field(default_factory=dict)
    _given: object = field(default=None, repr=False)

    @property
    def picture(self) -> Image | PIL.Image.Image:
        """Returns the painted photo in the kind of the content: an array for an array, else a picture of Pillow's."""
        return as_given(self.rgb, self.alpha, self._given)

    def __repr__(self) -> str:
        return f"<Result {self.rgb.shape[1]}x{self.rgb.shape[0]}, {self.ran}>"
