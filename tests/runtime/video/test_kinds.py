"""Films of kinds that people have beside the usual ones: transparency, fields, several pictures, odd beginnings."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from stylex.runtime.video.messages import Frame, StreamInfo
from stylex.runtime.video.reader import Reader

Make = Callable[..., Path]
CLEAR = "transparent places of the film were laid on white"


def read(path: Path, longest: int | None = None) -> tuple[StreamInfo, list[Frame]]:
    with Reader(path, longest=longest) as reader:
        return reader.info, [message for message in reader if isinstance(message, Frame)]


def transparent(path: Path, hidden: tuple[int, int, int]) -> Path:
    """Writes two frames with a square each, and this colour under what is transparent."""
    frames = []
    for color, box in (((200, 30, 30, 255), (4, 4, 20, 20)), ((30, 30, 200, 255), (16, 8, 36, 24))):
        frame = Image.new("RGBA", (40, 32), (*hidden, 0))
        frame.paste(color, box)
        frames.append(frame)
    if path.suffix == ".mov":
        with av.open(str(path), "w") as container:
            stream = container.add_stream("qtrle", rate=10)
            stream.width, stream.height, stream.pix_fmt = 40, 32, "argb"
            for frame in frames:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(frame), format="rgba")))
            container.mux(stream.encode(None))
    else:
        options = {"lossless": True, "exact": True} if path.suffix == ".webp" else {}
        frames[0].save(path, save_all=True, append_images=frames[1:], duration=100, disposal=1, **options)
    return path


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp", ".mov"])
def test_what_is_transparent_becomes_white(suffix: str, tmp_path: Path) -> None:
    dark, magenta = (
        read(transparent(tmp_path / f"{color[0]}{suffix}", color)) for color in ((10, 20, 30), (255, 0, 255))
    )
    assert suffix == ".webp" or CLEAR in dark[0].notices
    for one, other in zip(dark[1], magenta[1], strict=True):
        np.testing.assert_array_equal(one.picture, other.picture)
        assert one.picture[1, 1].tolist() == [255, 255, 255]
    assert np.abs(dark[1][0].picture[10, 10].astype(int) - (200, 30, 30)).max() <= 4
    assert np.abs(dark[1][1].picture[16, 30].astype(int) - (30, 30, 200)).max() <= 4
    _, small = read(tmp_path / f"10{suffix}", longest=20)
    assert small[0].picture.shape == (16, 20, 3)
    assert np.abs(small[0].picture[1, 4].astype(int) - 255).max() <= 60  # beside the square: white, not black


def test_fields_are_told(make_film: Make) -> None:
    made = make_film(options={}, flags=0)
    assert not any("interlaced" in notice for notice in read(made)[0].notices)
    fields = make_film("fields.mp4", codec="mpeg4", flags=(1 << 18) | (1 << 29))  # ildct, ilme
    info, frames = read(fields)
    assert len(frames) == 8 and any("the film is interlaced" in notice for notice in info.notices)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize("begin", [240, 1200])
def test_a_film_that_begins_late(begin: int, suffix: str, make_film: Make) -> None:
    film = make_film(f"late{suffix}", times=range(begin, begin + 80, 10))
    info, frames = read(film)
    assert len(frames) == 8
    assert float(frames[0].time * info.time_base) == pytest.approx(begin / 240, abs=2e-3)


def test_of_two_pictures_the_first_is_taken(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "two.mkv"), "w") as container:
        streams = [container.add_stream("libx264", rate=Fraction(24)) for _ in range(2)]
        for stream, side in zip(streams, (64, 32), strict=True):
            stream.width = stream.height = side
            stream.pix_fmt = "yuv420p"
        for stream, side in zip(streams, (64, 32), strict=True):
            for _ in range(3):
                picture = np.full((side, side, 3), 2 * side, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode(None))
    info, frames = read(tmp_path / "two.mkv")
    assert (info.width, len(frames), info.left_out) == (64, 3, ("1 video stream",))
