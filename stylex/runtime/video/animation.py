"""Animated WebP and AVIF, which FFmpeg doesn't read or takes for a still: the messages of a decoder, by Pillow."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from stylex.errors import InputError
from stylex.imaging.color_profile import to_srgb
from stylex.imaging.hidden import on_white
from stylex.imaging.picture import MAX_PIXELS
from stylex.imaging.sizes import at_most
from stylex.runtime.video.messages import End, Excerpt, Frame, StreamInfo

BASE = Fraction(1, 1000)
"""Seconds of a unit of time."""
SHORTEST = 10
"""Units that a frame without a duration is shown."""
ANIMATED = 0b10
"""The flag of the extended header (VP8X) of a WebP."""
AVIF_SEQUENCE = b"ftypavis"
"""Type and brand of an AVIF that holds a sequence."""


def is_animation(path: Path) -> bool:
    """Returns whether a file is an animated WebP or AVIF by its first bytes; False where it can't be read."""
    try:
        with path.open("rb") as file:
            head = file.read(21)
    except (OSError, ValueError):
        return False
    webp = len(head) == 21 and head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and bool(head[20] & ANIMATED)
    return webp or head[4:12] == AVIF_SEQUENCE


class Animation:
    """An animated WebP or AVIF as messages; arguments and errors are those of `decoder.Decoder`."""

    def __init__(
        self, path: Path, excerpt: Excerpt, longest: int | None, form: str = "matroska", sound: bool = True
    ) -> None:
        self.path, self.excerpt, self.longest = path, excerpt, longest

    def __iter__(self) -> Iterator[StreamInfo | Frame | End]:
        try:
            with Image.open(self.path) as image:
                yield from self._messages(image)
        except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
            raise InputError(f"{self.path} is a damaged animation ({error}): get it again") from error
        yield End(0)

    def _messages(self, image: Image.Image) -> Iterator[StreamInfo | Frame]:
        if image.width * image.height > MAX_PIXELS:
            raise InputError(
                f"{self.path} is {image.width}x{image.height}; the limit is {MAX_PIXELS / 1e6:g} megapixels"
            )
        size = at_most(image.size, self.longest)
        first = None
        for count, (time, duration, frame) in enumerate(self._wanted(image), 1):
            if first is None:
                first = time if self.excerpt.start else 0
                yield StreamInfo(*size, BASE, Fraction(1000, max(duration, SHORTEST)), None, transfer=13, variable=True)
            picture = _on_white(frame, str(self.path))
            resized = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if size != image.size else picture
            yield Frame(np.ascontiguousarray(resized, np.uint8), time - first, duration)
            if count == self.excerpt.frames:
                return
        if first is None:
            raise InputError(f"{self.path} has no frames in the part that was asked for: choose another start or end")

    def _wanted(self, image: Image.Image) -> Iterator[tuple[int, int, Image.Image]]:
        """Yields time, duration and picture of the frames of the excerpt."""
        time = 0
        for number in itertools.count():
            try:
                image.seek(number)
            except EOFError:
                return
            image.load()
            duration = int(image.info.get("duration", 0)) or SHORTEST
            seconds = float(time * BASE)
            if self.excerpt.end is not None and seconds >= self.excerpt.end:
                return
            if seconds >= self.excerpt.start:
                yield time, duration, image
            time += duration


def _on_white(image: Image.Image, name: str) -> npt.NDArray[np.uint8]:
    """Returns a frame as RGB (H, W, 3) in sRGB; films have no transparency."""
    rgb = np.asarray(to_srgb(image.convert("RGB"), image.info, name=name))
    return on_white(rgb, np.asarray(image.convert("RGBA").getchannel("A"))) if image.has_transparency_data else rgb
