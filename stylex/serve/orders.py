"""A request to paint, as plain values that are checked before any work."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

import PIL.Image

from stylex.artifacts.style_code import require_built_in
from stylex.errors import UsageError
from stylex.imaging.formats import FORMATS
from stylex.imaging.quiet import without_warnings
from stylex.serve.problems import too_large
from stylex.serve.settings import Settings
from stylex.techniques import ARBITRARY, SINGLE, listed

Encoding: TypeAlias = Literal["jpeg", "png", "webp"]
OneStyle: TypeAlias = "str | bytes"
"""The name of a built-in style or of a network, or the bytes of a picture's file."""


@dataclass(frozen=True)
class Order:
    """One photo to paint.

    Attributes:
        photo: the bytes of its file.
        technique: a name.
        styles: each with its weight; equal ones may stand for several.
        strength, keep_colors, size: as for `stylex.stylize`.
        people: share of the strength that people keep; None where nobody looks for people.
        people_style: of people, where it isn't the photo's; empty for the same.
        encoding, quality: of the painted picture.
    """

    photo: bytes
    technique: str
    styles: tuple[tuple[OneStyle, float], ...]
    strength: float = 1.0
    keep_colors: bool = False
    size: int | None = None
    people: float | None = None
    people_style: str = ""
    encoding: Encoding = "jpeg"
    quality: int = 95

    @property
    def key(self) -> bytes:
        """Returns a digest that is equal for equal orders."""
        digest = hashlib.sha256()
        for name, value in ((f.name, getattr(self, f.name)) for f in fields(self)):
            parts = [part for pair in value for part in pair] if name == "styles" else [value]
            for part in parts:
                data = part if isinstance(part, bytes) else repr(part).encode()
                digest.update(f"{name} {type(part).__name__} {len(data)} ".encode() + data)
        return digest.digest()

    def require(self, settings: Settings) -> None:
        """Refuses what can't be painted, without decoding a picture.

        Raises:
            UsageError: a technique that isn't served, a style that it doesn't have, or a size over the limit.
            Refused: a picture of too many pixels.
        """
        if self.technique not in settings.techniques:
            message = f"{self.technique!r} isn't served here; choose {', '.join(settings.techniques)}"
            raise UsageError(message, technique=None)
        if self.size is not None and self.size > settings.longest:
            raise UsageError(f"size is {self.size}; this service paints at most {settings.longest}", size=None)
        self._require_styles()
        for what, picture in (("the photo", self.photo), *(("a style picture", s) for s, _ in self.styles)):
            if isinstance(picture, bytes):
                require_pixels(picture, what, settings.max_pixels)

    def _require_styles(self) -> None:
        names = [style for style, _ in self.styles if isinstance(style, str)]
        pictures = len(self.styles) - len(names)
        if not self.styles:
            raise UsageError(f"{self.technique} needs a style: give a name or a picture", style=None)
        if self.people is not None or self.people_style:
            self._require_regions()
        if self.technique in ARBITRARY:
            for name in (*names, *filter(None, [self.people_style])):
                require_built_in(name, self.technique)
        elif self.technique in SINGLE:
            if pictures or len(names) != 1:
                raise UsageError(f"a network of {self.technique} has one style: give its name", style=None)
        elif names:
            raise UsageError(f"{self.technique} takes its style from pictures, not by name", style_picture=None)

    def _require_regions(self) -> None:
        if self.technique not in ARBITRARY:
            message = f"{self.technique} paints the whole photo alike: take {listed(ARBITRARY, 'or')}"
            raise UsageError(message, people=None)


def require_pixels(data: bytes, what: str, most: int) -> None:
    """Refuses a picture whose header tells of too many pixels, before any of them is decoded.

    A file that can't be opened passes: who decodes it says what is wrong with it.

    Raises:
        Refused: it has more than `most` pixels.
    """
    with without_warnings():
        try:
            with PIL.Image.open(io.BytesIO(data), formats=tuple(known.name for known in FORMATS)) as opened:
                width, height = opened.size
        except PIL.Image.DecompressionBombError:
            raise too_large(what, f"{most / 1e6:g} megapixels") from None
        except Exception:  # Pillow promises no class
            return
    if width * height > most:
        raise too_large(f"{what} of {width}x{height}", f"{most / 1e6:g} megapixels")
