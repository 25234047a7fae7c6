#!/usr/bin/env python3
"""Paint a real photo in several styles with freshly exported graphs, and measure the three precisions.

python tools/demo.py --graphs out/graphs --out out
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from stylex.export.photos import bundled
from stylex.imaging.contact_sheet import contact_sheet
from stylex.imaging.writing import write_picture
from stylex.runtime.loading import load

SIDE = 512
STYLES = ("starry-night", "great-wave", "the-scream", "composition-vii", "gray-tree", "red-and-blue-horse")


def main() -> None:
    """Paint, write the sheet, run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=Path, required=True, help="folder of exported graphs")
    parser.add_argument("--out", type=Path, required=True, help="existing folder for the pictures")
    arguments = parser.parse_args()
    photo, texture = bundled("astronaut"), bundled("immunohistochemistry")
    painter = load("adain", "int8", "auto", graphs=arguments.graphs)
    tiles = [(photo, "photo")]
    for name in STYLES:
        painted = painter(photo, style=name)
        write_picture(arguments.out / f"astronaut-{name}.jpg", painted)
        tiles.append((painted, name))
    painted = painter(photo, style=texture)
    write_picture(arguments.out / "astronaut-tissue.jpg", painted)
    tiles.append((painted, "a picture: stained tissue"))
    write_picture(arguments.out / "sheet.jpg", contact_sheet(tiles, len(tiles) // 2, SIDE))
    print(
        f"{arguments.out / 'sheet.jpg'}: {len(tiles) - 1} paintings, {painter.precision} on {painter.provider}",
        flush=True,
    )
    bench = [sys.executable, "-m", "stylex", "bench", "adain", "--graphs", str(arguments.graphs)]
    subprocess.run([*bench, "--json", str(arguments.out / "bench.json")], check=True)


if __name__ == "__main__":
    main()
