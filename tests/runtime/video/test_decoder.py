"""Films as messages: what is read, and what is refused. The decoder runs in this process here."""

from __future__ import annotations

import io
import itertools
import random
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stylex.errors import InputError
from stylex.runtime.video.decoder import Decoder
from stylex.runtime.video.messages import AudioPacket, End, Excerpt, Frame, StreamInfo

Make = Callable[..., Path]


def read(
    path: Path, excerpt: Excerpt | None = None, longest: int | None = None
) -> tuple[StreamInfo, list[Frame], list[AudioPacket], int]:
    info, *rest, end = Decoder(path, excerpt or Excerpt(), longest)
    assert isinstance(info, StreamInfo) and isinstance(end, End)
    frames = [message for message in rest if isinstance(message, Frame)]
    sounds = [message for message in rest if isinstance(message, AudioPacket)]
    assert len(frames) + len(sounds) == len(rest)
    return info, frames, sounds, end.skipped


def refusal(path: Path, excerpt: Excerpt | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read(path, excerpt)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(np.square(one.astype(float) - other).mean(), 1e-9)))


def seconds(info: StreamInfo, frames: list[Frame]) -> list[float]:
    return [float(frame.time * info.time_base) for frame in frames]


# What is read


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "ts"])
@pytest.mark.parametrize("codec", ["aac", "mp2"])  # mp2 is encoded anew in .mov
def test_every_frame_of_a_film_whose_sound_stands_first(codec: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"film.{suffix}"
    with av.open(str(path), "w") as container:
        sound, video = container.add_stream(codec, rate=48000, layout="mono"), container.add_stream("libx264", rate=24)
        assert isinstance(sound, av.AudioStream)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        for number in range(12):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 20 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 24)
            container.mux(video.encode(frame))
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 24000), np.int16), format="s16", layout="mono")
        silence.sample_rate, silence.pts, silence.time_base = 48000, 0, Fraction(1, 48000)
        container.mux([*video.encode(None), *sound.encode(silence), *sound.encode(None)])
    *messages, end = Decoder(path, Excerpt(), None, "mov")
    frames = [message for message in messages if isinstance(message, Frame)]
    assert len(frames) == 12
    assert np.diff([frame.picture.mean() for frame in frames]).min() > 10
    assert isinstance(end, End) and (end.skipped, end.damaged_sound) == (0, 0)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.ts"])
def test_frames_with_their_times(name: str, make_film: Make) -> None:
    info, frames, sounds, skipped = read(make_film(name))
    assert (info.width, info.height, info.sound, info.left_out) == (64, 48, (), ())
    assert (len(frames), sounds, skipped) == (8, [], 0)
    if name != "a.ts":
        assert (info.frames, info.rate) == (8, 24)
    times = np.array(seconds(info, frames))
    np.testing.assert_allclose(times - times[0], np.arange(8) / 24, atol=6e-4)
    for frame in frames:
        assert frame.picture.dtype == np.uint8 and frame.picture.shape == (48, 64, 3)


def test_pictures_are_the_films(make_film: Make) -> None:
    shots = [np.full((48, 64, 3), color, np.uint8) for color in ((200, 60, 30), (20, 160, 220))]
    _, frames, _, _ = read(make_film(pictures=shots))
    for shot, frame in zip(shots, frames, strict=True):
        assert np.abs(frame.picture.astype(int) - shot).max() <= 6


