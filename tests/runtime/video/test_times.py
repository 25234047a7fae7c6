"""When frames are shown: animations, variable times, and files that know only the order of decoding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from stylex.errors import InputError
from stylex.runtime.video.animation import is_animation
from stylex.runtime.video.messages import AudioPacket, Excerpt, Frame, StreamInfo
from stylex.runtime.video.reader import Reader
from stylex.runtime.video.writer import FORMATS, Writer

Make = Callable[..., Path]
MILLISECONDS = [100, 100, 500, 50, 1000]


def animation(path: Path, durations: list[int] = MILLISECONDS) -> Path:
    """Writes squares that grow brighter."""
    first, *others = (Image.new("RGB", (32, 32), (20 + 40 * i, 90, 60)) for i in range(len(durations)))
    options = {".webp": {"lossless": True}, ".avif": {"quality": 95}}.get(path.suffix, {})
    first.save(path, save_all=True, append_images=others, duration=durations, **options)
    return path


def written(film: Path, output: Path) -> StreamInfo:
    with Reader(film, form=FORMATS[output.suffix]) as reader, Writer(output, reader.info, 1) as writer:
        for message in reader:
            assert isinstance(message, (Frame, AudioPacket))
            writer.put(message)
        writer.finish()
    return reader.info


def times_and_end(path: Path) -> tuple[list[float], float]:
    with av.open(str(path)) as container:
        end = container.duration / av.time_base
        return [float(frame.time) for frame in container.decode(video=0)], end


@pytest.mark.parametrize("output", ["o.mp4", "o.mov", "o.mkv"])
@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp", "a.avif"])
def test_animations_keep_their_times(name: str, output: str, tmp_path: Path) -> None:
    written(animation(tmp_path / name), tmp_path / output)
    times, end = times_and_end(tmp_path / output)
    np.testing.assert_allclose(times, np.cumsum([0, *MILLISECONDS[:-1]]) / 1000, atol=1e-3)
    assert end == pytest.approx(1.75, abs=2e-3)
    with Reader(tmp_path / name) as reader:
        reds = [frame.picture[8, 8, 0] for frame in reader if isinstance(frame, Frame)]
    np.testing.assert_allclose(np.array(reds, int), 20 + 40 * np.arange(5), atol=2)


def test_a_part_of_an_animated_webp(tmp_path: Path) -> None:
    film = animation(tmp_path / "a.webp")
    for excerpt, wanted in (
        (Excerpt(0.1, 0.7), [0, 100]),
        (Excerpt(frames=3), [0, 100, 200]),
        (Excerpt(0.7, frames=1), [0]),
    ):
        with Reader(film, excerpt, 16) as reader:
            frames = [frame for frame in reader if isinstance(frame, Frame)]
        assert [frame.time for frame in frames] == wanted
        assert frames[0].picture.shape == (16, 16, 3)
    with pytest.raises(InputError, match="no frames in the part"), Reader(film, Excerpt(9.0)):
        pass
    damaged = tmp_path / "b.webp"
    damaged.write_bytes(film.read_bytes()[:100])
    assert is_animation(damaged) and not is_animation(tmp_path / "none.webp")
    with pytest.raises(InputError), Reader(damaged) as reader:
        list(reader)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.integers(1, 400), min_size=2, max_size=9), output=st.sampled_from(["o.mp4", "o.mov", "o.mkv"]))
def test_variable_times(steps: list[int], output: str, make_film: Make, tmp_path: Path) -> None:
    times = np.cumsum([0, *steps[:-1]]).tolist()
    film = make_film("film.mp4", len(steps), times, flags=0, max_b_frames=0)
    written(film, tmp_path / output)
    before, after = times_and_end(film), times_and_end(tmp_path / output)
    np.testing.assert_allclose(after[0], before[0], atol=1e-3)
    assert after[1] == pytest.approx(before[1], abs=2e-3)


@pytest.mark.parametrize("frames", [5, 12])
@pytest.mark.parametrize("suffix", [".avi", ".mp4", ".mkv", ".ts"])
def test_b_frames(suffix: str, frames: int, tmp_path: Path) -> None:
    """AVI has no times for them: the decoder gives frames in the right order."""
    with av.open(str(tmp_path / f"film{suffix}"), "w") as container:
        options = {"bf": "3", "b_strategy": "0", "crf": "1"}
        stream = container.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for i in range(frames):
            picture = np.full((48, 64, 3), 20 + 15 * i, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    with Reader(tmp_path / f"film{suffix}") as reader:
        read = [frame for frame in reader if isinstance(frame, Frame)]
    assert (len(read), reader.skipped) == (frames, 0)
    seconds = np.array([float(frame.time * reader.info.time_base) for frame in read])
    np.testing.assert_allclose(seconds - seconds[0], np.arange(frames) / 30, atol=1.1e-3)
    np.testing.assert_allclose([int(frame.picture[8, 8, 0]) for frame in read], 20 + 15 * np.arange(frames), atol=3)
