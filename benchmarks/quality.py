#!/usr/bin/env python3
"""How good the pictures are: content loss, style loss and structure, for torch and for every precision in ONNX Runtime.

    python benchmarks/quality.py --content photos/ --style paintings/ --photos 20 --styles 10 --held-out 0.05

All pairs of the two folders, or of a seeded choice of them. With --held-out only pictures that training never saw:
the share that `stylex train` holds out by a hash of the name (0.05 for the embedded weights).

Losses are those of training: content is the squared distance of instance-normalized relu4_1, set against that of the
style picture itself; style is the relative squared distance of means and standard deviations at relu1_1 to relu5_1, set
against that of the untouched photo; both of the slim VGG-19. SSIM and MS-SSIM are against the photo, PSNR and the last
SSIM against torch. `lattice` is the share of fine detail that repeats every 8 pixels; a photo has some 0.07 by chance.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from rich.progress import track
from torch import Tensor

from stylex.errors import InputError, ModelError, StylexError
from stylex.export.metrics import psnr, ssim
from stylex.files import sha256_of
from stylex.models import losses
from stylex.models.adain.network import AdaIN
from stylex.models.backbone import BORDER
from stylex.models.data import is_held_out, picture_files
from stylex.models.weights import embedded, read_weights
from stylex.runtime.benchmark import print_table, write_report
from stylex.runtime.facts import PRECISIONS
from stylex.runtime.images import read_picture, write_picture
from stylex.runtime.loading import load
from stylex.runtime.painter import Image, Painter
from stylex.runtime.planes import to_floats

PICTURED = 6
COLUMNS = ("", "content", "ratio", "style", "ratio", "SSIM", "MS-SSIM", "lattice", "PSNR dB", "worst", "SSIM to torch")


@dataclass(frozen=True)
class Judge:
    """The loss networks and what is measured with them."""

    slim: losses.SlimVgg

    def features(self, picture: Image) -> losses.Features:
        """Features of an RGB picture (H, W, 3)."""
        found: losses.Features = self.slim(torch.from_numpy(to_floats(picture)))
        return found

    def rate(self, painted: Image, photo: Image, style: losses.Statistics, content: Tensor) -> dict[str, float]:
        """All measures of one picture."""
        from pytorch_msssim import ms_ssim

        found = self.features(painted)
        a, b = (torch.from_numpy(to_floats(x)) for x in (painted, photo))
        return {
            "content": float(losses.content_loss(found["4_1"], content)),
            "style": float(losses.style_loss(losses.statistics(found), style)),
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

    def __init__(self, weights: Path) -> None:
        self.network = AdaIN()
        read_weights(weights).fill(self.network)

    @torch.inference_mode()
    def code(self, style: Image) -> npt.NDArray[np.float32]:
        """Code (1, D) of a style picture."""
        return np.asarray(self.network.style(torch.from_numpy(to_floats(style))).numpy(), np.float32)

    @torch.inference_mode()
    def paint(self, photo: Image, code: npt.NDArray[np.float32], strength: float) -> Image:
        """Paint a photo whose sides are multiples of 8."""
        padded = cv2.copyMakeBorder(photo, BORDER, BORDER, BORDER, BORDER, cv2.BORDER_REFLECT_101)
        picture, _ = self.network(torch.from_numpy(to_floats(padded)), torch.from_numpy(code), strength)
        return np.asarray((picture[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy(), np.uint8)


def paint(painter: TorchPainter | Painter, photo: Image, code: npt.NDArray[np.float32], strength: float = 1.0) -> Image:
    """Paint with either of them."""
    if isinstance(painter, TorchPainter):
        return painter.paint(photo, code, strength)
    return painter.paint(photo, code, np.full((1, 1, 1, 1), strength, np.float32)).picture


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
        if "ms" in row:
            row |= {"median_ms": float(np.median(self.values[name]["ms"]))}
            row |= {"p95_ms": float(np.percentile(self.values[name]["ms"], 95))}
        row["style_ratio"] = mean["style"] / float(np.mean(self.values["photo"]["style"]))
        row["content_ratio"] = mean["content"] / float(np.mean(self.values["style"]["content"]))
        row["worst_psnr"] = min(self.values[name]["psnr"]) if "psnr" in self.values[name] else None
        return row


def painters_of(arguments: argparse.Namespace) -> dict[str, TorchPainter | Painter]:
    """Torch first, then the precisions."""
    weights = arguments.weights or embedded("adain")
    painters: dict[str, TorchPainter | Painter] = {"torch fp32": TorchPainter(weights)}
    for precision in () if arguments.torch_only else arguments.precision or PRECISIONS:
        painter = load("adain", precision, "cpu", graphs=arguments.graphs)
        if painter.transfer.facts.weights_sha256 != sha256_of(weights):
            raise ModelError(f"{painter.transfer.path} was exported from other weights than {weights}: export it again")
        painters[f"onnx {precision}"] = painter
    return painters


def rate_pair(
    judge: Judge,
    painters: dict[str, TorchPainter | Painter],
    photo: Image,
    style: tuple[npt.NDArray[np.float32], losses.Features],
    ratings: Ratings,
) -> Image:
    """Paint one pair with every painter and note the measures; returns torch's picture."""
    code, features = style
    content, wanted = judge.features(photo)["4_1"], losses.statistics(features)
    ratings.note("photo", judge.rate(photo, photo, wanted, content))
    ratings.note("style", {"content": float(losses.content_loss(features["4_1"], content))})
    pictures = {}
    for name, painter in painters.items():
        start = time.perf_counter()
        pictures[name] = paint(painter, photo, code)
        ratings.note(name, {"ms": 1e3 * (time.perf_counter() - start)})
    reference = pictures["torch fp32"]
    for name, painted in pictures.items():
        ratings.note(name, judge.rate(painted, photo, wanted, content))
        if painted is not reference:
            a, b = to_floats(painted), to_floats(reference)
            ratings.note(name, {"psnr": psnr(a, b), "ssim_to_torch": ssim(a[0], b[0])})
    return reference


