#!/usr/bin/env python3
"""INT8 against float of the networks whose weights hold one style, on real photos.

    python benchmarks/one_style.py --content photos/ --photos 20 --held-out 0.05

FP16 graphs compute in float32 on a CPU and stand for it here. MS-SSIM is against the photo; `checkerboard` is the share
of fine detail that repeats every 8 pixels, a photo has some 0.07 by chance.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from evaluation.pairs import chosen
from pytorch_msssim import ms_ssim
from rich.progress import track

from stylex.artifacts.catalog import GRAPHS, styles_in
from stylex.cli.tables import print_table
from stylex.errors import StylexError
from stylex.export.metrics import psnr, ssim
from stylex.imaging.arrays import Image, to_floats
from stylex.models.training import losses
from stylex.runtime.benchmark.report import write_report
from stylex.runtime.loading import load
from stylex.techniques import TECHNIQUES

COLUMNS = ("network", "PSNR dB", "worst", "SSIM", "MS-SSIM to the photo", "checkerboard")


def rated(technique: str, style: str, photos: list[Image], graphs: Path) -> dict[str, Any]:
    """One network over all photos."""
    exact, quick = (load(technique, p, "cpu", style=style, graphs=graphs) for p in ("fp16", "int8"))
    found = []
    for photo in track(photos, f"{technique} {style}"):
        a, b, plain = (to_floats(picture) for picture in (quick(photo), exact(photo), photo))
        structure = ms_ssim(torch.from_numpy(a), torch.from_numpy(plain), data_range=1.0)
        found.append((psnr(a, b), ssim(a[0], b[0]), float(structure), float(losses.checkerboard(torch.from_numpy(a)))))
    decibels, similar, structures, checkerboards = (np.array(column) for column in zip(*found, strict=True))
    return {
        "name": f"stylex {technique} {style}",
        "psnr": float(decibels.mean()),
        "worst_psnr": float(decibels.min()),
        "ssim": float(similar.mean()),
        "ms_ssim": float(structures.mean()),
        "checkerboard": float(checkerboards.mean()),
        "photos": len(photos),
    }


def main() -> None:
    """Parse, rate, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--content", type=Path, required=True, help="folder of photos")
    parser.add_argument("--photos", type=int, default=20, help="how many photos")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--held-out", type=float, default=0.0, help="only the share that training never saw")
    parser.add_argument("--graphs", type=Path, default=GRAPHS, help="folder of ONNX files [embedded]")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    try:
        photos = chosen(arguments.content, arguments.photos, arguments.held_out, arguments.size)
        names = [(t.name, style) for t in TECHNIQUES if t.single_style for style in styles_in(arguments.graphs, t.name)]
        rows = [rated(technique, style, photos, arguments.graphs) for technique, style in names]
    except StylexError as error:
        parser.exit(error.exit_code, f"one_style.py: {error}\n")
    cells = [
        (r["name"], *(f"{r[k]:.3f}" for k in ("psnr", "worst_psnr", "ssim", "ms_ssim", "checkerboard"))) for r in rows
    ]
    print_table(f"{len(photos)} photos at {arguments.size}x{arguments.size}", COLUMNS, cells)
    if arguments.json:
        write_report(arguments.json, rows)


if __name__ == "__main__":
    main()
