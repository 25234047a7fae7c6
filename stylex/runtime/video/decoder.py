"""The decoder, which runs in a process of its own: a film in, messages out. A crash in here takes nothing else down.

The messages on the pipe: `StreamInfo`, then for every frame its time and duration followed by its bytes, audio packets
between them, and `End`; or a `StylexError` instead of any of these.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

from stylex.errors import InputError, ResourceError, StylexError, first_line
from stylex.imaging.hidden import on_white
from stylex.imaging.picture import MAX_PIXELS
from stylex.imaging.sizes import at_most
from stylex.runtime.video import opening
from stylex.runtime.video.animation import Animation, is_animation
from stylex.runtime.video.color import conversion_of
from stylex.runtime.video.geometry import upright
from stylex.runtime.video.messages import AudioPacket, End, Excerpt, Frame, StreamInfo
from stylex.runtime.video.sound import AudioPassthrough

USUAL_RATE, USUAL_BASE = Fraction(25), Fraction(1, 90_000)
"""Where the file tells none."""


def send(pipe: BinaryIO, *arguments: Any) -> None:
    """Reads a film and sends it through a pipe; takes the arguments of `Decoder`."""
    for message in messages(*arguments):
        if isinstance(message, Frame):
            pickle.dump((message.time, message.duration), pipe)
            pipe.write(message.picture.data.cast("B"))
        else:
            pickle.dump(message, pipe)
        pipe.flush()


def messages(path: Path, *arguments: Any) -> Iterator[object]:
    """Yields the messages of a decoder, and its error as the last one."""
    try:
        yield from (Animation if is_animation(path) else Decoder)(path, *arguments)
    except (BrokenPipeError, ConnectionError):
        raise
    except StylexError as error:
        yield error
    except MemoryError:
        yield ResourceError(f"there isn't enough memory to decode {path}: close other programs")
    except Exception as error:  # of PyAV or FFmpeg, for tags and codecs that nobody has thought of
        reason = f"{type(error).__name__}: {first_line(error)}"
        yield InputError(f"{path} is of a kind that can't be decoded here ({reason}): convert it to H.264 first")


class Decoder:
    """A film as messages.

    Args:
        path: of the film.
        excerpt: the part that is wanted. With a start, times count from its first frame.
        longest: the longer side is reduced to so many pixels; None for as it is.
        form: FFmpeg's name of the format that will be written, which decides what of the sound can be copied.
        sound: whether it is wanted.

    Iterating raises:
        InputError: it can't be read, has no video or no frames, changes its size, or is cut short.
    """

    def __init__(
        self, path: Path, excerpt: Excerpt, longest: int | None, form: str = "matroska", sound: bool = True
    ) -> None:
        self.path, self.excerpt, self.longest, self.form, self.sound = path, excerpt, longest, form, sound
        self.count = self.skipped = self._damaged_sound = 0
        self._latest: tuple[int, int] | None = None  # time and duration of the last frame
        self._first = 0
        self._leads: list[int] = []
        self._first_dts: int | None = None
        self._delay: int | None = None
        self._coded = self._size = (0, 0)
        self._turned = upright(None)
        self._reformatter, self._alpha_reformatter = VideoReformatter(), VideoReformatter()

    def __iter__(self) -> Iterator[StreamInfo | Frame | AudioPacket | End]:
        with opening.opened(self.path) as container:
            stream = opening.video_of(container, self.path)
            opening.refuse_cut_short(container, stream, self.path, self.excerpt)
            stream.thread_type = "AUTO"
            stream.codec_context.options = {"err_detect": "explode"}  # damage is told, not shown as smears
            self._base, self._rate = stream.time_base or USUAL_BASE, opening.rate_of(stream) or USUAL_RATE
            self._origin = stream.start_time or 0
            if self.excerpt.start > 0:
                opening.seek(container, self.excerpt.start)
            yield from self._messages(container, stream)
        yield End(self.skipped, self._damaged_sound)

    def _messages(self, container: InputContainer, stream: VideoStream) -> Iterator[StreamInfo | Frame | AudioPacket]:
        audio = AudioPassthrough(container, self.path, self.form, not self.excerpt.whole, self.sound)
        for frame, time in self._wanted(container, stream, audio):
            if not self.count:
                yield self._begin(frame, time, container, stream, audio)
            self.count += 1
            picture, duration = self._picture(frame), frame.duration or 0
            self._latest = (time, duration)
            yield from audio.until(time * self._base)
            yield Frame(picture, time - self._first, duration)
        if self._latest is None:
            raise InputError(self._nothing())
        time, duration = self._latest
        yield from audio.rest((time + (duration or self._usual())) * self._base)
        self._damaged_sound = audio.damaged

    def _wanted(
        self, container: InputContainer, stream: VideoStream, audio: AudioPassthrough
    ) -> Iterator[tuple[VideoFrame, int]]:
        """Yields the frames of the excerpt with their times, each later than the one before."""
        for frame in self._decoded(container, stream, audio):
            time = self._time(frame, container.format.name == "avi" and bool(stream.codec_context.has_b_frames))
            if time is None:
                self.skipped += 1
                continue
            seconds = float((time - self._origin) * self._base)
            if self.excerpt.end is not None and seconds >= self.excerpt.end:
                return
            if seconds >= self.excerpt.start:
                yield frame, time
            elif not self.excerpt.start:
                self.skipped += 1
            if self.excerpt.frames is not None and self.count >= self.excerpt.frames:
                return

    def _decoded(self, container: InputContainer, stream: VideoStream, audio: AudioPassthrough) -> Iterator[VideoFrame]:
        """Yields every frame that isn't damaged; packets of sound go to `audio`."""
        partial = False
        try:
            for packet in container.demux([stream, *audio.streams]):
                if packet.stream.index != stream.index:  # `stream_index` of the empty packets at the end is always 0
                    audio.take(packet)
                    continue
                partial = packet.is_corrupt if packet.size else partial
                self._see(packet)
                yield from self._frames_in(packet)
        except av.FFmpegError as error:
            raise InputError(
                f"{self.path} can't be read behind frame {self.count} ({opening.reason(error)}): get it again"
            ) from error
        if partial and opening.is_indexed(container):
            raise InputError(f"{self.path} is cut short behind frame {self.count}: get it again")

    def _frames_in(self, packet: Packet[Any]) -> list[VideoFrame]:
        try:
            frames: list[VideoFrame] = packet.decode()
        except MemoryError:
            raise
        except av.FFmpegError:
            self.skipped += 1
            return []
        good = [frame for frame in frames if not frame.is_corrupt]
        self.skipped += len(frames) - len(good)
        return good

    def _see(self, packet: Packet[Any]) -> None:
        """Notes by how much frames are shown later than they are decoded, in the packets before the first frame."""
        if self.count or packet.dts is None:
            return
        self._first_dts = packet.dts if self._first_dts is None else self._first_dts
        self._leads.append(0 if packet.pts is None else packet.pts - packet.dts)

    def _time(self, frame: VideoFrame, untimed: bool) -> int | None:
        """Returns when a frame is shown; None where that isn't later than the frame before.

        Args:
            frame: as it comes from the decoder.
            untimed: whether the film may have times of decoding alone, as AVI, where frames are shown in another order.
        """
        pts = frame.pts
        if untimed and len(self._leads) > 1 and len(set(self._leads)) == 1:  # only the order is right
            pts = frame.dts
            if pts is not None and self._first_dts is not None:
                self._delay = pts - self._first_dts if self._delay is None else self._delay
                pts -= self._delay
        if pts is None:
            return self._origin if self._latest is None else self._latest[0] + self._usual()
        return pts if self._latest is None or pts > self._latest[0] else None

    def _usual(self) -> int:
        """Returns how long a frame is shown on average, in units of time."""
        return max(1, round(1 / (self._rate * self._base)))

    def _begin(
        self, frame: VideoFrame, time: int, container: InputContainer, stream: VideoStream, audio: AudioPassthrough
    ) -> StreamInfo:
        """Returns the film's properties, from the first frame and the streams."""
        self._coded = (frame.width, frame.height)
        if frame.width * frame.height > MAX_PIXELS:
            raise InputError(
                f"{self.path} is {frame.width}x{frame.height}; the limit is {MAX_PIXELS / 1e6:g} megapixels"
            )
        self._size, self._color = at_most(self._coded, self.longest), conversion_of(frame)
        self._turned = upright(frame)
        if self.excerpt.start > 0:
            self._first, self.skipped = time, 0  # decoders have to start before the frame that is wanted
            audio.begin(time * self._base)
        aspect = stream.sample_aspect_ratio or Fraction(1)
        width, height = self._size
        if self._turned.swaps:
            width, height, aspect = height, width, 1 / aspect
        return StreamInfo(
            width,
            height,
            self._base,
            self._rate,
            self._expected(container, stream),
            aspect,
            audio.tracks,
            opening.left_out(container, stream, audio.streams if self.sound else container.streams.audio),
            tuple(self._notices(frame, audio)),
            self._color.written_transfer,
            opening.is_variable(container, stream),
        )

    def _notices(self, frame: VideoFrame, audio: AudioPassthrough) -> Iterator[str]:
        if self._color.wide_range:
            yield "the film has a high dynamic range, which was mapped to the standard one"
        if self._color.unknown:
            strange = ", ".join(self._color.unknown)
            yield f"the film states colours without a meaning here ({strange}): the usual ones were taken"
        if (alpha := self._alpha(frame)) is not None and alpha.min() < 255:
            yield "transparent places of the film were laid on white"
        if frame.interlaced_frame:
            yield "the film is interlaced, so that what moves has combs: deinterlace it first (ffmpeg -vf bwdif)"
        if audio.encoded:
            yield f"the output's format can't hold sound of the kind {', '.join(audio.encoded)}: it was encoded as AAC"
        if audio.mixed:
            yield "the loudspeakers of the film's sound have no name in AAC: it was mixed down to stereo"

    def _expected(self, container: InputContainer, stream: VideoStream) -> int | None:
        """Returns how many frames will come; None where the file doesn't say."""
        total = opening.frames_of(container, stream, self._rate)
        if total is not None:
            end = math.inf if self.excerpt.end is None else self.excerpt.end * float(self._rate)
            total = max(1, math.ceil(min(total, end) - self.excerpt.start * float(self._rate)))
        return total if self.excerpt.frames is None else min(total or self.excerpt.frames, self.excerpt.frames)

    def _picture(self, frame: VideoFrame) -> npt.NDArray[np.uint8]:
        """Returns upright RGB uint8 (H, W, 3), reduced."""
        if (frame.width, frame.height) != self._coded:
            was, now = ("x".join(map(str, size)) for size in (self._coded, (frame.width, frame.height)))
            raise InputError(
                f"{self.path} changes its size at frame {self.count} from {was} to {now}: cut it there, and paint "
                "both parts"
            )
        method = Interpolation.BILINEAR if self._size == self._coded else Interpolation.AREA
        alpha = self._alpha(frame)
        if alpha is None:
            return self._turned.apply(self._color.rgb(frame, self._size, self._reformatter, method))
        visible = on_white(self._color.rgb(frame, self._coded, self._reformatter, Interpolation.BILINEAR), alpha)
        if self._size != self._coded:
            visible = np.asarray(cv2.resize(visible, self._size, interpolation=cv2.INTER_AREA), np.uint8)
        return self._turned.apply(visible)

    def _alpha(self, frame: VideoFrame) -> npt.NDArray[np.uint8] | None:
        """Returns the alpha channel of a frame, uint8 (H, W); None where its format has none."""
        if not any(component.is_alpha for component in frame.format.components):
            return None
        return np.asarray(self._alpha_reformatter.reformat(frame, format="rgba").to_ndarray()[..., 3], np.uint8)

    def _nothing(self) -> str:
        if self.skipped:
            return f"no frame of {self.path} can be decoded: it is damaged; get it again"
        if not self.excerpt.whole:
            return f"{self.path} has no frames in the part that was asked for: choose another start or end"
        return f"{self.path} has no frames: give a film with at least one"
