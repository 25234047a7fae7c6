#!/usr/bin/env python3
"""A photo painted by an execution provider, against the same photo painted at FP32 on the CPU.

    python benchmarks/providers.py fast --precision fp16 --provider cuda --graphs models/ --json picture.json

The folder has both graphs. PSNR and SSIM are of the 8-bit pictures; `benchmarks/gpu.sh` runs this for every graph.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from stylex.artifacts.catalog import styles_in
from stylex.cli.tables import print_table
from stylex.errors import StylexError
from stylex.imaging.arrays import Image
from stylex.imaging.reading import read_picture
from stylex.runtime.benchmark.likeness import default_photo, similarity
from stylex.runtime.benchmark.report import write_report
from stylex.runtime.benchmark.row import STYLE
from stylex.runtime.loading import load
from stylex.techniques import ARBITRARY, SINGLE, technique_named


def painted(technique: str, precision: str, provider: str, photo: Image, graphs: Path) -> tuple[Image, str]:
    """Returns the painted photo, and what painted it."""
    single = technique in SINGLE
    style = next(iter(styles_in(graphs, technique)), "") if single else ""
    painter = load(technique, precision, provider, style=style, graphs=graphs)
    try:
        return painter(photo, None if single else STYLE), painter.title
    finally:
        painter.close()


def compared(technique: str, precision: str, provider: str, photo: Image, graphs: Path) -> dict[str, Any]:
    """Returns the row of one graph on one provider."""
    exact, _ = painted(technique, "fp32", "cpu", photo, graphs)
    picture, title = painted(technique, precision, provider, photo, graphs)
    psnr, ssim = similarity(picture, exact)
    worst = int(cv2.absdiff(picture, exact).max())
    return {"name": title, "size": len(photo), "psnr": psnr, "ssim": ssim, "worst_level": worst}


def main() -> None:
    """Prints a row, and writes it as JSON where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("technique", choices=(*ARBITRARY, *SINGLE))
    parser.add_argument("--precision", default="fp32", choices=("fp32", "fp16", "int8"))
    parser.add_argument("--provider", default="cuda")
    parser.add_argument("--graphs", type=Path, required=True, help="folder of exported graphs")
    parser.add_argument("--size", type=int, default=512, help="height and width")
    parser.add_argument("--photo", type=Path, help="the astronaut of scikit-image by default")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    photo = default_photo() if chosen.photo is None else np.asarray(read_picture(chosen.photo))
    photo = np.asarray(cv2.resize(photo, (chosen.size, chosen.size), interpolation=cv2.INTER_AREA), np.uint8)
    technique = technique_named(chosen.technique).name
    try:
        row = compared(technique, chosen.precision, chosen.provider, photo, chosen.graphs)
    except StylexError as error:
        parser.exit(error.exit_code, f"providers.py: {error}\n")
    cells = (row["name"], row["size"], f"{row['psnr']:.1f}", f"{row['ssim'] or 0:.4f}", row["worst_level"])
    print_table("against FP32 on the CPU", ("what", "size", "PSNR dB", "SSIM", "worst level"), [cells])
    if chosen.json:
        write_report(chosen.json, [row])


if __name__ == "__main__":
    main()
