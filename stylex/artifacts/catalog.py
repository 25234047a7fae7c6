"""Which graph lies in which file."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from stylex.artifacts.graph_file import read_metadata, read_props
from stylex.artifacts.metadata import TRANSFER, is_ours
from stylex.errors import InputError, ModelError, UsageError

logger = logging.getLogger("stylex")

GRAPHS = Path(__file__).parent / "graphs"
"""The embedded ones."""
NAME = re.compile(r"\w[\w. -]*")


def transfer_file(technique: str, precision: str, folder: Path = GRAPHS, style: str = "") -> Path:
    """Returns where the transfer graph of a technique lies; `style` where its weights hold one."""
    return folder / "-".join(filter(None, (technique, style, f"{precision}.onnx")))


def encoder_file(technique: str, folder: Path = GRAPHS) -> Path:
    """Returns where the style encoder of a technique lies; it is stored in half precision and computes in float32."""
    return folder / f"{technique}-style.onnx"


def styles_file(technique: str) -> Path:
    """Returns where the built-in codes for a technique lie."""
    return GRAPHS / f"{technique}-styles.npz"


def folder_of_tool(tool: str, folder: Path | None) -> Path:
    """Returns the folder whose graphs of a tool are used: the given one, or the embedded ones where it has none.

    The latter is told in a warning of the logger "stylex".
    """
    if folder is None or any(folder.glob(f"{tool}-*.onnx")):
        return folder or GRAPHS
    logger.warning("%s has no graph of the %s: the embedded one is used", folder, tool)
    return GRAPHS


def styles_in(folder: Path, technique: str) -> list[str]:
    """Returns the styles that a folder has transfer graphs of, for a technique whose weights hold one; sorted.

    The metadata of the files says which they are. One that can't be read, or that lies under another name than
    `transfer_file` gives, is passed over with a warning of the logger "stylex"; so is one of others, without a warning.
    """
    found = set()
    for file in sorted(folder.glob(f"{technique}-*.onnx")):
        try:
            style = _style_of(file, technique)
        except (InputError, ModelError) as error:
            logger.warning("%s; it is passed over", error)
        else:
            found.add(style)
    return sorted(found - {""})


def _style_of(file: Path, technique: str) -> str:
    """Returns the style of a transfer graph, empty for files of others; raises for what can't be used."""
    props = read_props(file)
    if not is_ours(props):
        return ""
    metadata = read_metadata(file)
    if (metadata.technique, metadata.spec.role) != (technique, TRANSFER):
        return ""
    wanted = transfer_file(technique, metadata.precision, style=metadata.style).name
    if file.name != wanted:
        raise InputError(f"{file} paints the style {metadata.style!r} of {technique}: call it {wanted}")
    return metadata.style


def require_name(name: str, parameter: str = "name") -> str:
    """Returns the name of a style, which becomes part of a file's name.

    Args:
        parameter: of the call that another name is given with, for the message.

    Raises:
        UsageError: it can't.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} can't be part of a file's name: give another of letters, digits, - and _", **{parameter: None}
        )
    return name
