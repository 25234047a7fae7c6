"""Films whose sound, streams or colours don't pass unchanged: each change is told, and only where it is made."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

import stylex
from stylex.runtime.video.film import paint_film
from stylex.runtime.video.stylizer import Stylizer, prepare_style

ROOT = Path(__file__).parents[3]
RATE = 48000
NOTICES = (
    "1 packets of sound were damaged, and are silent",
    "1 packets of sound with impossible times were left out",
    "left out: 1 video stream",
    "the loudspeakers of the film's sound have no name in AAC: it was mixed down to stereo",
    "the film states colours without a meaning here (matrix): the usual ones were taken",
)


def film(path: Path, changed: bool) -> Path:
    """Writes half a second of grey frames, and noise in three tracks; all that is told of is in it, or nothing."""
    layouts = {"vorbis": "stereo", "aac": "stereo", "wavpack": "7.1.4" if changed else "7.1"}
    with av.open(str(path), "w") as container:
        for _ in range(1 + changed):
            video = container.add_stream("mpeg4", rate=24)
            video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
            video.codec_context.colorspace = 14 if changed else 1
        tracks = [
            container.add_stream(codec, rate=RATE, layout=layout, options={"strict": "experimental"})
            for codec, layout in layouts.items()
        ]
        for stream in container.streams.video:
            for number in range(12):
                frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 90, np.uint8), format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 24)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        for track, layout in zip(tracks, layouts.values(), strict=True):
            write_noise(container, track, layout)
    if changed:
        spoil(path)
    return path


def write_noise(container: av.container.OutputContainer, track: av.AudioStream, layout: str) -> None:
    rng, step = np.random.default_rng(0), track.codec_context.frame_size or 1024
    for start in range(0, RATE // 2, step):
        values = (rng.normal(size=(1, step * track.codec_context.channels)) * 3000).astype(np.int16)
        wave = av.AudioFrame.from_ndarray(values, format="s16", layout=layout)
        wave.sample_rate, wave.pts, wave.time_base = RATE, start, Fraction(1, RATE)
        container.mux(track.encode(wave))
    container.mux(track.encode(None))


def spoil(path: Path) -> None:
    """Damages a packet of the first track, which is encoded anew, and a time of the second, which is copied."""
    data = bytearray(path.read_bytes())
    for track in range(2):
        with av.open(str(path)) as container:
            packet = bytes([one for one in container.demux(audio=track) if one.size][6])
        start = data.index(packet)
        if track == 0:
            data[start : start + len(packet)] = b"\xff" * len(packet)
        else:
            data[start - 3 : start - 1] = bytes(2)  # of a Matroska block: track, time (2 bytes), flags, packet
    path.write_bytes(data)


@pytest.mark.parametrize("changed", [True, False])
def test_a_change_is_told_where_it_is_made_alone(changed: bool, tmp_path: Path) -> None:
    scream = prepare_style(stylex.load("fast", "int8", "cpu", style="the-scream", threads=1))
    notices = paint_film(
        film(tmp_path / "film.mkv", changed), tmp_path / "out.mov", Stylizer(scream), longest=16
    ).notices
    encoded = "the output's format can't hold sound of the kind vorbis, wavpack: it was encoded as AAC"
    assert sorted(notices) == sorted([encoded, *(NOTICES if changed else ())])
