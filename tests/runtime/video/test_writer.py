"""Films as they are written: times, sides, colours, sound, and failing disks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stylex.errors import InputError, UsageError
from stylex.runtime.video.decoder import Decoder
from stylex.runtime.video.messages import AudioPacket, Excerpt, Frame, StreamInfo
from stylex.runtime.video.writer import FORMATS, Writer, check_film_output

Make = Callable[..., Path]
INFO = StreamInfo(64, 48, Fraction(1, 240), Fraction(24), None)


def colored(size: tuple[int, int], color: tuple[int, int, int] = (200, 60, 30)) -> np.ndarray:
    return np.full((*size, 3), color, np.uint8)


def write(path: Path, info: StreamInfo, frames: list[Frame], crf: int = 18) -> Writer:
    with Writer(path, info, crf) as writer:
        for frame in frames:
            writer.put(frame)
        writer.finish()
    return writer


@pytest.mark.parametrize("name", ["a.mp4", "a.m4v", "a.mov", "a.mkv"])
def test_times_are_kept(name: str, tmp_path: Path) -> None:
    times = [0, 3, 40, 41, 97, 360]
    write(tmp_path / name, INFO, [Frame(colored((48, 64)), time, 10) for time in times])
    with av.open(str(tmp_path / name)) as container:
        stream = container.streams.video[0]
        found = [float(frame.pts * stream.time_base) for frame in container.decode(stream)]
    np.testing.assert_allclose(found, np.array(times) / 240, atol=6e-4 if name == "a.mkv" else 1e-9)


def test_the_last_frame_keeps_its_duration(tmp_path: Path) -> None:
    write(
        tmp_path / "a.mp4", INFO, [Frame(colored((48, 64)), time, duration) for time, duration in ((0, 10), (10, 230))]
    )
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert Fraction(container.duration, av.time_base) == 1


@pytest.mark.parametrize("size", [(47, 63), (48, 63), (47, 64)])
def test_odd_sides_are_made_even(size: tuple[int, int], tmp_path: Path) -> None:
    picture = colored(size)
    picture[-1], picture[:, -1] = (20, 20, 20), (20, 20, 20)
    writer = write(tmp_path / "a.mp4", replace(INFO, width=size[1], height=size[0]), [Frame(picture, 0, 10)], 1)
    assert (writer.width, writer.height) == (64, 48)
    with av.open(str(tmp_path / "a.mp4")) as container:
        written = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert written.shape == (48, 64, 3)
    assert np.abs(written[20:28, 20:40].astype(int) - (200, 60, 30)).max() <= 6
    assert size[0] == 48 or written[-1].mean() < 60
    assert size[1] == 64 or written[:, -1].mean() < 60


def test_colours_and_pixels_are_told(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", replace(INFO, aspect=Fraction(4, 3)), [Frame(colored((48, 64)), 0, 10)], 1)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream, frame = container.streams.video[0], next(container.decode(video=0))
        assert (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range) == (1, 1, 1, 1)
        assert stream.sample_aspect_ratio == Fraction(4, 3) and frame.format.name == "yuv420p"
    _, first, *_ = Decoder(tmp_path / "a.mp4", Excerpt(), None)
    assert isinstance(first, Frame)
    assert np.abs(first.picture.astype(int) - (200, 60, 30)).max() <= 4


def test_quality(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    for crf in (10, 40):
        write(tmp_path / f"{crf}.mp4", INFO, [Frame(noise, time, 10) for time in (0, 10)], crf)
    assert (tmp_path / "10.mp4").stat().st_size > 2 * (tmp_path / "40.mp4").stat().st_size


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_sound_is_written_as_it_was(name: str, make_film: Make, tmp_path: Path) -> None:
    source = make_film("source.mp4", pictures=24, sound=True)
    info, *messages, _ = Decoder(source, Excerpt(), None, FORMATS[Path(name).suffix])
    assert isinstance(info, StreamInfo)
    with Writer(tmp_path / name, info) as writer:
        for message in messages:
            assert isinstance(message, (Frame, AudioPacket))
            writer.put(message)
        writer.finish()
    packets = []
    for path in (source, tmp_path / name):
        with av.open(str(path)) as container:
            packets.append([p for p in container.demux(audio=0) if p.dts is not None])
    assert [bytes(p) for p in packets[0]] == [bytes(p) for p in packets[1]]
    if name != "a.mkv":
        assert [(p.pts, p.dts, p.duration) for p in packets[0]] == [(p.pts, p.dts, p.duration) for p in packets[1]]


def test_sound_with_impossible_times_is_counted(make_film: Make, tmp_path: Path) -> None:
    info, *messages, _ = Decoder(make_film("source.mp4", sound=True), Excerpt(), None, "mp4")
    sounds = [message for message in messages if isinstance(message, AudioPacket)]
    assert isinstance(info, StreamInfo)
    with Writer(tmp_path / "a.mp4", info) as writer:
        writer.put(Frame(colored((48, 64)), 0, 10))
        for sound in (*sounds[:3], sounds[1], *sounds[3:]):
            writer.put(sound)
        writer.finish()
    assert writer.unusable == 1


def test_times_that_go_back(tmp_path: Path) -> None:
    frames = [Frame(colored((48, 64)), time, 10) for time in (100, 0, *range(1, 90))]
    with pytest.raises(InputError, match="can't be written"):
        write(tmp_path / "a.mp4", INFO, frames)


FULL = """
import errno, resource, sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from stylex.runtime.video.messages import StreamInfo, Frame
from stylex.runtime.video.writer import Writer
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
rng = np.random.default_rng(0)
with Writer(Path(sys.argv[1]), StreamInfo(64, 48, Fraction(1, 24), Fraction(24), None), 1) as writer:
    try:
        for i in range(int(sys.argv[3])):
            writer.put(Frame(rng.integers(0, 256, (48, 64, 3), np.uint8), i, 1))
        writer.finish()
    except OSError as error:
        print(error.errno == errno.EFBIG)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on file sizes there")
@pytest.mark.parametrize(("limit", "frames"), [(100_000, 200), (2_000, 1)])
def test_a_full_disk(limit: int, frames: int, tmp_path: Path) -> None:
    """While frames are written, and as late as the file is closed."""
    call = [sys.executable, "-c", FULL, tmp_path / "a.mp4", str(limit), str(frames)]
    result = subprocess.run(call, capture_output=True, text=True, check=False, timeout=60)
    assert (result.returncode, result.stdout, result.stderr) == (0, "True\n", "")


def test_outputs_that_cannot_be_used(make_film: Make, tmp_path: Path) -> None:
    film = make_film()
    with pytest.raises(UsageError, match=r"out\.gif ends in \.gif; a film's name ends in \.mp4"):
        check_film_output(tmp_path / "out.gif", film)
    with pytest.raises(UsageError, match="no suffix"):
        check_film_output(tmp_path / "out", film)
    with pytest.raises(InputError, match="doesn't exist"):
        check_film_output(tmp_path / "no" / "out.mp4", film)
    (tmp_path / "link.mp4").symlink_to(film)
    for path in (film, tmp_path / "link.mp4", film.parent / "." / film.name):
        with pytest.raises(InputError, match="is also the input"):
            check_film_output(path, film)
    check_film_output(tmp_path / "OUT.MP4", film)
