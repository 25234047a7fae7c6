#!/usr/bin/env python3
"""Paint a real photo in several styles with freshly exported graphs, and measure the three precisions.

python tools/demo.py --graphs out/graphs --out out
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

from stylex.export.photos import bundled
from stylex.runtime.images import write_picture
from stylex.runtime.loading import load
from stylex.runtime.painter import Image

STYLES = ("starry-night", "great-wave", "the-scream", "composition-vii", "gray-tree", "red-and-blue-horse")
SIDE = 512


def labelled(picture: Image, text: str) -> Image:
    """A picture of the sheet's size with a line of text below it."""
    scaled = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    framed = cv2.copyMakeBorder(scaled, 0, 36, 4, 4, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    cv2.putText(framed, text, (10, SIDE + 25), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 0, 0), 1, cv2.LINE_AA)
    return np.asarray(framed, np.uint8)


def main() -> None:
    """Paint, write the sheet, run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=Path, required=True, help="folder of exported graphs")
    parser.add_argument("--out", type=Path, required=True, help="existing folder for the pictures")
    arguments = parser.parse_args()
    photo, texture = bundled("astronaut"), bundled("immunohistochemistry")
    painter = load("adain", "int8", "auto", graphs=arguments.graphs)
    tiles = [labelled(photo, "photo")]
    for name in STYLES:
        painted = painter(photo, style=name)
        write_picture(arguments.out / f"astronaut-{name}.jpg", painted)
        tiles.append(labelled(painted, name))
    painted = painter(photo, style=texture)
    write_picture(arguments.out / "astronaut-tissue.jpg", painted)
    tiles.append(labelled(painted, "a picture: stained tissue"))
    half = len(tiles) // 2
    sheet = np.concatenate([np.concatenate(tiles[:half], 1), np.concatenate(tiles[half:], 1)])
    write_picture(arguments.out / "sheet.jpg", sheet)
    print(
        f"{arguments.out / 'sheet.jpg'}: {len(tiles) - 1} paintings, {painter.precision} on {painter.provider}",
        flush=True,
    )
    bench = [sys.executable, "-m", "stylex", "bench", "adain", "--graphs", str(arguments.graphs)]
    subprocess.run([*bench, "--json", str(arguments.out / "bench.json")], check=True)


if __name__ == "__main__":
    main()
