"""Films from end to end: what is written, and what is left behind where it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import skimage.data

import stylex
from stylex.errors import InputError, ResourceError
from stylex.runtime.video import film as film_module
from stylex.runtime.video.decoder import Decoder
from stylex.runtime.video.film import paint_film
from stylex.runtime.video.messages import Excerpt, Frame
from stylex.runtime.video.stylizer import PreparedStyle, Stylizer, prepare_style

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def scream() -> PreparedStyle:
    return prepare_style(stylex.load("fast", "int8", "cpu", style="the-scream", threads=1))


def frames_of(path: Path) -> list[Frame]:
    return [message for message in Decoder(path, Excerpt(), None) if isinstance(message, Frame)]


def test_a_film_is_painted(scream: PreparedStyle, make_film: Make, tmp_path: Path) -> None:
    film, output = make_film(pictures=12, times=[*range(0, 110, 10), 300], sound=True, turn=90), tmp_path / "out.mp4"
    counts: list[int] = []
    report = paint_film(
        str(film), str(output), Stylizer(scream), crf=5, progress=lambda count, info: counts.append(count)
    )
    assert (report.frames, report.width, report.height, report.shots) == (12, 48, 64, 1)
    assert (report.technique, report.style, report.precision, report.provider) == ("fast", "the-scream", "int8", "cpu")
    assert (report.temporal, report.notices) == ("statistics", ())
    assert report.frames_per_second == pytest.approx(12 / report.seconds, rel=0.2)
    assert counts == list(range(1, 13))
    before, after = frames_of(film), frames_of(output)
    assert [f.time * 1 for f in before] == [f.time for f in after]
    alone = Stylizer(scream)
    for old, new in zip(before, after, strict=True):
        assert np.abs(alone(old.picture).astype(int) - new.picture).mean() < 6
    with av.open(str(film)) as one, av.open(str(output)) as other:
        sounds = [[bytes(p) for p in c.demux(audio=0) if p.dts is not None] for c in (one, other)]
        assert sounds[0] == sounds[1] and len(sounds[0]) > 10
        other.seek(0)
        assert next(other.decode(video=0)).rotation == 0
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["film.mp4", "out.mp4"]


def test_notices(scream: PreparedStyle, make_film: Make, tmp_path: Path) -> None:
    odd = [np.full((47, 63, 3), 90, np.uint8)] * 3
    film = make_film("odd.mkv", odd, codec="ffv1", pix_fmt="yuv420p10le", color_trc=16)
    report = paint_film(film, tmp_path / "out.mkv", Stylizer(scream), longest=40)
    assert (report.width, report.height) == (40, 30)
    assert report.notices == ("the film has a high dynamic range, which was mapped to the standard one",)
    report = paint_film(film, tmp_path / "out.mkv", Stylizer(scream))
    assert "63x47 was made even by repeating the last row or column" in report.notices
    cartoon = prepare_style(stylex.load("cyclegan", "int8", "cpu", style="cartoon", threads=1))
    report = paint_film(film, tmp_path / "out.mkv", Stylizer(cartoon), Excerpt(frames=2))
    assert (report.temporal, report.frames) == ("off", 2)
    assert any("every frame is painted alone" in notice for notice in report.notices)


def test_damaged_frames_are_counted(scream: PreparedStyle, make_film: Make, tmp_path: Path) -> None:
    film = make_film(pictures=24)
    with av.open(str(film)) as container:
        entry = container.streams.video[0].index_entries[12]
    data = bytearray(film.read_bytes())
    data[entry.pos + 8 : entry.pos + entry.size] = np.random.default_rng(0).bytes(entry.size - 8)
    film.write_bytes(data)
    report = paint_film(film, tmp_path / "out.mp4", Stylizer(scream))
    skipped = 24 - report.frames
    assert skipped > 0
    assert report.notices[0] == f"{skipped} damaged frames were left out, the ones before them are shown longer"
    assert len(frames_of(tmp_path / "out.mp4")) == report.frames


class Failing(Stylizer):
    """Paints one frame and then fails."""

    error: BaseException = KeyboardInterrupt()

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        if self.shots:
            raise self.error
        return super().__call__(frame)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError(), ResourceError("no")])
def test_what_fails_leaves_the_old_film(
    error: BaseException, scream: PreparedStyle, make_film: Make, tmp_path: Path
) -> None:
    film, output = make_film(), tmp_path / "out.mp4"
    output.write_bytes(b"of last time")
    stylizer = Failing(scream)
    stylizer.error = error
    with pytest.raises(type(error)):
        paint_film(film, output, stylizer)
    assert output.read_bytes() == b"of last time"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["film.mp4", "out.mp4"]


def test_a_film_that_goes_bad_leaves_nothing(scream: PreparedStyle, make_film: Make, tmp_path: Path) -> None:
    parts = [make_film("1.h264"), make_film("2.h264", [np.zeros((32, 32, 3), np.uint8)] * 4)]
    (tmp_path / "both.h264").write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.raises(InputError, match="changes its size"):
        paint_film(tmp_path / "both.h264", tmp_path / "out.mp4", Stylizer(scream))
    assert not [entry for entry in tmp_path.iterdir() if entry.suffix == ".mp4"]


def test_a_full_disk_is_told(
    scream: PreparedStyle, make_film: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(film_module.Writer, "_encode", full)
    with pytest.raises(ResourceError, match=r"no space left to write .*out\.mp4"):
        paint_film(make_film(), tmp_path / "out.mp4", Stylizer(scream))
    assert [entry.name for entry in tmp_path.iterdir()] == ["film.mp4"]


@pytest.mark.skipif(sys.platform == "win32", reason="no process groups as in POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["INT", "TERM", "HUP"])
def test_signals_reach_the_whole_group(number: signal.Signals, make_film: Make, tmp_path: Path) -> None:
    """As in a terminal, where the decoder's process hears it too."""
    film = make_film(pictures=[np.full((240, 320, 3), i % 250, np.uint8) for i in range(400)])
    call = [
        sys.executable,
        "-m",
        "stylex",
        "video",
        film,
        tmp_path / "out.mp4",
        "--technique",
        "fast",
        "--threads",
        "1",
    ]
    process = subprocess.Popen(
        [*map(str, call), "--style", "the-scream"], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not [e for e in tmp_path.iterdir() if e.name.startswith(".")] and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (
        128 + number,
        "stylex: stopped; nothing half-written was left [docs/errors.md#interrupted]\n",
    )
    assert [entry.name for entry in tmp_path.iterdir()] == ["film.mp4"]


FLAT = """
import sys
from pathlib import Path
import stylex
from stylex.runtime.engine.hardware import peak_memory_mib
from stylex.runtime.video.film import paint_film
from stylex.runtime.video.stylizer import Stylizer, prepare_style

class Same(Stylizer):
    def __call__(self, frame):
        return frame

if __name__ == "__main__":
    painter = stylex.load("fast", "int8", "cpu", style="the-scream", threads=1)
    marks = []
    tell = lambda count, facts: marks.append(peak_memory_mib())
    paint_film(Path(sys.argv[1]), Path(sys.argv[2]), Same(prepare_style(painter)), progress=tell)
    print(len(marks), marks[79], marks[-1])
"""


def test_memory_is_flat(make_film: Make, tmp_path: Path) -> None:
    """Once the encoder has filled its look-ahead, hundreds of frames (64 MiB as pictures) cost nothing more."""
    (tmp_path / "flat.py").write_text(FLAT)
    photo = np.ascontiguousarray(skimage.data.astronaut()[:240, :320])
    film = make_film("film.avi", [np.roll(photo, i, 1) for i in range(370)], codec="mpeg4")
    call = [sys.executable, str(tmp_path / "flat.py"), str(film), str(tmp_path / "out.mp4")]
    result = subprocess.run(call, capture_output=True, text=True, check=True, timeout=120)
    count, early, late = map(float, result.stdout.split())
    assert count == 370
    assert late - early < 10
