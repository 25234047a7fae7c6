"""Sound of every kind, in any number of tracks, into every format: beeps are where they were."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stylex.runtime.video.decoder import Decoder
from stylex.runtime.video.messages import AudioPacket, Excerpt, Frame, StreamInfo
from stylex.runtime.video.writer import FORMATS, Writer

RATE = 48000
SOURCES = {
    "aac": "mp4",
    "alac": "mov",
    "flac": "mkv",
    "ac3": "ts",
    "eac3": "mkv",
    "mp2": "ts",
    "libmp3lame": "avi",
    "libopus": "mkv",
    "vorbis": "mkv",
    "pcm_s16le": "avi",
    "pcm_s24le": "mov",
    "pcm_f32le": "mkv",
    "pcm_mulaw": "mov",
    "adpcm_ms": "avi",
    "adpcm_ima_wav": "avi",
}
"""Codec to the suffix of a film that holds it."""


def film_with(path: Path, tracks: list[tuple[str, float]], frames: int = 12) -> Path:
    """Writes a grey film of so many frames, 24 a second; a track is its codec and when its beep of 40 ms begins."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=24)
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        options = {"strict": "experimental"}  # FFmpeg's own encoder of Vorbis, which takes stereo only
        streams = [(container.add_stream(codec, rate=RATE, options=options), begin) for codec, begin in tracks]
        for stream, _ in streams:
            stream.layout = "stereo" if stream.codec_context.name == "vorbis" else "mono"
        for time in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 90, np.uint8), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 24)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for stream, begin in streams:
            wave = np.zeros(RATE * frames // 24, np.float32)
            start = int(begin * RATE)
            wave[start : start + 1920] = 0.8 * np.sin(np.arange(1920) / 5)
            for packet in encoded(stream, wave):
                container.mux(packet)
    return path


def encoded(stream: Any, wave: np.ndarray) -> list[Any]:
    step = stream.codec_context.frame_size or 1024
    packets = []
    for start in range(0, len(wave), step):
        part = np.pad(wave[start : start + step], (0, max(0, start + step - len(wave))))
        frame = av.AudioFrame.from_ndarray((part * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def passed_on(film: Path, output: Path, excerpt: Excerpt | None = None, sound: bool = True) -> StreamInfo:
    """Writes what is read of a film."""
    info, *messages, _ = Decoder(film, excerpt or Excerpt(), None, FORMATS[output.suffix], sound)
    assert isinstance(info, StreamInfo)
    with Writer(output, info) as writer:
        for message in messages:
            assert isinstance(message, (Frame, AudioPacket))
            writer.put(message)
        writer.finish()
    return info


def beeps(path: Path) -> list[float]:
    """Returns when the beep of every track begins, in seconds from the first frame."""
    begins = []
    with av.open(str(path)) as container:
        origin = float((container.streams.video[0].start_time or 0) * container.streams.video[0].time_base)
        count = len(container.streams.audio)
    for track in range(count):
        with av.open(str(path)) as container:
            resampler = av.AudioResampler(format="flt", layout="mono")
            for frame in container.decode(audio=track):
                (plain,) = resampler.resample(frame)
                loud = np.flatnonzero(np.abs(plain.to_ndarray()[0]) > 0.1)
                if len(loud):
                    begins.append(float(plain.time) + loud[0] / plain.sample_rate - origin)
                    break
    return begins


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("codec", SOURCES)
def test_every_codec_into_every_format(codec: str, suffix: str, tmp_path: Path) -> None:
    film = film_with(tmp_path / f"film.{SOURCES[codec]}", [(codec, 0.25)])
    info = passed_on(film, tmp_path / f"out{suffix}")
    assert len(info.sound) == 1
    np.testing.assert_allclose(beeps(tmp_path / f"out{suffix}"), beeps(film), atol=0.034)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    codecs=st.lists(st.sampled_from(["aac", "ac3", "flac", "libopus", "vorbis", "pcm_s16le", "mp2"]), max_size=4),
    suffix=st.sampled_from(list(FORMATS)),
)
def test_any_number_of_tracks(codecs: list[str], suffix: str, tmp_path: Path) -> None:
    film = film_with(tmp_path / "film.mkv", [(codec, 0.1 + 0.08 * i) for i, codec in enumerate(codecs)])
    info = passed_on(film, tmp_path / f"out{suffix}")
    assert len(info.sound) == len(codecs)
    np.testing.assert_allclose(beeps(tmp_path / f"out{suffix}"), beeps(film), atol=0.034)


def test_sound_that_is_encoded_anew_is_told(tmp_path: Path) -> None:
    film = film_with(tmp_path / "film.mkv", [("vorbis", 0.1), ("aac", 0.2)])
    assert passed_on(film, tmp_path / "out.mkv").notices == ()
    (notice,) = passed_on(film, tmp_path / "out.mov").notices
    assert "can't hold sound of the kind vorbis: it was encoded as AAC" in notice


def test_sound_of_a_part_that_is_encoded_anew(tmp_path: Path) -> None:
    film = film_with(tmp_path / "film.avi", [("adpcm_ms", 0.6)], 24)
    passed_on(film, tmp_path / "out.mp4", Excerpt(start=0.5))
    np.testing.assert_allclose(beeps(tmp_path / "out.mp4"), [beeps(film)[0] - 0.5], atol=0.034)


def test_sound_that_is_not_wanted(tmp_path: Path) -> None:
    film = film_with(tmp_path / "film.mkv", [("aac", 0.1)])
    info = passed_on(film, tmp_path / "out.mp4", sound=False)
    assert (info.sound, info.left_out, beeps(tmp_path / "out.mp4")) == ((), (), [])
