"""Messages of the decoder's process: the film's streams, its frames, the packets of its sound. Plain data, no PyAV."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from stylex import errors


@dataclass(frozen=True)
class Excerpt:
    """The part of a film that is wanted.

    Attributes:
        start: in seconds from the film's first frame.
        end: in seconds, behind the last frame; None for the film's end.
        frames: at most so many; None for all.
    """

    start: float = 0.0
    end: float | None = None
    frames: int | None = None

    @property
    def whole(self) -> bool:
        """Returns whether that is the whole film."""
        return self == Excerpt()


@dataclass(frozen=True)
class AudioTrack:
    """A track of sound.

    Attributes:
        template: a tiny file of the output's format that has the stream with its headers, to make a stream after.
        tags: names and values of its metadata.
    """

    template: bytes
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class StreamInfo:
    """Properties of a film that are known before the first frame is painted.

    Attributes:
        width, height: of the frames as they come, upright and reduced.
        time_base: seconds that one unit of a frame's time lasts.
        rate: frames a second on average.
        frames: how many are expected, for a progress bar; None where the file doesn't say.
        aspect: width of a pixel by its height.
        sound: its tracks; empty for a silent film.
        left_out: streams that aren't copied, such as subtitles, in words.
        notices: what is done to the film on reading that the user should know, a sentence each.
        transfer: number of the frames' transfer function in ITU-T H.273: BT.709's or sRGB's.
        variable: whether frames may be shown for different times.
    """

    width: int
    height: int
    time_base: Fraction
    rate: Fraction
    frames: int | None
    aspect: Fraction = Fraction(1)
    sound: tuple[AudioTrack, ...] = ()
    left_out: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    transfer: int = 1
    variable: bool = False


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame.

    Attributes:
        picture: RGB uint8 (H, W, 3).
        time: when it is shown, in units of the film's time base.
        duration: how long, in the same units; 0 where the file doesn't say.
    """

    picture: npt.NDArray[np.uint8]
    time: int
    duration: int


@dataclass(frozen=True)
class AudioPacket:
    """One packet of sound.

    Attributes:
        stream: which of the tracks in `StreamInfo.sound`.
        pts, dts, duration: in units of `time_base`.
        data: the compressed sound.
    """

    stream: int
    pts: int
    dts: int
    duration: int
    time_base: Fraction
    data: bytes


@dataclass(frozen=True)
class End:
    """The film is over.

    Attributes:
        skipped: frames that couldn't be decoded, or had a time that wasn't later than that of the one before.
        damaged_sound: packets of sound that couldn't be decoded or have no time, which are silent now.
    """

    skipped: int
    damaged_sound: int = 0


ALLOWED = (
    StreamInfo,
    AudioTrack,
    AudioPacket,
    End,
    Fraction,
    errors.UsageError,
    errors.InputError,
    errors.ModelError,
    errors.ResourceError,
    errors.MissingPackage,
)
"""Classes that messages consist of, beside numbers, texts, bytes and tuples."""


class MessageUnpickler(pickle.Unpickler):
    """Reads messages. A film that has taken over its decoder can't call anything else here."""

    def find_class(self, module: str, name: str) -> Any:
        """Returns the class of that name. Raises UnpicklingError for any that no message has."""
        for known in ALLOWED:
            if (module, name) == (known.__module__, known.__name__):
                return known
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a message")
