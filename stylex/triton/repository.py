"""`stylex export --target triton`: a technique's networks as models of a Triton model repository."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylex.artifacts.catalog import GRAPHS, encoder_file, styles_in
from stylex.cores import cores
from stylex.errors import InputError, UsageError
from stylex.files import make_folder, write_bytes
from stylex.techniques import ARBITRARY, DEFAULT, SINGLE, listed, technique_named
from stylex.triton.config import MARK, config_text
from stylex.triton.measurement import Measurement, measured
from stylex.triton.photos import PhotoPainter

VERSION = "1"
MODEL = b'''"""Paints photos; needs `pip install 'stylex[cpu]'` where Triton runs, or '[gpu]' for instances on a GPU."""

from stylex.triton.model import TritonPythonModel

__all__ = ["TritonPythonModel"]
'''


@dataclass(frozen=True)
class ServedModel:
    """A model that was written.

    Attributes:
        folder: of the model, in the repository.
        ran: technique, precision and provider that were measured.
        batch: photos that Triton gives it at once, at the most.
        queue_delay: seconds that a photo waits for others.
        queue_size: photos that may wait.
        rate: photos a second, measured.
    """

    folder: Path
    ran: str
    batch: int
    queue_delay: float
    queue_size: int
    rate: float


def export_repository(
    folder: Path | str,
    technique: str = DEFAULT,
    *,
    precision: str = "auto",
    style: str = "",
    graphs: Path | str | None = None,
    measure: Callable[[PhotoPainter], Measurement] = measured,
    progress: Callable[[str], object] = lambda what: None,
) -> list[ServedModel]:
    """Writes a technique's networks into a model repository, each as a model of its own.

    Args:
        folder: the repository; other models in it stay as they are.
        technique: one that has graphs.
        precision: "fp32", "fp16", "int8", or "auto" for the fastest on this machine's CPU.
        style: only this network, of a technique whose weights hold one style.
        graphs: folder of exported graphs; the embedded ones by default.
        measure: times batches; see `measured`.
        progress: is called with what is being done.

    Raises:
        UsageError: a technique without graphs, or an unknown name.
        InputError: the folder holds something else under a model's name, or a graph can't be read.
        ResourceError: the disk is full or can't be written.
    """
    source, chosen = Path(graphs) if graphs is not None else None, technique_named(technique).name
    if chosen not in (*ARBITRARY, *SINGLE):
        raise UsageError(f"{chosen} has no network to serve: take {listed((*ARBITRARY, *SINGLE), 'or')}")
    if style and chosen in ARBITRARY:
        raise UsageError(f"{chosen} paints in any style: leave the style out", style=None)
    networks = ([style] if style else styles_in(source or GRAPHS, chosen)) if chosen in SINGLE else [""]
    if not networks:
        raise InputError(f"{source} has no network of {chosen}: export one there first", graphs=None)
    written = []
    for network in networks:
        name = "-".join(filter(None, (chosen, network)))
        place = Path(folder) / name
        _require_ours(place)
        progress(f"measuring {name}")
        written.append(_write(place, chosen, network, precision, source, measure))
    return written


def _require_ours(place: Path) -> None:
    """Refuses a folder that holds something else than a model of ours."""
    if not os.path.isdir(place) or not any(place.iterdir()):
        return
    config = place / "config.pbtxt"
    if not config.is_file() or not config.read_bytes().startswith(MARK.encode()):
        raise InputError(f"{place} holds something that stylex didn't write: move it away, or choose another folder")


def _write(
    place: Path,
    technique: str,
    network: str,
    precision: str,
    graphs: Path | None,
    measure: Callable[[PhotoPainter], Measurement],
) -> ServedModel:
    """Writes a model, its configuration last, so that a server that watches the folder finds it complete."""
    photos = PhotoPainter(technique, network, graphs, precision, "cpu", workers=cores())
    painter, any_style = photos.painter, photos.painter.takes_styles
    try:
        m = measure(photos)
        inside = make_folder(place / VERSION / "graphs")
        for file in (painter.transfer.path, encoder_file(technique, painter.folder)):
            if file.is_file():
                write_bytes(inside / file.name, file.read_bytes())
    finally:
        photos.close()
    parameters: dict[str, Any] = {"technique": technique, "network": network, "precision": painter.precision}
    write_bytes(place / VERSION / "model.py", MODEL)
    write_bytes(place / "config.pbtxt", config_text(place.name, m, parameters, any_style).encode())
    return ServedModel(place, m.ran, m.batch, m.queue_delay, m.queue_size, m.rate)
