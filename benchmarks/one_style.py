#!/usr/bin/env python3
"""The networks whose weights hold one style, on real photos: INT8 against float, and the style against gatys.

    python benchmarks/one_style.py --content photos/ --photos 20 --held-out 0.05
    python benchmarks/one_style.py --content photos/ --photos 4 --size 256 --teacher teacher/ \\
        --picture starry-night=starry.jpg --picture the-scream=scream.jpg

FP16 graphs compute in float32 on a CPU and stand for it here. MS-SSIM is against the photo; `checkerboard` is the share
of fine detail that repeats every 8 pixels, a photo has some 0.07 by chance; `flat` is the share of pixels in areas of
one colour, and `outlines` the share in dark lines, of the INT8 pictures, beside the photos' own in the first row.

With the painting of a style (`--picture`) and the real VGG-16 (`--teacher`) its Gram matrices are compared too, by the
layers of Johnson et al. 2016: as shares of the untouched photo's distance, for the network and for `gatys` after 500
iterations of the same photo.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from evaluation.drawing import flat_share, outline_share
from evaluation.grams import GramJudge
from evaluation.pairs import chosen
from pytorch_msssim import ms_ssim
from rich.progress import track

import stylex
from stylex.artifacts.catalog import GRAPHS, styles_in
from stylex.cli.tables import print_table
from stylex.errors import StylexError
from stylex.export.metrics import psnr, ssim
from stylex.imaging.arrays import Image, to_floats
from stylex.imaging.reading import read_picture
from stylex.models.training import losses
from stylex.runtime.benchmark.report import write_report
from stylex.runtime.loading import load
from stylex.techniques import TECHNIQUES

COLUMNS = ("network", "PSNR dB", "worst", "SSIM", "MS-SSIM to the photo", "checkerboard", "flat", "outlines")
FIGURES = ("psnr", "worst_psnr", "ssim", "ms_ssim", "checkerboard", "flat", "outlines")
GRAM_COLUMNS = ("network", "Gram matrices, of the photo's", "gatys", "times gatys")
GRAM_FIGURES = ("gram", "gatys", "times_gatys")


def rated(technique: str, style: str, photos: list[Image], graphs: Path) -> dict[str, Any]:
    """Returns how one network's INT8 graph paints all photos."""
    exact, quick = (load(technique, p, "cpu", style=style, graphs=graphs) for p in ("fp16", "int8"))
    found, pictures = [], []
    for photo in track(photos, f"{technique} {style}"):
        painted = quick(photo)
        a, b, plain = (to_floats(picture) for picture in (painted, exact(photo), photo))
        structure = ms_ssim(torch.from_numpy(a), torch.from_numpy(plain), data_range=1.0)
        found.append((psnr(a, b), ssim(a[0], b[0]), float(structure), float(losses.checkerboard(torch.from_numpy(a)))))
        pictures.append(painted)
    decibels, similar, structures, checkerboards = (np.array(column) for column in zip(*found, strict=True))
    return {
        "name": f"stylex {technique} {style}",
        "style": style,
        "psnr": float(decibels.mean()),
        "worst_psnr": float(decibels.min()),
        "ssim": float(similar.mean()),
        "ms_ssim": float(structures.mean()),
        "checkerboard": float(checkerboards.mean()),
        **_drawing(pictures),
        "photos": len(photos),
    }


def untouched(photos: Sequence[Image]) -> dict[str, Any]:
    """Returns the row of the photos themselves, which the others are read against."""
    checkerboards = [float(losses.checkerboard(torch.from_numpy(to_floats(photo)))) for photo in photos]
    figures = {"psnr": None, "worst_psnr": None, "ssim": 1.0, "ms_ssim": 1.0}
    return {"name": "the photo", **figures, "checkerboard": float(np.mean(checkerboards)), **_drawing(photos)}


