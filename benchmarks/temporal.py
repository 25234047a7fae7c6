#!/usr/bin/env python3
"""Steadiness of painted films: the warping error of each temporal mode, beside frames that are painted alone.

    python benchmarks/temporal.py --film film.mp4 --style starry-night --style the-scream
    stylex video film.mp4 painted.mp4 --style starry-night --temporal flow --json speed.json   # frames/s end to end

The warping error is the root mean square, in levels of 255, of what is left between a painted frame and the one before
it, moved along the motion of the unpainted film, where both show the same thing.

- `moved photo`: a photo of scikit-image under a known pan, turn and zoom, to a fraction of a pixel; `--noise` adds what
  a sensor would. The motion is known, nothing is estimated.
- `passing thing`: the same photo stands still while a large dark picture passes in front of it; only what is far from
  it is counted. Content statistics change with what passes, and the paint on everything else with them.
- `film`: the motion is DIS flow at full size and its slowest setting, finer than the one that the mode `flow` uses, and
  only what passes the forward-backward check is counted.

The rate is that of painting alone: no decoding, no encoding.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from stylex.cli.tables import print_table
from stylex.errors import StylexError
from stylex.imaging.arrays import Image
from stylex.runtime.benchmark.likeness import default_photo
from stylex.runtime.benchmark.report import write_report
from stylex.runtime.loading import load
from stylex.runtime.video.flow import Motion, at, motion, small_grey, warped
from stylex.runtime.video.keyframes import Keyframe, KeyframeFinder
from stylex.runtime.video.stylizer import MODES, PreparedStyle, Stylizer, prepare_style
from stylex.techniques import technique_named

COLUMNS = ("what moves", "style", "mode", "warping error", "share of off", "frames/s")
SIZE = (360, 640)
PAN, TURN, ZOOM = (1.7, -0.9), 0.25, 1.003
"""Pixels, degrees and factor from one frame to the next."""
THING, FAR = 240, 64
"""Width of what passes, and how far from it is far, in pixels."""
TRUSTED = 0.5
"""Trust in the flow from which on two pixels count as showing the same thing."""


@dataclass(frozen=True, eq=False)
class Step:
    """One frame of a film, and how it came from the one before; no motion where a shot begins."""

    frame: Image
    motion: Motion | None


def moved_photo(frames: int, noise: float) -> list[Step]:
    """The astronaut of scikit-image under a known motion."""
    photo = cv2.resize(default_photo(), (1200, 1200), interpolation=cv2.INTER_CUBIC)
    height, width = SIZE
    rng = np.random.default_rng(0)
    steps: list[Step] = []
    before: npt.NDArray[np.float64] | None = None
    for i in range(frames):
        # from places in frame i to places in the photo, both counted from the middle
        turn = cv2.getRotationMatrix2D((0, 0), TURN * i, ZOOM**i)
        place = np.vstack([turn, [0, 0, 1]])
        place[:2, 2] += (600 + PAN[0] * i, 500 + PAN[1] * i)
        place = place @ np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
        frame = cv2.warpAffine(photo, place[:2], (width, height), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
        frame = np.clip(frame + rng.normal(0, noise, frame.shape), 0, 255)
        steps.append(
            Step(np.rint(frame).astype(np.uint8), None if before is None else known(np.linalg.inv(before) @ place))
        )
        before = place
    return steps


def passing_thing(frames: int, noise: float) -> list[Step]:
    """The astronaut standing still, and something that passes."""
    height, width = SIZE
    behind = cv2.resize(default_photo()[:288], (width, height), interpolation=cv2.INTER_CUBIC)
    thing = cv2.resize(default_photo()[200:400, 350:], (THING, height), interpolation=cv2.INTER_CUBIC) // 4
    rng = np.random.default_rng(0)
    steps, before = [], np.ones(SIZE, bool)
    for i in range(frames):
        frame, free = behind.astype(np.float32), np.ones(SIZE, bool)
        left = round(-THING + (width + THING) * i / max(frames - 1, 1))
        here = slice(max(left, 0), max(min(left + THING, width), 0))
        frame[:, here] = thing[:, here.start - left : here.stop - left]
        free[:, max(left - FAR, 0) : max(left + THING + FAR, 0)] = False
        frame = np.clip(frame + rng.normal(0, noise, frame.shape), 0, 255)
        still = Motion(np.zeros((*SIZE, 2), np.float32), (free & before).astype(np.float32))
        steps.append(Step(np.rint(frame).astype(np.uint8), still if i else None))
        before = free
    return steps


def known(matrix: npt.NDArray[np.float64]) -> Motion:
    """The motion that takes places of a frame to those of the frame before by a matrix (3, 3)."""
    here = at(np.zeros((*SIZE, 2), np.float32))
    there = here @ matrix[:2, :2].T.astype(np.float32) + matrix[:2, 2].astype(np.float32)
    inside = (there >= 0).all(2) & (there[..., 0] <= SIZE[1] - 1) & (there[..., 1] <= SIZE[0] - 1)
    return Motion((there - here).astype(np.float32), inside.astype(np.float32))


def film_steps(film: Path, frames: int) -> list[Step]:
    """The first frames of a film, with the finest flow that DIS has."""
    from stylex.runtime.video.messages import Frame
    from stylex.runtime.video.reader import Reader

    finder, last = KeyframeFinder(0), None
    steps: list[Step] = []
    with Reader(film, longest=max(SIZE)) as reader:
        pictures: Iterator[Image] = (item.picture for item in reader if isinstance(item, Frame))
        for picture in islice(pictures, frames):
            grey = small_grey(picture, max(picture.shape))
            cut = finder(picture) is Keyframe.CUT
            moved = (
                None
                if cut or last is None
                else motion(last, grey, picture.shape[:2], cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
            )
            steps.append(Step(picture, moved))
            last = grey
    return steps


def warping_error(steps: Sequence[Step], painted: Sequence[Image]) -> float:
    """Root mean square in levels of 255, over all frames that have one before them."""
    total, count = 0.0, 0.0
    for step, before, now in zip(steps[1:], painted, painted[1:], strict=False):
        if step.motion is None:
            continue
        seen = step.motion.trust >= TRUSTED
        off = now.astype(np.float32) - warped(before, step.motion.flow)
        total += float(np.square(off[seen]).sum())
        count += 3.0 * float(seen.sum())
    return float((total / max(count, 1)) ** 0.5)


def measured(what: str, steps: Sequence[Step], chosen: PreparedStyle) -> list[dict[str, Any]]:
    """A row for each mode."""
    rows: list[dict[str, Any]] = []
    for mode in MODES:
        stylizer = Stylizer(chosen, temporal=mode)
        stylizer(steps[0].frame)
        stylizer.reset()
        start = time.perf_counter()
        painted = [stylizer(step.frame) for step in steps]
        seconds = time.perf_counter() - start
        error = warping_error(steps, painted)
        rows.append({"what": what, "style": chosen.name, "mode": mode, "runs": stylizer.runs, "warping_error": error})
        rows[-1] |= {"share": error / rows[0]["warping_error"], "frames_per_second": len(steps) / seconds}
    unpainted = warping_error(steps, [step.frame for step in steps])
    return [{**row, "unpainted_error": unpainted, "frames": len(steps)} for row in rows]


def styles(arguments: argparse.Namespace) -> Iterator[PreparedStyle]:
    """A painter for each style."""
    one = technique_named(arguments.technique).single_style
    rest = (arguments.precision, "cpu")
    for style in arguments.style or ["starry-night", "the-scream"]:
        style_of = {"style": style} if one else {}
        painter = load(
            arguments.technique, *rest, graphs=arguments.graphs, threads=arguments.threads, spinning=False, **style_of
        )
        yield prepare_style(painter, None if one else style)


def main() -> None:
    """Parse, paint, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--film", type=Path, help="a film, reduced to 640 pixels")
    parser.add_argument("--technique", default="adain")
    parser.add_argument("--style", action="append", help="repeat for more [starry-night, the-scream]")
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--graphs", type=Path, help="folder of ONNX files [embedded]")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--noise", type=float, default=2.0, help="of the moved photo, in levels of 255")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    try:
        made = {"moved photo": moved_photo, "passing thing": passing_thing}
        films = {what: make(arguments.frames, arguments.noise) for what, make in made.items()}
        if arguments.film:
            films["film"] = film_steps(arguments.film, arguments.frames)
        rows = [row for one in styles(arguments) for what, steps in films.items() for row in measured(what, steps, one)]
    except StylexError as error:
        parser.exit(error.exit_code, f"temporal.py: {error}\n")
    keys = ("what", "style", "mode")
    cells = [
        (*(r[k] for k in keys), f"{r['warping_error']:.2f}", f"{r['share']:.2f}", r["frames_per_second"]) for r in rows
    ]
    print_table(f"{arguments.technique}, {arguments.precision}, {SIZE[1]}x{SIZE[0]}", COLUMNS, cells)
    if arguments.json:
        write_report(arguments.json, rows)


if __name__ == "__main__":
    main()
