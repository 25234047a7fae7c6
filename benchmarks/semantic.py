#!/usr/bin/env python3
"""Accuracy of the segmenter on photos that training never saw, and its time beside that of adain.

    python benchmarks/semantic.py --photos portraits/ --held-out 0.2

A photo NNN.jpg has its mask beside it, NNN.png, white on people. Intersection over union is of all pixels together,
for each class and on average; "per photo" is the mean over photos instead, where small people count as much as large
ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from stylex.artifacts.catalog import GRAPHS, transfer_file
from stylex.artifacts.metadata import PRECISIONS, SEGMENTER
from stylex.cli.tables import print_table
from stylex.errors import InputError, StylexError
from stylex.imaging.arrays import Image
from stylex.models.segmenter.data import MaskedFolder, load_masked
from stylex.runtime.benchmark.likeness import default_photo
from stylex.runtime.benchmark.report import write_report
from stylex.runtime.benchmark.timing import milliseconds
from stylex.runtime.loading import load
from stylex.runtime.semantic.masks import resized
from stylex.runtime.semantic.segmenters import Segmenter, open_segmenter

COLUMNS = ("graph", "mean IoU", "person", "background", "per photo", "median ms", "file MB")
UNLIMITED = 10**6
"""Pixels of a shorter side that no photo has: they are rated at their own size."""
CLASSES = ("person", "background")


def overlaps(segmenter: Segmenter, folder: MaskedFolder) -> npt.NDArray[np.int64]:
    """Pixels in the intersection and in the union of what is found and what is true: (photos, classes, 2)."""
    assert folder.masks is not None
    rows = []
    for photo, mask in zip(folder.pictures, folder.masks, strict=True):
        found = resized(segmenter(photo)["person"], *photo.shape[:2]) > 0.5
        true = mask > 127
        pairs = ((found, true), (~found, ~true))
        rows.append([[int((a & b).sum()), int((a | b).sum())] for a, b in pairs])
    return np.array(rows)


def rated(path: Path, folder: MaskedFolder, photo: Image, threads: int) -> dict[str, Any]:
    """One graph over all photos, and its time with the photo brought to its size."""
    segmenter = open_segmenter(path, threads=threads)
    found = overlaps(segmenter, folder)
    together = found.sum(0)
    classes = together[:, 0] / np.maximum(together[:, 1], 1)
    alone = (found[..., 0] / np.maximum(found[..., 1], 1)).mean()
    height, width = segmenter.input_spec.preprocess(photo).shape[2:]
    return {
        "name": f"{path.name}, {width}x{height}",
        "mean_iou": float(classes.mean()),
        **{f"{name}_iou": float(value) for name, value in zip(CLASSES, classes, strict=True)},
        "per_photo_iou": float(alone),
        "photos": len(found),
        "median_ms": float(np.median(milliseconds(lambda: segmenter(photo)))),
        "file_mb": path.stat().st_size / 1e6,
    }


def beside(photo: Image, threads: int) -> dict[str, Any]:
    """Adain's time for the same photo."""
    painter = load("adain", "int8", "cpu", threads=threads)
    codes, _ = painter.codes("starry-night")
    masks = np.ones((1, 1, 1, 1), np.float32)
    return {
        "name": f"adain-int8.onnx, {photo.shape[1]}x{photo.shape[0]}",
        "median_ms": float(np.median(milliseconds(lambda: painter.paint(photo, codes, masks)))),
        "file_mb": transfer_file("adain", "int8").stat().st_size / 1e6,
    }


def cells(row: dict[str, Any]) -> Sequence[str]:
    """A row of the table."""
    scores = [row.get(key) for key in ("mean_iou", "person_iou", "background_iou", "per_photo_iou")]
    cells = [f"{share:.3f}" if share is not None else "-" for share in scores]
    return (row["name"], *cells, f"{row['median_ms']:.1f}", f"{row['file_mb']:.2f}")


def graph_files(folder: Path) -> list[Path]:
    """The segmenter's graphs in a folder.

    Raises:
        InputError: there is none.
    """
    files = [file for p in PRECISIONS if (file := transfer_file(SEGMENTER, p, folder)).is_file()]
    if not files:
        raise InputError(f"{folder} has no segmenter: make it with `stylex export segmenter --int8 -o {folder}`")
    return files


def main() -> None:
    """Parse, rate, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="folder of photos with masks")
    parser.add_argument("--held-out", type=float, default=0.2, help="only the share that training never saw; 1 for all")
    parser.add_argument("--size", type=int, default=512, help="of the photo that is timed")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--graphs", type=Path, default=GRAPHS, help="folder of ONNX files [embedded]")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    photo = np.asarray(cv2.resize(default_photo(), (arguments.size, arguments.size)), np.uint8)
    try:
        folder = load_masked(arguments.photos, UNLIMITED, arguments.held_out, held_out=True)
        rows = [rated(file, folder, photo, arguments.threads) for file in graph_files(arguments.graphs)]
        rows.append(beside(photo, arguments.threads))
    except StylexError as error:
        parser.exit(error.exit_code, f"semantic.py: {error}\n")
    print_table(f"{len(folder.pictures)} photos that training never saw", COLUMNS, [cells(row) for row in rows])
    if arguments.json:
        write_report(arguments.json, rows)


if __name__ == "__main__":
    main()