def _drawing(pictures: Sequence[Image]) -> dict[str, float]:
    means = np.mean([(flat_share(one), outline_share(one)) for one in pictures], 0)
    return dict(zip(("flat", "outlines"), map(float, means), strict=True))


def beside_gatys(
    technique: str,
    style: str,
    painting: Image,
    photos: Sequence[Image],
    judge: GramJudge,
    arguments: argparse.Namespace,
) -> dict[str, float]:
    """Returns the distance of Gram matrices from the painting's: the network's, gatys's, and one over the other."""
    network = load(technique, arguments.precision, "cpu", style=style, graphs=arguments.graphs)
    gatys = stylex.load("gatys", iterations=arguments.iterations)
    wanted = judge.grams(reduced(painting, photos[0].shape[0]))
    found = []
    for photo in track(photos, f"{technique} {style}, gatys"):
        pictures = (network(photo), gatys(photo, painting), photo)
        found.append([judge.distance(judge.grams(picture), wanted) for picture in pictures])
    painted, optimized, untouched = np.mean(found, 0)
    return {
        "gram": painted / untouched,
        "gatys": optimized / untouched,
        "times_gatys": painted / optimized,
        "iterations": arguments.iterations,
    }


def reduced(painting: Image, longest: int) -> Image:
    """Returns the painting, its longer side at most so many pixels: as `gatys` sees it."""
    height, width = painting.shape[:2]
    scale = min(1.0, longest / max(height, width))
    size = (round(width * scale), round(height * scale))
    return np.asarray(cv2.resize(painting, size, interpolation=cv2.INTER_AREA), np.uint8)


def painting_of(text: str) -> tuple[str, Path]:
    """Returns name and file of "NAME=FILE"."""
    name, separator, path = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=FILE, such as starry-night=starry.jpg")
    return name, Path(path)


def main() -> None:
    """Parses, rates and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--content", type=Path, required=True, help="folder of photos")
    parser.add_argument("--photos", type=int, default=20, help="how many photos")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--held-out", type=float, default=0.0, help="only the share that training never saw")
    parser.add_argument("--graphs", type=Path, default=GRAPHS, help="folder of ONNX files [embedded]")
    parser.add_argument("--picture", type=painting_of, action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--teacher", type=Path, help="folder of the real VGG-16, for --picture")
    parser.add_argument("--iterations", type=int, default=500, help="of gatys")
    parser.add_argument("--precision", default="int8", help="of the network beside gatys")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.picture and not arguments.teacher:
        parser.error("--picture needs --teacher, a folder of the real VGG-16")
    try:
        rows = _rows(arguments)
    except StylexError as error:
        parser.exit(error.exit_code, f"one_style.py: {error}\n")
    for columns, figures in ((COLUMNS, FIGURES), (GRAM_COLUMNS, GRAM_FIGURES)):
        cells = [
            (r["name"], *("-" if r[k] is None else f"{r[k]:.3f}" for k in figures)) for r in rows if figures[0] in r
        ]
        if cells:
            print_table(f"{arguments.photos} photos at {arguments.size}x{arguments.size}", columns, cells)
    if arguments.json:
        write_report(arguments.json, rows)


def _rows(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    photos = chosen(arguments.content, arguments.photos, arguments.held_out, arguments.size)
    paintings = dict(arguments.picture)
    names = [(t.name, style) for t in TECHNIQUES if t.single_style for style in styles_in(arguments.graphs, t.name)]
    if not paintings:
        return [untouched(photos), *(rated(technique, style, photos, arguments.graphs) for technique, style in names)]
    judge, rows = GramJudge(arguments.teacher), []
    for technique, style in names:
        if style in paintings:
            picture = read_picture(paintings[style]).rgb
            figures = beside_gatys(technique, style, picture, photos, judge, arguments)
            rows.append({"name": f"stylex {technique} {style}", "style": style, "photos": len(photos), **figures})
    return rows


if __name__ == "__main__":
    main()
