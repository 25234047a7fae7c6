#!/usr/bin/env python3
"""Photos and what a technique paints of each in the style of a painting, on one sheet.

    python tools/pairs.py --pair brick engraving.jpg --pair photo.jpg poster.jpg -o docs/pairs.jpg

A photo is a file or the name of one that comes with scikit-image. Of the paintings only the names are shown.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import stylex
from stylex.errors import StylexError
from stylex.export.photos import bundled
from stylex.imaging.arrays import Image, shrunk
from stylex.imaging.contact_sheet import contact_sheet
from stylex.imaging.reading import read_picture
from stylex.imaging.writing import write_picture

ACROSS, SIDE = 4, 512
"""Pictures in a row of the sheet, and pixels of their shorter sides."""


def photo_of(text: str) -> Image:
    """Returns a file's picture, or a photo of scikit-image, its shorter side at most `SIDE` pixels."""
    picture = read_picture(text).rgb if Path(text).is_file() else bundled(text)
    colored = picture if picture.ndim == 3 else np.stack([picture] * 3, 2)
    return shrunk(np.ascontiguousarray(colored), SIDE)


def main() -> None:
    """Paints every pair and writes the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pair", nargs=2, action="append", required=True, metavar=("PHOTO", "PAINTING"))
    parser.add_argument("--technique", default="adain", help="any that takes every painting [adain]")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        paint, tiles = stylex.load(arguments.technique, arguments.precision), []
        for name, painting in arguments.pair:
            photo = photo_of(name)
            tiles += [(photo, Path(name).stem), (paint(photo, style=painting), Path(painting).stem)]
        write_picture(arguments.output, contact_sheet(tiles, ACROSS, SIDE))
    except StylexError as error:
        parser.exit(error.exit_code, f"pairs.py: {error}\n")
    print(f"{arguments.output}: {len(arguments.pair)} paintings by {arguments.technique}")


if __name__ == "__main__":
    main()
