"""A film's sound, as packets: copied where the output's format holds them, encoded anew where it doesn't."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet

from stylex.runtime.video.messages import AudioPacket, AudioTrack
from stylex.runtime.video.sound_tracks import CopiedTrack, EncodedTrack, track_of

FIRST = 4096
"""Packets of sound that are read ahead, to see one of every track; a track without any is left out."""


class AudioPassthrough:
    """Passes the audio streams of an open film on, as packets.

    Args:
        container: the film.
        path: of the same.
        form: FFmpeg's name of the output's format.
        limited: only a part of the film is wanted; packets are held back then until the frames have come that far.
        wanted: whether there is to be any sound.
    """

    def __init__(self, container: InputContainer, path: Path, form: str, limited: bool, wanted: bool = True) -> None:
        streams = [stream for stream in container.streams.audio if stream.codec_context is not None] if wanted else []
        first = first_packets(path, {stream.index for stream in streams}) if streams else {}
        tracks = [track_of(stream, first[stream.index], form) for stream in streams if stream.index in first]
        self._tracks: list[CopiedTrack | EncodedTrack] = [track for track in tracks if track is not None]
        self.streams = [track.stream for track in self._tracks]
        self._numbers = {stream.index: number for number, stream in enumerate(self.streams)}
        self._limited, self._start = limited, Fraction(0)
        self._held: deque[tuple[Fraction, AudioPacket]] = deque()
        self._begun, self._untimed = False, 0

    @property
    def tracks(self) -> tuple[AudioTrack, ...]:
        """Returns the tracks as they will be written."""
        return tuple(track.described for track in self._tracks)

    @property
    def encoded(self) -> list[str]:
        """Returns the codecs of the tracks that are encoded anew."""
        return [track.stream.codec_context.name for track in self._tracks if isinstance(track, EncodedTrack)]

    @property
    def mixed(self) -> bool:
        """Returns whether a track was mixed down, since the encoder has no name for its loudspeakers."""
        return any(isinstance(track, EncodedTrack) and track.mixed for track in self._tracks)

    @property
    def damaged(self) -> int:
        """Returns how many packets couldn't be decoded, or have no time, so far."""
        return self._untimed + sum(track.damaged for track in self._tracks if isinstance(track, EncodedTrack))

    def begin(self, seconds: Fraction) -> None:
        """Lets the sound start with a frame at that time; what is earlier is left out."""
        self._start, self._begun = seconds, True

    def take(self, packet: Packet[Any]) -> None:
        """Keeps a packet until its time has come; one without a time is left out."""
        if not packet.size:  # the end, which `rest` is for
            return
        number = self._numbers[packet.stream.index]
        self._keep(number, self._tracks[number].passed(packet))

    def until(self, seconds: Fraction) -> Iterator[AudioPacket]:
        """Yields the packets that go before a frame at that time."""
        while self._held and (not self._limited or self._held[0][0] <= seconds):
            yield from self._shifted(*self._held.popleft())

    def rest(self, end: Fraction) -> Iterator[AudioPacket]:
        """Yields the packets behind the last frame; of a part of a film only up to its end."""
        for number, track in enumerate(self._tracks):
            self._keep(number, track.passed(None))
        for seconds, sound in self._held:
            if not self._limited or seconds < end:
                yield from self._shifted(seconds, sound)
        self._held.clear()

    def _keep(self, number: int, packets: list[Packet[Any]]) -> None:
        for packet in packets:
            dts = packet.dts if packet.dts is not None else packet.pts
            if dts is None or not packet.size:
                self._untimed += packet.size > 0
                continue
            pts = packet.pts if packet.pts is not None else dts
            base = packet.time_base
            self._held.append((pts * base, AudioPacket(number, pts, dts, packet.duration or 0, base, bytes(packet))))

    def _shifted(self, seconds: Fraction, sound: AudioPacket) -> Iterator[AudioPacket]:
        if not self._begun:
            yield sound
        elif seconds >= self._start:
            shift = round(self._start / sound.time_base)
            rest = (sound.duration, sound.time_base, sound.data)
            yield AudioPacket(sound.stream, sound.pts - shift, sound.dts - shift, *rest)


def first_packets(path: Path, streams: set[int]) -> dict[int, Packet[Any]]:
    """Returns the first packet of every stream that has one early enough."""
    from stylex.runtime.video.opening import opened

    found: dict[int, Packet[Any]] = {}
    with opened(path) as container:
        wanted = [stream for stream in container.streams if stream.index in streams]
        try:
            for count, packet in enumerate(container.demux(wanted)):
                if packet.size:
                    found.setdefault(packet.stream_index, packet)
                if len(found) == len(streams) or count > FIRST:
                    break
        except MemoryError:
            raise
        except av.FFmpegError:  # reading the film itself says what is damaged
            return found
    return found