def test_variable_times(make_film: Make) -> None:
    times = [0, 3, 40, 41, 97, 120, 121, 360]
    info, frames, _, _ = read(make_film(times=times))
    assert [frame.time * info.time_base * 240 for frame in frames] == times


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_rotation_is_applied(turn: int, make_film: Make) -> None:
    plain, turned = make_film("plain.mp4"), make_film("turned.mp4", turn=turn, sample_aspect_ratio=Fraction(2, 1))
    info, frames, _, _ = read(turned)
    assert (info.width, info.height) == ((48, 64) if turn != 180 else (64, 48))
    assert info.aspect == (Fraction(1, 2) if turn != 180 else 2)
    expected = np.rot90(read(plain)[1][3].picture, turn // 90)  # counter-clockwise, as FFmpeg counts
    assert psnr(frames[3].picture, expected) > 30
    assert frames[3].picture.flags.c_contiguous


def test_mirrored(make_film: Make, tmp_path: Path) -> None:
    with av.open(str(make_film("plain.mp4"))) as source, av.open(str(tmp_path / "mirror.mp4"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        stream.set_display_rotation(90, hflip=True)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    with av.open(str(tmp_path / "mirror.mp4")) as container:
        frame = next(container.decode(video=0))
        matrix = np.frombuffer(bytes(next(iter(frame.side_data))), np.int32)[:5] / 65536
    expected = np.zeros((64, 48, 3), np.uint8)
    plain = read(tmp_path / "plain.mp4")[1][0].picture
    a, b, _, c, d = matrix
    rows, columns = np.mgrid[:48, :64]
    x, y = a * columns + c * rows, b * columns + d * rows
    expected[(y - y.min()).astype(int), (x - x.min()).astype(int)] = plain
    np.testing.assert_array_equal(read(tmp_path / "mirror.mp4")[1][0].picture, expected)


def test_odd_sizes_and_more_bits(make_film: Make) -> None:
    odd = [np.ascontiguousarray(np.tile(np.arange(63, dtype=np.uint8)[None, :, None] * 4, (47, 1, 3)))] * 3
    info, frames, _, _ = read(make_film("odd.mkv", odd, codec="ffv1", pix_fmt="yuv444p"))
    assert (info.width, info.height) == (63, 47)
    assert psnr(frames[0].picture, odd[0]) > 40
    deep = make_film("deep.mkv", odd, codec="ffv1", pix_fmt="yuv420p10le", color_trc=14, colorspace=9)
    info, frames, _, _ = read(deep)
    assert info.notices == ()
    assert psnr(frames[0].picture, odd[0]) > 30


def test_a_size(make_film: Make) -> None:
    info, frames, _, _ = read(make_film(turn=90), longest=32)
    assert (info.width, info.height) == (24, 32) and frames[0].picture.shape == (32, 24, 3)
    assert read(make_film(), longest=5000)[0].width == 64


def test_sound_is_copied(make_film: Make) -> None:
    path = make_film(sound=True)
    info, _, sounds, _ = read(path)
    (track,) = info.sound
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(audio=0) if p.dts is not None]
        extradata = container.streams.audio[0].codec_context.extradata
    assert [s.data for s in sounds] == [bytes(p) for p in packets]
    assert [(s.pts, s.dts, s.duration, s.time_base) for s in sounds] == [
        (p.pts, p.dts, p.duration, p.time_base) for p in packets
    ]
    with av.open(io.BytesIO(track.template)) as template:
        assert template.streams.audio[0].codec_context.extradata == extradata


def test_a_part_of_a_film(make_film: Make) -> None:
    path = make_film(pictures=48, sound=True)
    whole_facts, whole, whole_sounds, _ = read(path)
    info, frames, sounds, skipped = read(path, Excerpt(0.5, 1.0))
    assert (len(frames), info.frames, skipped) == (12, 12, 0)
    np.testing.assert_array_equal(frames[0].picture, whole[12].picture)
    assert [f.time for f in frames] == [f.time - whole[12].time for f in whole[12:24]]
    times = [float(s.pts * s.time_base) for s in sounds]
    assert -0.001 <= min(times) < 0.03 and 0.45 < max(times) < 0.5
    assert {s.data for s in sounds} < {s.data for s in whole_sounds}
    info, frames, sounds, _ = read(path, Excerpt(frames=5))
    assert (len(frames), info.frames) == (5, 5)
    assert [f.time for f in frames] == [f.time for f in whole[:5]]
    assert max(float(s.pts * s.time_base) for s in sounds) < 5 / 24
    assert whole_facts.frames == 48
    assert "no frames in the part that was asked for" in refusal(path, Excerpt(30))


def test_streams_that_are_left_out(tmp_path: Path, make_film: Make) -> None:
    with av.open(str(make_film())) as source, av.open(str(tmp_path / "two.mkv"), "w") as target:
        streams = [target.add_stream_from_template(source.streams.video[0]) for _ in range(2)]
        for packet in [p for p in source.demux(video=0) if p.dts is not None]:
            for stream in streams:
                again = av.Packet(bytes(packet))
                again.pts, again.dts, again.time_base = packet.pts, packet.dts, packet.time_base
                again.is_keyframe, again.stream = packet.is_keyframe, stream
                target.mux(again)
    assert read(tmp_path / "two.mkv")[0].left_out == ("1 video stream",)


# What is damaged


def damaged(path: Path, numbers: tuple[int, ...], to: Path) -> Path:
    """A copy whose packets of those numbers are noise behind their first bytes."""
    with av.open(str(path)) as container:
        entries = list(container.streams.video[0].index_entries)
    data, noise = bytearray(path.read_bytes()), random.Random(0)
    for number in numbers:
        start, end = entries[number].pos + min(8, entries[number].size), entries[number].pos + entries[number].size
        data[start:end] = noise.randbytes(end - start)
    to.write_bytes(data)
    return to


def test_a_damaged_frame_is_left_out_and_counted(make_film: Make, tmp_path: Path) -> None:
    path = make_film(pictures=24, options={})
    info, whole, _, _ = read(path)
    bad = damaged(path, (12,), tmp_path / "bad.mp4")
    _, frames, _, skipped = read(bad)
    assert skipped >= 1
    assert len(frames) == 24 - skipped
    assert {f.time for f in frames} < {f.time for f in whole}
    last = {f.time: f.picture for f in whole}[frames[-1].time]
    np.testing.assert_array_equal(frames[-1].picture, last)  # what comes behind the next keyframe is sound
    assert info.frames == 24


def test_nothing_but_damage(make_film: Make, tmp_path: Path) -> None:
    assert "bad.mp4 can be decoded: it is damaged" in refusal(
        damaged(make_film(), tuple(range(8)), tmp_path / "bad.mp4")
    )


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_a_film_that_is_cut_short(name: str, make_film: Make, tmp_path: Path) -> None:
    path = make_film(name, pictures=240, sound=True, options={"movflags": "+faststart"} if name.endswith("4") else None)
    cut = tmp_path / f"cut{path.suffix}"
    cut.write_bytes(path.read_bytes()[: path.stat().st_size * 7 // 10])
    message = refusal(cut)
    assert "is cut short: frame 1" in message and "is missing: get it again, or paint what is whole, up to " in message
    if name.endswith("4"):
        assert "of 240 is missing" in message
    end = float(message.rsplit(" ", 2)[1])
    assert len(read(cut, Excerpt(end=end))[1]) == round(end * 24 + 0.499)
    assert len(read(cut, Excerpt(frames=3))[1]) == 3
    assert "is cut short" in refusal(cut, Excerpt(end=9))


def test_cut_short_before_the_first_frame(make_film: Make, tmp_path: Path) -> None:
    whole = make_film().read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    assert "can't be opened (Invalid data found" in refusal(tmp_path / "cut.mp4")


# What is no film


def test_sound_alone(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "song.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert "song.mp4 holds sound only: give a film with video" in refusal(tmp_path / "song.mp4")


def test_no_frames(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "empty.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    assert "empty.mkv can't be opened (End of file): it is no film, has no frames" in refusal(tmp_path / "empty.mkv")


def test_a_changing_size(make_film: Make, tmp_path: Path) -> None:
    small = [np.zeros((32, 48, 3), np.uint8)] * 4
    parts = [make_film("one.h264", pictures=6), make_film("two.h264", small)]
    (tmp_path / "both.h264").write_bytes(b"".join(part.read_bytes() for part in parts))
    assert "changes its size at frame 7 from 64x48 to 48x32: cut it there" in refusal(tmp_path / "both.h264")
    _, frames, _, _ = read(parts[0])  # which tells no times
    assert len(frames) == 6
    assert all(b.time > a.time for a, b in itertools.pairwise(frames))


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("hello")
    assert "nowhere.mp4 doesn't exist" in refusal(tmp_path / "nowhere.mp4")
    assert "isn't a regular file" in refusal(tmp_path)
    assert "is empty (0 bytes)" in refusal(tmp_path / "empty.mp4")
    assert "text.mp4 can't be opened" in refusal(tmp_path / "text.mp4")
    assert "can't be read" in refusal(tmp_path / "nul\0.mp4")


def test_a_name_is_no_protocol(make_film: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(make_film(), "concat:a|b.mp4")
    assert len(read(Path("concat:a|b.mp4"))[1]) == 8
