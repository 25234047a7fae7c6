"""A film's sound, as packets that are copied and never decoded."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from stylex.runtime.video.facts import Sound


class AudioPassthrough:
    """Passes the audio streams of an open film through, as packets.

    Args:
        container: the film.
        limited: only a part of the film is wanted; packets are held back then until the frames have come that far.
    """

    def __init__(self, container: InputContainer, limited: bool) -> None:
        self.streams = [stream for stream in container.streams.audio if stream.codec_context is not None]
        self._numbers = {stream.index: number for number, stream in enumerate(self.streams)}
        self._limited, self._start = limited, Fraction(0)
        self._held: deque[tuple[Fraction, Sound]] = deque()
        self._begun = False

    def template(self) -> bytes:
        """Returns a NUT file with the headers of the streams and no sound; empty where there are none."""
        if not self.streams:
            return b""
        buffer = io.BytesIO()
        with av.open(buffer, "w", format="nut") as container:
            for source in self.streams:
                stream = container.add_stream_from_template(source)
                stream.metadata.update(source.metadata)
                packet = av.Packet(b"\0")  # a file without any packet can't be opened
                packet.stream, packet.pts, packet.dts, packet.time_base = stream, 0, 0, Fraction(1, 1000)
                container.mux(packet)
        return buffer.getvalue()

    def begin(self, seconds: Fraction) -> None:
        """Lets the sound start with a frame at that time; what is earlier is left out."""
        self._start, self._begun = seconds, True

    def take(self, packet: Packet[Any]) -> None:
        """Keeps a packet until its time has come; one without a time is left out."""
        dts = packet.dts if packet.dts is not None else packet.pts
        if dts is None or not packet.size:
            return
        pts = packet.pts if packet.pts is not None else dts
        base = packet.time_base
        number = self._numbers[packet.stream_index]
        sound = Sound(number, pts, dts, packet.duration or 0, base, bytes(packet))
        self._held.append((pts * base, sound))

    def until(self, seconds: Fraction) -> Iterator[Sound]:
        """Yields the packets that go before a frame at that time."""
        while self._held and (not self._limited or self._held[0][0] <= seconds):
            yield from self._shifted(*self._held.popleft())

    def rest(self, end: Fraction) -> Iterator[Sound]:
        """Yields the packets behind the last frame; of a part of a film only up to its end."""
        for seconds, sound in self._held:
            if not self._limited or seconds < end:
                yield from self._shifted(seconds, sound)
        self._held.clear()

    def _shifted(self, seconds: Fraction, sound: Sound) -> Iterator[Sound]:
        if not self._begun:
            yield sound
        elif seconds >= self._start:
            shift = round(self._start / sound.time_base)
            rest = (sound.duration, sound.time_base, sound.data)
            yield Sound(sound.stream, sound.pts - shift, sound.dts - shift, *rest)


def streams_of(template: bytes) -> list[AudioStream]:
    """Returns the streams that `AudioPassthrough.template` describes, to add streams to a film after them."""
    return list(av.open(io.BytesIO(template)).streams.audio) if template else []
