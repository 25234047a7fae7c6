"""Which graph lies in which file."""

from __future__ import annotations

import re
from pathlib import Path

from stylex.artifacts.metadata import PRECISIONS
from stylex.errors import UsageError

GRAPHS = Path(__file__).parent / "graphs"
"""The embedded ones."""
NAME = re.compile(r"\w[\w. -]*")


def transfer_file(technique: str, precision: str, folder: Path = GRAPHS, style: str = "") -> Path:
    """Where the transfer graph of a technique lies; `style` where its weights hold one."""
    return folder / "-".join(filter(None, (technique, style, f"{precision}.onnx")))


def encoder_file(technique: str, folder: Path = GRAPHS) -> Path:
    """Where the style encoder of a technique lies; its weights are stored in half precision, it computes in float32."""
    return folder / f"{technique}-style.onnx"


def styles_file(technique: str) -> Path:
    """Where the built-in codes for a technique lie."""
    return GRAPHS / f"{technique}-styles.npz"


def styles_in(folder: Path, technique: str) -> list[str]:
    """The styles that a folder has graphs of, for a technique whose weights hold one; sorted."""
    pattern = re.compile(rf"{re.escape(technique)}-(.+)-({'|'.join(PRECISIONS)})\.onnx")
    found = (pattern.fullmatch(file.name) for file in folder.glob(f"{technique}-*.onnx"))
    return sorted({match[1] for match in found if match})


def require_name(name: str) -> str:
    """The name of a style, which becomes part of a file's name.

    Raises:
        UsageError: it can't.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} can't be part of a file's name: give another of letters, digits, - and _ with --name, or with "
            "--style where a graph is exported"
        )
    return name
