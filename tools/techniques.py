#!/usr/bin/env python3
"""One photo through all techniques that exist, with `stylex run`, on one sheet.

    python tools/techniques.py --style painting.jpg -o docs/techniques.jpg

The photo comes from scikit-image; so does the style picture where none is given.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from sheet import SIDE, arranged, labelled

from stylex.export.photos import bundled
from stylex.methods import TECHNIQUES
from stylex.runtime.catalog import GRAPHS, styles_in
from stylex.runtime.images import read_picture, write_picture
from stylex.runtime.painter import Image

ACROSS = 5
BUILT_IN = ("great-wave", "red-and-blue-horse")
"""Codes that adain is shown with beside the style picture."""
GUIDED = {
    "semantic": [
        ("two regions", ["--region", "person=red-and-blue-horse:0.5", "--region", "background=starry-night"]),
    ]
}
"""What techniques are shown with that take more than a style: labels and options."""


def calls(style: Path) -> list[tuple[str, list[str]]]:
    """A label and the arguments of `stylex run` for everything that can paint."""
    found = []
    for technique in TECHNIQUES:
        name = technique.name
        if not technique.ready:
            continue
        if technique.one_style:
            found += [(f"{name}: {s}", [name, "--style", s]) for s in styles_in(GRAPHS, name)]
        elif name in GUIDED:
            found += [(f"{name}: {label}", [name, *given]) for label, given in GUIDED[name]]
        else:
            found.append((f"{name}: the style picture", [name, "--style", str(style)]))
    found += [(f"adain: {name}", ["adain", "--style", name]) for name in BUILT_IN]
    return found


def painted(photo: Path, technique: str, given: list[str], folder: Path) -> Image:
    """What `stylex run` makes."""
    output = folder / f"{technique}.png"
    command = [sys.executable, "-m", "stylex", "run", technique, str(photo), *given, "-o", str(output)]
    subprocess.run(command, check=True)
    return read_picture(output).rgb


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
        tiles = [labelled(read_picture(photo).rgb, "the photo"), labelled(_square(chosen), "the style picture")]
        for label, (technique, *given) in calls(style):
            tiles.append(labelled(painted(photo, technique, given, folder), label))
    write_picture(arguments.output, arranged(tiles, ACROSS))
    print(f"{arguments.output}: {len(tiles) - 2} paintings of {SIDE}x{SIDE}")


def _square(picture: Image) -> Image:
    side = min(picture.shape[:2])
    top, left = ((extent - side) // 2 for extent in picture.shape[:2])
    return picture[top : top + side, left : left + side]


if __name__ == "__main__":
    main()