def evaluate(arguments: argparse.Namespace) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Rows of measures, averaged over all pairs, and every painter's PSNR at strength 0."""
    judge = Judge(losses.SlimVgg(losses.find_teacher(arguments.teacher, arguments.content)))
    photos = chosen(arguments.content, arguments.photos, arguments.held_out, arguments.size)
    styles = chosen(arguments.style, arguments.styles, arguments.held_out, arguments.size)
    painters = painters_of(arguments)
    encoder = painters["torch fp32"]
    assert isinstance(encoder, TorchPainter)
    known = [(encoder.code(style), judge.features(style)) for style in styles]
    ratings, identity = Ratings(), defaultdict(list)
    for i, photo in enumerate(track(photos, "painting", disable=arguments.quiet)):
        for name, painter in painters.items():
            identity[name].append(psnr(to_floats(paint(painter, photo, known[0][0], 0.0)), to_floats(photo)))
        for j, style in enumerate(known):
            painted = rate_pair(judge, painters, photo, style, ratings)
            if arguments.pictures and i < PICTURED and j < PICTURED:
                write_picture(arguments.pictures / f"{i}-{j}.png", painted)
    rows = [ratings.summary(name) for name in ("photo", *painters)]
    for row in rows:
        backend, _, precision = row["name"].partition(" ")
        provider = "cpu" if backend == "onnx" else backend
        row |= {"precision": precision, "provider": provider, "size": arguments.size, "threads": 0}
        row |= {"pairs": len(photos) * len(styles)}
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
    parser.add_argument("--weights", type=Path, help="weights.safetensors for the torch row [embedded]")
    parser.add_argument("--graphs", type=Path, help="folder of ONNX files [embedded]")
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
    keys = (
        "content",
        "content_ratio",
        "style",
        "style_ratio",
        "ssim",
        "ms_ssim",
        "lattice",
        "psnr",
        "worst_psnr",
        "ssim_to_torch",
    )
    cells = [(r["name"], *(None if r.get(k) is None else f"{r[k]:.3f}" for k in keys)) for r in rows]
    seen = "never seen in training" if arguments.held_out else "seen in training or not"
    print_table(f"{rows[0]['pairs']} pairs, {seen}, at {arguments.size}x{arguments.size}", COLUMNS, cells)
    for name, value in identity.items():
        print(f"strength 0, {name}: PSNR {value:.1f} dB against the photo")
    if arguments.json:
        write_report(arguments.json, rows, strength_0_psnr=identity)


if __name__ == "__main__":
    main()
