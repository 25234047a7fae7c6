#!/usr/bin/env python3
"""A strip of a film in the three temporal modes: painted frames, and what changes between two of them.

    python tools/film.py film.mp4 --style starry-night --start 2.0 -o docs/video.jpg

Rows are the film and the modes, columns some frames one after the other; behind each frame but the last stands how it
differs from the next one, eight times as strong, once the next one is moved back along the film's own motion: what a
viewer sees as flicker. docs/video.jpg was made from ten seconds of Big Buck Bunny, (c) 2008 Blender Foundation,
www.bigbuckbunny.org, CC BY 3.0.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from stylex.errors import StylexError
from stylex.imaging.arrays import Image
from stylex.imaging.writing import write_picture
from stylex.runtime.loading import load
from stylex.runtime.video.flow import motion, small_grey, warped
from stylex.runtime.video.messages import Excerpt, Frame
from stylex.runtime.video.reader import Reader
from stylex.runtime.video.stylizer import MODES, Stylizer, prepare_style

FONT = cv2.FONT_HERSHEY_SIMPLEX
WIDTH, BEFORE, GAIN = 480, 12, 8
"""Width of a tile; frames that are painted before the first one that is shown; how much differences are enlarged."""


def read(film: Path, start: float, count: int) -> list[Image]:
    """Frames of a film."""
    with Reader(film, Excerpt(start, frames=count)) as reader:
        return [item.picture for item in reader if isinstance(item, Frame)]


def flicker(frames: Sequence[Image], painted: Sequence[Image]) -> list[Image]:
    """Returns the differences of neighbouring painted frames along the film's motion, on grey, (H, W, 3) each."""
    found = []
    for (a, b), (one, other) in zip(pairwise(frames), pairwise(painted), strict=True):
        now, then = (small_grey(frame, max(frame.shape)) for frame in (a, b))
        back = motion(then, now, a.shape[:2], cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        off = (warped(other, back.flow).astype(np.float32) - one) * (back.trust >= 0.5)[..., None]
        found.append(np.clip(128 + GAIN * off, 0, 255).astype(np.uint8))
    return found


def tile(picture: Image, text: str = "") -> Image:
    """A picture of the strip, with a text in its corner."""
    height = round(picture.shape[0] * WIDTH / picture.shape[1])
    shown = cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA)
    if text:
        (width, _), _ = cv2.getTextSize(text, FONT, 0.55, 1)
        cv2.rectangle(shown, (0, 0), (width + 14, 26), (0, 0, 0), cv2.FILLED)
        cv2.putText(shown, text, (7, 18), FONT, 0.55, (255, 255, 255), 1, cv2.LINE_AA)
    return np.asarray(cv2.copyMakeBorder(shown, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=(255, 255, 255)), np.uint8)


def row(name: str, frames: Sequence[Image], painted: Sequence[Image]) -> Image:
    """Frames with their differences between them."""
    tiles = []
    for i, (picture, off) in enumerate(zip(painted, [*flicker(frames, painted), None], strict=True)):
        tiles.append(tile(picture, name if i == 0 else ""))
        if off is not None:
            size = float(np.sqrt(np.mean(np.square(off.astype(np.float32) - 128)))) / GAIN
            tiles.append(tile(off, f"difference x{GAIN}: {size:.1f} of 255"))
    return np.concatenate(tiles, 1)


def main() -> None:
    """Read, paint in every mode, write the strip."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("film", type=Path)
    parser.add_argument("--style", default="starry-night")
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--start", type=float, default=0.0, help="seconds")
    parser.add_argument("--frames", type=int, default=3, help="how many are shown")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        frames = read(arguments.film, arguments.start, BEFORE + arguments.frames)
        chosen = prepare_style(load("adain", arguments.precision, "cpu"), arguments.style)
        shown = frames[BEFORE:]
        rows = [row("the film", shown, shown)]
        for mode in MODES:
            stylizer = Stylizer(chosen, temporal=mode)
            rows.append(row(f"adain, {mode}", shown, [stylizer(frame) for frame in frames][BEFORE:]))
        write_picture(arguments.output, np.concatenate(rows), quality=88)
    except StylexError as error:
        parser.exit(error.exit_code, f"film.py: {error}\n")
    print(f"{arguments.output}: {len(shown)} frames in {len(MODES)} modes")


if __name__ == "__main__":
    main()
