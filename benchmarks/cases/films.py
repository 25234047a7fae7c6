"""Films: shots, sound, times, colours, processes and signals."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from cases.case import Case, Outcome, run, stylex

STYLE_OPTIONS = ("--technique", "fast", "--style", "the-scream")
PATCH = 48
"""Pixels of a patch of colour."""


def cases(folder: Path) -> Iterator[Case]:
    """Yields the cases of the folder `films`."""
    for temporal in ("statistics", "flow"):
        yield Case(f"black-first.mp4, {temporal}", "within 10 of off", partial(_unlike, folder, temporal))
    for name, begins in (("two-tracks.mp4", [[0.2], [0.6]]), ("alac.mov", [[0.0, 0.5]]), ("adpcm.avi", [[0.0, 0.5]])):
        for suffix in (".mp4", ".mov", ".mkv"):
            yield Case(f"{name} to {suffix}", f"beeps {begins}", partial(_sound, folder, name, suffix, begins))
    yield Case("script.py", "begins, 13", partial(_script, folder))
    yield Case("b-frames.avi", "30 frames, 1/30 s each, no notice", partial(_b_frames, folder))
    yield Case("ycgco.mp4", "8 frames", partial(_ycgco, folder))
    yield Case("hlg.mp4", "white >= 205, green pure", partial(_hlg, folder))
    yield Case("p3.mp4", "green (0, 180, 0), red (180, 0, 0) within 20", partial(_p3, folder))
    yield Case("ten-bit.mp4", "255, 0, 128 within 1", partial(_ten_bit, folder))
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name)
        yield Case(f"ended by {name}", f"exit {128 + number}, nothing left", partial(_ended, folder, number))


def _painted(film: Path, output: Path, *more: object) -> tuple[Path, str]:
    called = stylex("video", film, output, *(more or (*STYLE_OPTIONS, "--strength", 0)))
    if called.code:
        raise RuntimeError(called.printed)
    return output, called.printed


def _frames(path: Path) -> list[npt.NDArray[np.float64]]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24").astype(np.float64) for frame in container.decode(video=0)]


def _beeps(path: Path) -> list[list[float]]:
    """Returns the seconds at which beeps begin in every track."""
    with av.open(str(path)) as container:
        count = len(container.streams.audio)
    return [_beeps_of(path, track) for track in range(count)]


def _beeps_of(path: Path, track: int) -> list[float]:
    begins, last = [], -1.0
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono")
        for frame in container.decode(audio=track):
            for plain in resampler.resample(frame):
                start = float(plain.time or 0)
                for place in np.flatnonzero(np.abs(plain.to_ndarray()[0]) > 0.1):
                    now = start + float(place) / plain.sample_rate
                    if now - last > 0.02 or last < 0:
                        begins.append(round(now, 3))
                    last = now
    return begins


def _unlike(folder: Path, temporal: str, out: Path) -> Outcome:
    film, style = folder / "black-first.mp4", ("--style", "starry-night")
    steady, alone = (
        _frames(_painted(film, out / f"{mode}.mp4", *style, "--temporal", mode)[0]) for mode in (temporal, "off")
    )
    apart = [round(float(np.abs(one - other).mean()), 1) for one, other in zip(steady, alone, strict=True)]
    return Outcome(str(apart), max(apart[1:]) <= 10)


def _sound(folder: Path, name: str, suffix: str, begins: list[list[float]], out: Path) -> Outcome:
    path, _ = _painted(folder / name, out / f"o{suffix}")
    found, count = _beeps(path), len(_frames(path))
    same = [len(track) for track in found] == [len(track) for track in begins]
    near = same and all(np.abs(np.subtract(a, b)).max() <= 0.034 for a, b in zip(found, begins, strict=True))
    return Outcome(f"{count} frames, {found}", bool(near and count == 30))


def _script(folder: Path, out: Path) -> Outcome:
    shutil.copy(folder / "black-first.mp4", out)
    script = (folder / "script.py").read_text()
    (out / "script.py").write_text(script)
    endings = []
    for given, source in ((["script.py"], None), (["-"], script)):
        done = run([sys.executable, *given], out, source)
        endings.append((done.returncode, done.stdout, done.stderr[-200:]))
    return Outcome(str(endings), endings == [(0, "begins\n13\n", "")] * 2)


def _b_frames(folder: Path, out: Path) -> Outcome:
    path, printed = _painted(folder / "b-frames.avi", out / "o.mp4")
    with av.open(str(path)) as container:
        times = [float(frame.time or 0) for frame in container.decode(video=0)]
    steps = np.diff(times)
    ok = len(times) == 30 and bool(np.abs(steps - 1 / 30).max() < 1e-3) and "stylex: " not in printed
    return Outcome(f"{len(times)} frames, steps {steps.min():.4f} to {steps.max():.4f}: {printed}", ok)


def _ycgco(folder: Path, out: Path) -> Outcome:
    path, printed = _painted(folder / "ycgco.mp4", out / "o.mp4")
    return Outcome(printed, len(_frames(path)) == 8)


def _patches(path: Path) -> list[npt.NDArray[np.float64]]:
    """Returns the mean colours of white, grey, red, green, blue and skin."""
    picture = _frames(path)[2]
    return [picture[20:-20, PATCH * k + 10 : PATCH * (k + 1) - 10].mean((0, 1)) for k in range(6)]


def _hlg(folder: Path, out: Path) -> Outcome:
    white, grey, _, green, *_ = _patches(_painted(folder / "hlg.mp4", out / "o.mp4")[0])
    ok = white.min() >= 205 and grey.min() >= 75 and grey.max() <= 135
    ok = ok and green[[0, 2]].max() <= 40 and green[1] >= 140
    return Outcome(f"white {white.round()}, grey {grey.round()}, green {green.round()}", bool(ok))


def _p3(folder: Path, out: Path) -> Outcome:
    _, _, red, green, *_ = _patches(_painted(folder / "p3.mp4", out / "o.mp4")[0])
    ok = np.abs(green - (0, 180, 0)).max() <= 20 and np.abs(red - (180, 0, 0)).max() <= 20
    return Outcome(f"green {green.round()}, red {red.round()}", bool(ok))


def _ten_bit(folder: Path, out: Path) -> Outcome:
    picture = _frames(_painted(folder / "ten-bit.mp4", out / "o.mp4")[0])[2]
    values = picture[48, [32, 96, 160]]
    return Outcome(str(values.mean(1)), bool(np.abs(values.T - (255, 0, 128)).max() <= 1))


def _ended(folder: Path, number: int, out: Path) -> Outcome:
    """Ends the painting of a film as soon as something of it is there."""
    long, place = out / "long.mp4", out / "t"
    place.mkdir()
    with av.open(str(folder / "two-tracks.mp4")) as film, av.open(str(long), "w") as target:
        stream = target.add_stream("mpeg4", rate=30)
        frames = list(film.decode(video=0)) * 30
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, "yuv420p"
        for count, frame in enumerate(frames):
            frame.pts = count
            frame.time_base = 1 / stream.average_rate if stream.average_rate else frame.time_base
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    call = [sys.executable, "-m", "stylex", "video", str(long), str(place / "o.mp4"), "--style", "starry-night"]
    painting = subprocess.Popen(call, stderr=subprocess.PIPE, text=True)
    while painting.poll() is None and not os.listdir(place):  # noqa: PTH208
        time.sleep(0.02)
    painting.send_signal(number)
    _, printed = painting.communicate(timeout=120)
    left = [entry.name for entry in place.iterdir()]
    return Outcome(
        f"exit {painting.returncode}, left {left}: {printed}", painting.returncode == 128 + number and not left
    )
