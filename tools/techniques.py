#!/usr/bin/env python3
"""One photo through all nine techniques, with the command line, on one sheet.

    python tools/techniques.py --style painting.jpg -o docs/techniques.jpg

The photo comes from scikit-image; so does the style picture where none is given. For `video` the photo becomes a film,
a camera that comes nearer; its last frame is shown.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from stylex.artifacts.catalog import GRAPHS, styles_in
from stylex.export.photos import bundled
from stylex.imaging.arrays import Image
from stylex.imaging.contact_sheet import contact_sheet
from stylex.imaging.reading import read_picture
from stylex.imaging.writing import write_picture
from stylex.runtime.video.messages import Frame, StreamInfo
from stylex.runtime.video.reader import Reader
from stylex.runtime.video.writer import Writer
from stylex.techniques import TECHNIQUES, Technique

ACROSS, SIDE = 5, 512
"""Pictures in a row of the sheet, and pixels of their sides."""
BUILT_IN = ("great-wave", "red-and-blue-horse")
"""Codes that adain is shown with beside the style picture."""
REGIONS = ("background", "great-wave", "person", "0.5")
"""Regions that semantic paints: one in a built-in style, and one in the style picture at a strength."""
FRAMES, NEARER = 12, 1.01
"""Frames of the film, and the factor by which the photo grows from one to the next."""


@dataclass(frozen=True)
class Call:
    """One tile: its label, and the arguments of `stylex` before -o, with the output's suffix."""

    label: str
    arguments: tuple[str, ...]
    suffix: str = ".png"


def calls(photo: Path, style: Path) -> list[Call]:
    """Everything that can paint the photo; what has its own way is in `OWN`."""
    found = []
    for technique in TECHNIQUES:
        found += OWN.get(technique.name, plain)(technique, photo, style)
    return found


def plain(technique: Technique, photo: Path, style: Path) -> list[Call]:
    """`stylex run` with the style picture, or with every style that there is a network of."""
    run = ("run", technique.name, str(photo), "--style")
    if technique.single_style:
        return [Call(f"{technique.name}: {s}", (*run, s)) for s in styles_in(GRAPHS, technique.name)]
    return [Call(f"{technique.name}: the style picture", (*run, str(style)))]


def adain(technique: Technique, photo: Path, style: Path) -> list[Call]:
    """Also with some built-in styles."""
    return plain(technique, photo, style) + [
        Call(f"adain: {name}", ("run", "adain", str(photo), "--style", name)) for name in BUILT_IN
    ]


def semantic(technique: Technique, photo: Path, style: Path) -> list[Call]:
    """Two regions in two styles."""
    around, name, inside, strength = REGIONS
    regions = ("--region", f"{around}={name}", "--region", f"{inside}={style}:{strength}")
    return [Call(f"semantic: {inside} the picture, {around} {name}", ("run", technique.name, str(photo), *regions))]


def video(technique: Technique, photo: Path, style: Path) -> list[Call]:
    """The photo as a film."""
    film = photo.with_name("film.mkv")
    write_film(read_picture(photo).rgb, film)
    arguments = (technique.verb, str(film), "--style", str(style), "--temporal", "flow")
    return [Call(f"video: flow, frame {FRAMES}", arguments, ".mkv")]


OWN: dict[str, Callable[[Technique, Path, Path], list[Call]]] = {"adain": adain, "semantic": semantic, "video": video}


def write_film(photo: Image, film: Path) -> None:
    """The photo coming nearer; the last frame is the photo itself."""
    height, width = photo.shape[:2]
    rate = Fraction(25)
    with Writer(film, StreamInfo(width, height, 1 / rate, rate, FRAMES)) as writer:
        for number in range(FRAMES):
            scale = NEARER ** (number + 1 - FRAMES)
            zoom = cv2.getRotationMatrix2D((width / 2, height / 2), 0, scale)
            moved = cv2.warpAffine(photo, zoom, (width, height), borderMode=cv2.BORDER_REFLECT_101)
            writer.put(Frame(np.asarray(moved, np.uint8), number, 1))
        writer.finish()


def painted(call: Call, folder: Path) -> Image:
    """Returns what `stylex` makes; of a film the last frame."""
    output = folder / f"painted{call.suffix}"
    verb, *rest = call.arguments
    place = [rest[0], str(output), *rest[1:]] if call.suffix != ".png" else [*rest, "-o", str(output)]
    subprocess.run([sys.executable, "-m", "stylex", verb, *place], check=True)
    if call.suffix == ".png":
        return read_picture(output).rgb
    with Reader(output) as reader:
        return [item.picture for item in reader if isinstance(item, Frame)][-1]


def main() -> None:
    """Paint with every technique, write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=Path, help="[the astronaut of scikit-image]")
    parser.add_argument("--style", type=Path, help="[stained tissue, of scikit-image]")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photo, style = folder / "photo.png", folder / "style.png"
        write_picture(photo, read_picture(arguments.photo).rgb if arguments.photo else bundled("astronaut"))
        chosen = read_picture(arguments.style).rgb if arguments.style else bundled("immunohistochemistry")
        write_picture(style, chosen)
        tiles = [(read_picture(photo).rgb, "the photo"), (_square(chosen), "the style picture")]
        tiles += [(painted(call, folder), call.label) for call in calls(photo, style)]
    write_picture(arguments.output, contact_sheet(tiles, ACROSS, SIDE))
    print(f"{arguments.output}: {len(tiles) - 2} paintings of {SIDE}x{SIDE}")


def _square(picture: Image) -> Image:
    side = min(picture.shape[:2])
    top, left = ((extent - side) // 2 for extent in picture.shape[:2])
    return picture[top : top + side, left : left + side]


if __name__ == "__main__":
    main()
