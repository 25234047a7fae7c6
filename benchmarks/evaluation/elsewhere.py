"""Paints in the interpreter that runs this file, whose packages may be another ONNX Runtime's, or another processor's.

    python elsewhere.py ORDER.json FOLDER

It needs what stylex needs at run time, and stylex on PYTHONPATH. ORDER.json has the paths of a photo and of a painting,
arrays that NumPy wrote, and `cases`: technique, precision, folder of graphs, and the network's style where its weights
hold one. The picture of case N becomes FOLDER/N.npy, or N.txt has the error. Where the interpreter itself crashes,
neither is there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import stylex


def paint(case: dict[str, Any], photo: Any, painting: Any) -> Any:
    """Returns the photo, painted by the graphs of a case."""
    where = {"provider": "cpu", "threads": 1, "precision": case["precision"], "graphs": case["graphs"]}
    if case["technique"] == "upscaler":
        return stylex.stylize(photo, "cyclegan", case["style"], upscale=2, **where)
    if case["technique"] == "segmenter":
        return stylex.stylize(photo, "semantic", regions={"person": painting}, **where)
    return stylex.stylize(photo, case["technique"], case["style"] or painting, **where)


def main(order: Path, folder: Path) -> None:
    """Paints all cases."""
    wanted = json.loads(order.read_text())
    photo, painting = np.load(wanted["photo"]), np.load(wanted["painting"])
    for number, case in enumerate(wanted["cases"]):
        try:
            np.save(folder / f"{number}.npy", paint(case, photo, painting))
        except Exception as error:  # whatever an old ONNX Runtime raises is what the caller wants to know
            (folder / f"{number}.txt").write_text(f"{type(error).__name__}: {' '.join(str(error).split())}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
