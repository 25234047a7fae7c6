"""Tracks of sound: what a format holds, found out by writing one packet of it, and what is encoded anew."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.packet import Packet

from stylex.runtime.video.messages import AudioTrack

ENCODER, SAMPLES = "aac", "fltp"
"""Sound that can't be copied is encoded by this, with samples of this format; every format that is written holds it."""
BIT_RATE = 96_000
"""Bits a second for each channel."""
REPRODUCIBLE = {"fflags": "+bitexact"}
"""No random numbers and times in templates."""
KEPT_TAGS = ("language", "title")


class CopiedTrack:
    """A stream whose packets are written as they stand in the film.

    Args:
        stream: of the film.
        template: a file of the output's format with one packet of the stream.
    """

    def __init__(self, stream: AudioStream, template: bytes) -> None:
        self.stream = stream
        self.described = AudioTrack(template, tags_of(stream))

    def passed(self, packet: Packet[Any] | None) -> list[Packet[Any]]:
        """Returns the packets to write; None at the end."""
        return [] if packet is None else [packet]


class EncodedTrack:
    """A stream that is decoded, and encoded again.

    Args:
        stream: of the film.
        form: FFmpeg's name of the output's format.

    Attributes:
        mixed: whether it is stereo now, since the encoder has no name for where its loudspeakers stand.
        damaged: packets that couldn't be decoded so far.

    Raises:
        ValueError, av.FFmpegError: there is no encoder for sound of this kind.
    """

    def __init__(self, stream: AudioStream, form: str) -> None:
        self.stream, self.mixed, self.damaged = stream, False, 0
        source = stream.codec_context
        rates = av.Codec(ENCODER, "w").audio_rates or [source.sample_rate]
        rate = min(rates, key=lambda rate: (rate < source.sample_rate, abs(rate - source.sample_rate)))
        layout = "mono" if source.channels == 1 else source.layout.name if source.channels > 2 else "stereo"
        try:
            template = encoded_template(rate, layout, form)
        except (ValueError, av.FFmpegError):  # loudspeakers in places that the encoder has no name for
            self.mixed, layout = True, "stereo"
            template = encoded_template(rate, layout, form)
        self._encoder = encoder_of(rate, layout)
        self._next = 0
        self.described = AudioTrack(template, tags_of(stream))

    def passed(self, packet: Packet[Any] | None) -> list[Packet[Any]]:
        """Returns the packets to write; None at the end."""
        encoded: list[Packet[Any]] = []
        for frame in self._decoded(packet):
            if frame.pts is None:
                frame.pts, frame.time_base = self._next, Fraction(1, frame.sample_rate)
            self._next = round((frame.pts * frame.time_base) * frame.sample_rate) + frame.samples
            encoded += self._encoder.encode(frame)
        return encoded + (self._encoder.encode(None) if packet is None and self._encoder.is_open else [])

    def _decoded(self, packet: Packet[Any] | None) -> list[Any]:
        try:
            return list(self.stream.codec_context.decode(packet))
        except MemoryError:
            raise
        except av.FFmpegError:  # a damaged packet is a short silence
            self.damaged += 1
            return []


def track_of(stream: AudioStream, packet: Packet[Any], form: str) -> CopiedTrack | EncodedTrack | None:
    """Returns the track for a stream; None where it can neither be copied nor encoded."""
    template = copied_template(stream, packet, form)
    if template:
        return CopiedTrack(stream, template)
    try:
        return EncodedTrack(stream, form)
    except MemoryError:
        raise
    except (ValueError, av.FFmpegError):
        return None


def copied_template(stream: AudioStream, packet: Packet[Any], form: str) -> bytes:
    """Returns a file of a format with one packet of a stream; empty where the format can't hold all that it is."""
    buffer = io.BytesIO()
    try:
        with av.open(buffer, "w", format=form, options=REPRODUCIBLE) as container:
            copied = av.Packet(bytes(packet))
            copied.stream = container.add_stream_from_template(stream)
            copied.pts = copied.dts = 0
            copied.time_base, copied.duration, copied.is_keyframe = packet.time_base, packet.duration or 0, True
            container.mux(copied)
        (found,) = streams_of((AudioTrack(buffer.getvalue()),))
    except MemoryError:
        raise
    except (ValueError, av.FFmpegError):
        return b""
    return buffer.getvalue() if stream_parameters(found) == stream_parameters(stream) else b""


def stream_parameters(stream: AudioStream) -> tuple[Any, ...]:
    """Returns what must not be lost."""
    codec = stream.codec_context
    return codec.name, codec.sample_rate, codec.channels


def encoder_of(rate: int, layout: str) -> AudioCodecContext:
    """Returns an encoder for so many samples a second."""
    encoder = av.CodecContext.create(ENCODER, "w")
    assert isinstance(encoder, AudioCodecContext)
    configure(encoder, rate, layout)
    encoder.flags |= Flags.global_header  # MP4, MOV and Matroska have their headers in one place
    return encoder


def configure(encoder: AudioCodecContext, rate: int, layout: str) -> None:
    """Sets samples a second, loudspeakers and bits a second."""
    encoder.sample_rate, encoder.time_base = rate, Fraction(1, rate)
    encoder.layout, encoder.format = layout, SAMPLES
    encoder.bit_rate = BIT_RATE * encoder.channels


def encoded_template(rate: int, layout: str, form: str) -> bytes:
    """Returns a file of a format with a moment of silence, encoded."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form, options=REPRODUCIBLE) as container:
        stream = container.add_stream(ENCODER, rate=rate)
        configure(stream.codec_context, rate, layout)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format=SAMPLES, layout="mono")
        silence.sample_rate, silence.pts, silence.time_base = rate, 0, Fraction(1, rate)
        # PyAV counts the channels of frames with eight or more wrong: they are made by the resampler
        for frame in av.AudioResampler(SAMPLES, layout, rate).resample(silence):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def tags_of(stream: AudioStream) -> tuple[tuple[str, str], ...]:
    """Returns the tags that are kept."""
    return tuple((key, value) for key, value in stream.metadata.items() if key in KEPT_TAGS)


def streams_of(tracks: tuple[AudioTrack, ...]) -> Iterator[AudioStream]:
    """Yields the streams of the templates, to add streams to a film after them."""
    for track in tracks:
        yield av.open(io.BytesIO(track.template)).streams.audio[0]
