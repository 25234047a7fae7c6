#!/usr/bin/env python3
"""Large photos: memory, time and exactness of tiles, and what the upscaler adds to bicubic enlargement.

    python benchmarks/large.py --content photos/ --held-out 0.05
    python benchmarks/large.py --content photos/ --large 6000x4000 --compared 3000x2000 --technique adain

Large photos are mosaics of the folder's photos, enlarged to 750x500. Each row of the first table is a process of its
own: its largest resident memory, and the seconds from uint8 photo to uint8 picture. The second table compares tiles
with the photo painted at once: `same statistics` freezes those of the whole for the tiles, `own` lets the tiles find
them; differences are in levels of 255. At INT8 a last digit of the statistics rounds other values another way, which
`INT8 to FP16` puts in proportion: how far the quantized picture is from the exact one, both painted at once.

The upscaler is given photos that were halved by averaging (cv2.INTER_AREA), and is compared, as cv2.INTER_CUBIC is,
with the photos themselves: PSNR over RGB of uint8 pictures, mean over the photos.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from stylex.artifacts.catalog import GRAPHS, styles_in, transfer_file
from stylex.cli.tables import print_table
from stylex.errors import InputError, StylexError
from stylex.imaging.arrays import Image
from stylex.imaging.folders import picture_files
from stylex.imaging.reading import read_picture
from stylex.models.training.data import is_held_out
from stylex.runtime.benchmark.report import write_report
from stylex.runtime.benchmark.timing import isolated, milliseconds
from stylex.runtime.engine.hardware import peak_memory_mib
from stylex.runtime.loading import load
from stylex.runtime.painter import Painter
from stylex.runtime.tiles import AUTO, OFF, SIDE, Tile
from stylex.runtime.upscale import load_upscaler

PIECE = (500, 750)
STYLE = "starry-night"
TECHNIQUES = ("adain", "fast", "cyclegan")
PRECISIONS = ("int8", "fp16")
UPSCALED = 512


def mosaic(photos: list[Image], height: int, width: int) -> Image:
    """Photos beside each other, enlarged: real detail everywhere, and light and dark areas far apart."""
    large = np.empty((height, width, 3), np.uint8)
    places = [(top, left) for top in range(0, height, PIECE[0]) for left in range(0, width, PIECE[1])]
    for i, (top, left) in enumerate(places):
        piece = cv2.resize(photos[i % len(photos)], PIECE[::-1], interpolation=cv2.INTER_CUBIC)
        into = large[top : top + PIECE[0], left : left + PIECE[1]]
        into[:] = piece[: into.shape[0], : into.shape[1]]
    return large


def opened(technique: str, precision: str, threads: int, graphs: Path) -> Painter:
    """The painter; of one-style techniques the first network."""
    style = next(iter(styles_in(graphs, technique)), "")
    return load(technique, precision, "cpu", style=style, graphs=graphs, threads=threads)


def wanted(painter: Painter) -> tuple[Any, ...]:
    """Codes and masks, where it takes them."""
    return (painter.codes(STYLE)[0], np.ones((1, 1, 1, 1), np.float32)) if painter.takes_styles else ()


def measured(technique: str, photo: Image, tile: Tile, threads: int, graphs: Path) -> dict[str, Any]:
    """Peak memory and time, in this process."""
    painter = opened(technique, "int8", threads, graphs)
    style, before, start = wanted(painter), peak_memory_mib(), time.perf_counter()
    painter.paint(photo, *style, tile=tile)
    seconds = time.perf_counter() - start
    plan = painter.tiles(photo, tile)
    return {
        "technique": technique,
        "size": f"{photo.shape[1]}x{photo.shape[0]}",
        "tiles": str(plan) if plan else "at once",
        "runs": 1 if plan is None else plan.runs,
        "seconds": seconds,
        "before_mib": before,
        "peak_mib": peak_memory_mib(),
    }


def differences(one: Image, other: Image) -> dict[str, float]:
    """Levels of 255: the largest, the 99.9th percentile, the mean."""
    gap = cv2.absdiff(one, other)
    return {"largest": int(gap.max()), "p999": float(np.percentile(gap, 99.9)), "mean": float(gap.mean())}


def compared(technique: str, precision: str, photo: Image, side: int, threads: int, graphs: Path) -> dict[str, Any]:
    """Tiles against the photo painted at once."""
    painter = opened(technique, precision, threads, graphs)
    style = wanted(painter)
    whole = painter.paint(photo, *style)
    codes, masks = style or (None, None)
    row: dict[str, Any] = {"technique": technique, "precision": painter.precision, "tile": side}
    frozen = painter.paint(photo, codes, masks, whole.statistics, tile=side).picture
    row["same_statistics"] = differences(frozen, whole.picture)
    row["own_statistics"] = differences(painter.paint(photo, codes, masks, tile=side).picture, whole.picture)
    if precision == "int8":
        exact = opened(technique, "fp16", threads, graphs).paint(photo, *style).picture
        row["to_fp16"] = differences(whole.picture, exact)
    return row


def upscaled(photos: list[Image], threads: int) -> dict[str, Any]:
    """PSNR of both enlargements, and milliseconds of a square picture."""
    upscaler = load_upscaler("cpu", threads=threads)
    found = []
    for photo in photos:
        height, width = (side // 2 * 2 for side in photo.shape[:2])
        photo = np.ascontiguousarray(photo[:height, :width])
        small = cv2.resize(photo, (width // 2, height // 2), interpolation=cv2.INTER_AREA).astype(np.uint8)
        plain = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
        found.append((cv2.PSNR(plain, photo), cv2.PSNR(upscaler(small), photo)))
    decibels: npt.NDArray[np.float64] = np.array(found)
    gains = decibels[:, 1] - decibels[:, 0]
    square = cv2.resize(photos[0], (UPSCALED, UPSCALED), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    return {
        "photos": len(photos),
        "bicubic_psnr": float(decibels[:, 0].mean()),
        "psnr": float(decibels[:, 1].mean()),
        "gain": float(gains.mean()),
        "worst_gain": float(gains.min()),
        "median_ms": float(np.median(milliseconds(lambda: upscaler(square)))),
        "precision": upscaler.session.metadata.precision,
        "file_bytes": {p: transfer_file("upscaler", p).stat().st_size for p in PRECISIONS},
    }


def photos_of(folder: Path, held_out: float) -> list[Image]:
    """The folder's photos, or the share of them that training never saw.

    Raises:
        InputError: there is none.
    """
    files = [f for f in picture_files(folder) if not held_out or is_held_out(f.name, held_out)]
    if not files:
        raise InputError(f"{folder} has no pictures for this: give another folder, or another --held-out")
    return [read_picture(file).rgb for file in files]


def sides(text: str) -> tuple[int, int]:
    """WIDTHxHEIGHT as height and width."""
    width, height = (int(side) for side in text.split("x"))
    return height, width


def report(rows: dict[str, list[dict[str, Any]]]) -> None:
    """Print the three tables."""
    cells: list[list[object]] = [
        [r["technique"], r["size"], r["tiles"], r["runs"], r["seconds"], r["before_mib"], r["peak_mib"]]
        for r in rows["memory"]
    ]
    columns = ("technique, INT8", "photo", "how", "runs", "seconds", "MiB before", "peak MiB")
    print_table("Memory and time", columns, cells)
    cells = []
    for r in rows["tiles"]:
        for name, title in (
            ("same_statistics", "same statistics"),
            ("own_statistics", "own"),
            ("to_fp16", "INT8 to FP16"),
        ):
            if name in r:
                gap = r[name]
                mean = f"{gap['mean']:.3f}"
                cells.append([f"{r['technique']} {r['precision']}", title, gap["largest"], f"{gap['p999']:.0f}", mean])
    print_table("Tiles against at once", ("network", "compared", "largest", "99.9 %", "mean"), cells)
    (r,) = rows["upscaler"]
    quality = (f"{r[k]:.2f}" for k in ("bicubic_psnr", "psnr", "gain", "worst_gain"))
    kilobytes = (f"{r['file_bytes'][p] / 1e3:.0f}" for p in PRECISIONS)
    head = ("upscaler", "photos", "bicubic dB", "dB", "gain", "worst", f"ms for {UPSCALED}", "KB INT8", "KB FP16")
    print_table("Twice the size", head, [[r["precision"], r["photos"], *quality, r["median_ms"], *kilobytes]])


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--content", type=Path, required=True, help="folder of photos")
    parser.add_argument("--held-out", type=float, default=0.0, help="only the share that training never saw")
    parser.add_argument("--technique", action="append", choices=TECHNIQUES, help="repeat for several [all]")
    parser.add_argument("--large", type=sides, default=(4000, 6000), help="WIDTHxHEIGHT [6000x4000]")
    parser.add_argument("--compared", type=sides, default=(2000, 3000), help="WIDTHxHEIGHT [3000x2000]")
    parser.add_argument("--tile", type=int, default=SIDE // 2, help="pixels of the tiles that are compared [1024]")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--graphs", type=Path, default=GRAPHS, help="folder of ONNX files [embedded]")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    threads, graphs = arguments.threads, arguments.graphs
    try:
        photos = photos_of(arguments.content, arguments.held_out)
        large, middle = (mosaic(photos, *size) for size in (arguments.large, arguments.compared))
        names = arguments.technique or TECHNIQUES
        rows = {
            "memory": [
                isolated(measured, name, photo, tile, threads, graphs)
                for name in names
                for photo, tile in ((large, AUTO), (middle, OFF))
            ],
            "tiles": [compared(n, p, middle, arguments.tile, threads, graphs) for n in names for p in PRECISIONS],
            "upscaler": [upscaled(photos, threads)],
        }
    except StylexError as error:
        parser.exit(error.exit_code, f"large.py: {error}\n")
    report(rows)
    if arguments.json:
        write_report(arguments.json, [{"table": name, **row} for name, found in rows.items() for row in found])


if __name__ == "__main__":
    main()
