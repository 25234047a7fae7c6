#!/usr/bin/env python3
"""How good the pictures are: content loss, style loss and structure, for torch and for every precision in ONNX Runtime.

    python benchmarks/quality.py --content photos/ --style paintings/ --photos 20 --styles 10 --held-out 0.05
    python benchmarks/quality.py --technique adain --technique multiscale --size 1024 --torch-only ...

Every technique that takes any style, on the same pairs: all pairs of the two folders, or of a seeded choice of them.
With --held-out only pictures that training never saw: the share that `stylex train` holds out by a hash of the name
(0.05 for the embedded weights).

Losses are those of training: content is the squared distance of instance-normalized relu4_1; style is the relative
squared distance of means and standard deviations at relu1_1 to relu5_1, and its ratio that to the untouched photo's;
both of the slim VGG-19. "Quarter" is the style loss of painting and style at a quarter of their resolution, "both" the
sum of the two. The style is looked at in the size in which it is encoded. SSIM and MS-SSIM are against the photo, PSNR
and the last SSIM against torch. "Lattice" is the share of fine detail that repeats every 8 pixels, 0.07 in a photo.
"""

from __future__ import annotations

import argparse
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from rich.progress import track
from torch import Tensor

from stylex.artifacts.catalog import GRAPHS, transfer_file
from stylex.artifacts.metadata import PRECISIONS
from stylex.artifacts.style_code import style_sized
from stylex.cli.tables import print_table
from stylex.errors import InputError, ModelError, StylexError
from stylex.export.metrics import psnr, ssim
from stylex.files import sha256_of
from stylex.imaging.arrays import Image, to_floats
from stylex.imaging.folders import picture_files
from stylex.imaging.images import read_picture, write_picture
from stylex.models.encoders import loss_networks
from stylex.models.encoders.features import Features
from stylex.models.registry import model_of
from stylex.models.shared.any_style import AnyStyle
from stylex.models.shared.backbone import BORDER
from stylex.models.training import losses
from stylex.models.training.data import is_held_out
from stylex.models.weights import embedded, read_weights
from stylex.runtime.benchmark import write_report
from stylex.runtime.loading import load
from stylex.runtime.painter import Painter
from stylex.techniques import ARBITRARY

PICTURED = 6
COLUMNS = {
    "name": "",
    "content": "content",
    "style": "style",
    "style_ratio": "ratio",
    "quarter": "quarter",
    "both": "both",
    "both_ratio": "ratio",
    "ssim": "SSIM",
    "ms_ssim": "MS-SSIM",
    "lattice": "lattice",
    "psnr": "PSNR dB",
    "worst_psnr": "worst",
    "ssim_to_torch": "SSIM to torch",
}
"""Heading by key of a row."""
QUARTER = 0.25
REFERENCE = "torch"
"""What stands for the precision of the torch network, which the others are compared with."""


@dataclass(frozen=True)
class Looked:
    """What the loss network sees of a picture, at its own size and at a quarter of it."""

    features: Features
    whole: losses.Statistics
    quarter: losses.Statistics


@dataclass(frozen=True)
class Judge:
    """The loss network and what is measured with it."""

    slim: loss_networks.SlimVgg

    def look(self, picture: Image) -> Looked:
        """At an RGB picture (H, W, 3)."""
        features: Features = self.slim(torch.from_numpy(to_floats(picture)))
        small = cv2.resize(picture, None, fx=QUARTER, fy=QUARTER, interpolation=cv2.INTER_AREA)
        quarter: Features = self.slim(torch.from_numpy(to_floats(small)))
        return Looked(features, losses.statistics(features), losses.statistics(quarter))

    def rate(self, painted: Image, photo: Image, style: Looked, content: Tensor) -> dict[str, float]:
        """All measures of one picture; `content` is the photo's relu4_1."""
        from pytorch_msssim import ms_ssim

        found = self.look(painted)
        a, b = (torch.from_numpy(to_floats(x)) for x in (painted, photo))
        whole = float(losses.style_loss(found.whole, style.whole))
        quarter = float(losses.style_loss(found.quarter, style.quarter))
        return {
            "content": float(losses.content_loss(found.features["4_1"], content)),
            "style": whole,
            "quarter": quarter,
            "both": whole + quarter,
            "ssim": ssim(to_floats(painted)[0], to_floats(photo)[0]),
            "ms_ssim": float(ms_ssim(a, b, data_range=1.0)),
            "lattice": float(losses.lattice(a)),
        }


