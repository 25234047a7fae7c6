"""Films before they are decoded: open one, find its video, see whether it is whole."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from stylex.errors import InputError
from stylex.filetypes import head_of, stand_in
from stylex.runtime.video.messages import Excerpt

SLACK_SECONDS, SLACK_FRAMES = 2.0, 64
"""A decoder reads so much further than the last frame that is wanted."""
SHORT_BY = Fraction(1, 4)
"""A Matroska file that ends so many seconds before the length in its header is cut short."""


def opened(path: Path) -> InputContainer:
    """Opens a film file.

    Raises:
        InputError: it is missing, no regular file, empty, or no film.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise InputError(f"{path} doesn't exist or can't be read: check the name and the folder") from error
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path} isn't a regular file: give the path of one film")
    if status.st_size == 0:
        raise InputError(f"{path} is empty (0 bytes): copy or download it again")
    try:
        # "file:" so that no name is taken for a protocol, and no file can name others on the network
        return av.open(f"file:{path}", container_options={"protocol_whitelist": "file"}, metadata_errors="replace")
    except av.FFmpegError as error:
        if kind := stand_in(head_of(path)):
            raise InputError(f"{path} is {kind.name}: {kind.cure}") from error
        raise InputError(
            f"{path} can't be opened ({reason(error)}): it is no film, has no frames, or is cut short before the first"
        ) from error


def reason(error: av.FFmpegError) -> str:
    """Returns FFmpeg's reason, without the numbers and names around it."""
    return " ".join((error.strerror or str(error)).split())[:100]


def video_of(container: InputContainer, path: Path) -> VideoStream:
    """Returns the stream with the moving pictures.

    Raises:
        InputError: there is none, as in a file of sound alone, or no decoder for it.
    """
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:  # the cover of an album
            if stream.codec_context is None:
                raise InputError(f"{path} has video of a kind that can't be decoded here: convert it to H.264 first")
            return stream
    what = "sound only" if container.streams.audio else "nothing that moves"
    raise InputError(f"{path} holds {what}: give a film with video")


def rate_of(stream: VideoStream) -> Fraction | None:
    """Returns frames a second on average; None where the file doesn't say."""
    return stream.average_rate or stream.guessed_rate or None


def is_variable(container: InputContainer, stream: VideoStream) -> bool:
    """Returns whether frames may be shown for different times."""
    if container.format.name in ("gif", "apng") or stream.average_rate != stream.guessed_rate:
        return True
    times = [entry.timestamp for entry in stream.index_entries] if is_indexed(container) else []
    steps = [later - time for time, later in itertools.pairwise(times)]
    return bool(steps) and max(steps) - min(steps) > 1  # 1: rounded


def frames_of(container: InputContainer, stream: VideoStream, rate: Fraction) -> int | None:
    """Returns how many frames a film has by its header; None where it doesn't say."""
    if stream.frames:
        return stream.frames
    if stream.duration and stream.time_base:
        return max(1, round(stream.duration * stream.time_base * rate))
    length = container.duration
    return max(1, round(Fraction(length, av.time_base) * rate)) if length else None


def seek(container: InputContainer, seconds: float) -> None:
    """Goes to the last keyframe before a time that counts from the film's start."""
    container.seek(int(seconds * av.time_base) + (container.start_time or 0))


def left_out(container: InputContainer, video: Stream, sound: Sequence[Stream]) -> tuple[str, ...]:
    """Returns the streams beside the video and the copied sound, as "1 subtitle stream"."""
    kept = {video.index, *(stream.index for stream in sound)}
    others = [stream.type for stream in container.streams if stream.index not in kept]
    kinds = [kind for kind in others if kind not in ("data", "attachment")]
    counts = {kind: kinds.count(kind) for kind in kinds}
    return tuple(f"{count} {kind} stream{'s' if count > 1 else ''}" for kind, count in counts.items())


@dataclass(frozen=True)
class Missing:
    """The first frame, in the order of the file, that a film should have and doesn't.

    Attributes:
        number: of the frame, from 1.
        of: how many there should be, in words.
        seconds: where in the film.
    """

    number: int
    of: str
    seconds: float

    def matters(self, excerpt: Excerpt, rate: Fraction) -> bool:
        """Returns whether it is part of the excerpt, or so near that a decoder would read it."""
        if excerpt.end is not None and self.seconds > excerpt.end + SLACK_SECONDS:
            return False
        return excerpt.frames is None or self.number < excerpt.start * rate + excerpt.frames + SLACK_FRAMES


def refuse_cut_short(container: InputContainer, stream: VideoStream, path: Path, excerpt: Excerpt) -> None:
    """Finds out before anything is painted whether a part of the film is missing.

    Raises:
        InputError: it is, within the excerpt.
    """
    missing = _beyond_the_file(stream, path) if is_indexed(container) else _before_its_length(container, path, excerpt)
    rate = rate_of(stream) or Fraction(25)
    if missing is None or not missing.matters(excerpt, rate):
        return
    whole = missing.seconds - SLACK_SECONDS - 0.1
    advice = f", or paint what is whole, up to {whole:.1f} s" if whole > 1 else ""
    end = {"end": f"{whole:.1f}"} if whole > 1 else {}
    message = f"{path} is cut short: frame {missing.number} of {missing.of} is missing: get it again{advice}"
    raise InputError(message, **end)


def is_indexed(container: InputContainer) -> bool:
    """Returns whether the file lists places and sizes of all frames, as MP4 does."""
    return "mp4" in container.format.name.split(",")


def _beyond_the_file(stream: VideoStream, path: Path) -> Missing | None:
    size = os.path.getsize(path)  # noqa: PTH202 - follows links as av.open does
    for number, entry in enumerate(stream.index_entries, 1):
        if entry.pos + entry.size > size:
            seconds = (entry.timestamp - (stream.start_time or 0)) * (stream.time_base or 0)
            return Missing(number, str(max(stream.frames, number)), float(seconds))
    return None


def _before_its_length(container: InputContainer, path: Path, excerpt: Excerpt) -> Missing | None:
    """Returns whether the packets of Matroska, which has no such list, end before the length in its header."""
    if "matroska" not in container.format.name or not container.duration:
        return None
    length, last, count, wanted = Fraction(container.duration, av.time_base), Fraction(0), 0, _wanted_packets(excerpt)
    with opened(path) as again:
        start = Fraction(again.start_time or 0, av.time_base)
        for packet in again.demux():
            if packet.pts is None or packet.time_base is None:
                continue
            count += packet.stream.type == "video"
            last = max(last, (packet.pts + (packet.duration or 0)) * packet.time_base - start)
            if count > wanted or (excerpt.end is not None and last > excerpt.end + 2 * SLACK_SECONDS):
                return None
    if last + max(start, Fraction(0)) >= length - SHORT_BY:  # the header counts from time 0
        return None
    return Missing(count + 1, f"a film of {float(length):.1f} s", float(last))


def _wanted_packets(excerpt: Excerpt) -> float:
    """Returns the number of packets of video behind which a excerpt from the film's start is over."""
    return excerpt.frames + 2 * SLACK_FRAMES if excerpt.frames is not None and not excerpt.start else float("inf")