def chosen(folder: Path, count: int, held_out: float, size: int) -> list[Image]:
    """`count` pictures (0 for all) in the order of their names' hash, cut square and resized.

    Raises:
        InputError: there are fewer.
    """
    files = [f for f in picture_files(folder) if not held_out or is_held_out(f.name, held_out)]
    if not files or len(files) < count:
        kind = "held-out pictures" if held_out else "pictures"
        raise InputError(f"{folder} has {len(files)} {kind}, {count or 1} are needed: ask for fewer")
    files.sort(key=lambda f: hash_of(f.name))
    return [square(read_picture(f).rgb, size) for f in files[: count or None]]


def hash_of(name: str) -> str:
    """A stable order that has nothing to do with the alphabet."""
    return hashlib.sha256(f"order {name}".encode()).hexdigest()


def square(picture: Image, size: int) -> Image:
    """The central square, resized."""
    side = min(picture.shape[:2])
    top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
    method = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    cut = picture[top : top + side, left : left + side]
    return np.asarray(cv2.resize(cut, (size, size), interpolation=method), np.uint8)


class TorchPainter:
    """The torch network behind the two calls of a `Painter` that are needed here."""

    def __init__(self, technique: str, weights: Path) -> None:
        network = model_of(technique).network()
        assert isinstance(network, AnyStyle), f"{technique} has one style in its weights"
        self.network = network
        read_weights(weights).fill(self.network)

    @torch.inference_mode()
    def code(self, style: Image) -> npt.NDArray[np.float32]:
        """Code (1, D) of a style picture, sized as the runtime does."""
        return np.asarray(self.network.encode(torch.from_numpy(to_floats(style_sized(style)))).numpy(), np.float32)

    @torch.inference_mode()
    def paint(self, photo: Image, code: npt.NDArray[np.float32], strength: float) -> Image:
        """Paint a photo whose sides are multiples of 16."""
        padded = cv2.copyMakeBorder(photo, BORDER, BORDER, BORDER, BORDER, cv2.BORDER_REFLECT_101)
        picture, _ = self.network(torch.from_numpy(to_floats(padded)), torch.from_numpy(code), strength)
        return np.asarray((picture[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy(), np.uint8)


def paint(painter: TorchPainter | Painter, photo: Image, code: npt.NDArray[np.float32], strength: float = 1.0) -> Image:
    """Paint with either of them."""
    if isinstance(painter, TorchPainter):
        return painter.paint(photo, code, strength)
    return painter.paint(photo, code, np.full((1, 1, 1, 1), strength, np.float32)).picture


Painters = dict[str, dict[str, "TorchPainter | Painter"]]
"""By technique and precision; torch stands first."""


class Ratings:
    """Measures of every painter, collected pair by pair."""

    def __init__(self) -> None:
        self.values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    def note(self, name: str, measured: dict[str, float]) -> None:
        """Add the measures of one picture."""
        for key, value in measured.items():
            self.values[name][key].append(value)

    def summary(self, name: str) -> dict[str, Any]:
        """Averages of one painter; the ratios are of sums, so that a pair that is alike already doesn't dominate."""
        mean = {key: float(np.mean(values)) for key, values in self.values[name].items()}
        row: dict[str, Any] = {"name": name, **mean}
        for key in ("style", "both"):
            row[f"{key}_ratio"] = mean[key] / float(np.mean(self.values["photo"][key]))
        row["worst_psnr"] = min(self.values[name]["psnr"]) if "psnr" in self.values[name] else None
        return row


def painters_of(arguments: argparse.Namespace, techniques: Sequence[str]) -> Painters:
    """Torch first, then the precisions that there are."""
    found: Painters = {}
    for technique in techniques:
        weights = arguments.weights or embedded(technique)
        found[technique] = {REFERENCE: TorchPainter(technique, weights)}
        there = [p for p in PRECISIONS if transfer_file(technique, p, arguments.graphs).is_file()]
        for precision in () if arguments.torch_only else arguments.precision or there:
            painter = load(technique, precision, "cpu", graphs=arguments.graphs)
            if painter.transfer.facts.weights_sha256 != sha256_of(weights):
                raise ModelError(f"{painter.transfer.path} was not exported from {weights}: export it again")
            found[technique][precision] = painter
    return found


def rate_pair(
    judge: Judge, painters: Painters, photo: Image, codes: dict[str, npt.NDArray[np.float32]], style: Looked
) -> tuple[dict[str, dict[str, float]], dict[str, Image]]:
    """Paint one pair with every painter; returns the measures by row, and torch's pictures by technique."""
    content = judge.look(photo).features["4_1"]
    rated, kept = {"photo": judge.rate(photo, photo, style, content)}, {}
    for technique, precisions in painters.items():
        for precision, painter in precisions.items():
            painted = paint(painter, photo, codes[technique])
            measures = judge.rate(painted, photo, style, content)
            if precision == REFERENCE:
                kept[technique] = painted
            else:
                a, b = to_floats(painted), to_floats(kept[technique])
                measures |= {"psnr": psnr(a, b), "ssim_to_torch": ssim(a[0], b[0])}
            rated[f"{technique} {precision}"] = measures
    return rated, kept


def encoded(painters: Painters, style: Image) -> dict[str, npt.NDArray[np.float32]]:
    """Every technique's code of a style picture, by torch."""
    made = {technique: precisions[REFERENCE] for technique, precisions in painters.items()}
    return {technique: p.code(style) for technique, p in made.items() if isinstance(p, TorchPainter)}


def evaluate(arguments: argparse.Namespace) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Rows of measures, averaged over all pairs, and every painter's PSNR at strength 0."""
    judge = Judge(loss_networks.SlimVgg(loss_networks.find_teacher(arguments.teacher, arguments.content)))
    photos = chosen(arguments.content, arguments.photos, arguments.held_out, arguments.size)
    styles = chosen(arguments.style, arguments.styles, arguments.held_out, arguments.size)
    painters = painters_of(arguments, arguments.technique or ARBITRARY)
    known = [(encoded(painters, style), judge.look(style_sized(style))) for style in styles]
    ratings, identity = Ratings(), defaultdict(list)
    for i, photo in enumerate(track(photos, "painting", disable=arguments.quiet)):
        for technique, precisions in painters.items():
            for precision, painter in precisions.items():
                kept = paint(painter, photo, known[0][0][technique], 0.0)
                identity[f"{technique} {precision}"].append(psnr(to_floats(kept), to_floats(photo)))
        for j, (codes, style) in enumerate(known):
            rated, pictures = rate_pair(judge, painters, photo, codes, style)
            for name, measures in rated.items():
                ratings.note(name, measures)
            if arguments.pictures and i < PICTURED and j < PICTURED:
                for technique, picture in pictures.items():
                    write_picture(arguments.pictures / f"{technique}-{i}-{j}.png", picture)
    rows = [ratings.summary(name) for name in ("photo", *identity)]
    for row in rows:
        row |= {"provider": "cpu", "size": arguments.size, "threads": 0, "pairs": len(photos) * len(styles)}
    return rows, {name: float(np.mean(values)) for name, values in identity.items()}


def main() -> None:
    """Parse, evaluate, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--content", type=Path, required=True, help="folder of photos")
    parser.add_argument("--style", type=Path, required=True, help="folder of paintings")
    parser.add_argument("--teacher", type=Path, help="folder of the loss networks [teacher/ above --content]")
    parser.add_argument("--photos", type=int, default=0, help="how many photos [all]")
    parser.add_argument("--styles", type=int, default=0, help="how many paintings [all]")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--held-out", type=float, default=0.0, help="only the share that training never saw")
    parser.add_argument("--technique", action="append", choices=ARBITRARY, help="repeat for more [all]")
    parser.add_argument("--weights", type=Path, help="weights.safetensors of the one --technique [embedded]")
    parser.add_argument("--graphs", type=Path, default=GRAPHS, help="folder of ONNX files [embedded]")
    parser.add_argument("--precision", action="append", choices=PRECISIONS)
    parser.add_argument("--torch-only", action="store_true")
    parser.add_argument("--pictures", type=Path, help="existing folder for the first 6x6 pictures")
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    try:
        with torch.inference_mode():
            rows, identity = evaluate(arguments)
    except StylexError as error:
        parser.exit(error.exit_code, f"quality.py: {error}\n")
    keys = [key for key in COLUMNS if key != "name" and any(r.get(key) is not None for r in rows)]
    cells = [[r["name"], *(None if r.get(key) is None else f"{r[key]:.3f}" for key in keys)] for r in rows]
    seen = "never seen in training" if arguments.held_out else "seen in training or not"
    print_table(
        f"{rows[0]['pairs']} pairs, {seen}, at {arguments.size}x{arguments.size}", list(COLUMNS.values()), cells
    )
    for name, value in identity.items():
        print(f"strength 0, {name}: PSNR {value:.1f} dB against the photo")
    if arguments.json:
        write_report(arguments.json, rows, strength_0_psnr=identity)


if __name__ == "__main__":
    main()
