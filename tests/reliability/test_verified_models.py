"""What is loaded is what was hashed: a model's file is opened once, and its digest is that of the bytes in memory."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import stylex
from stylex.artifacts.catalog import transfer_file
from stylex.batch.identity import identity
from stylex.models.fast.transformer_net import TransformerNet
from stylex.models.published.checkpoints import load_checkpoint
from stylex.models.weights import embedded, read_weights
from stylex.runtime.engine.session import open_foreign, open_graph

_opened: list[str] = []
_watched: list[str] = []


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _watched and isinstance(arguments[0], (str, bytes)):
        path = os.fsdecode(arguments[0])
        if path in _watched:
            _opened.append(path)


sys.addaudithook(_note)


@pytest.fixture
def watch() -> Iterator[Callable[[Path], None]]:
    """Counts in `_opened` whenever one of the watched files is opened in this process by Python."""
    _opened.clear()
    yield lambda path: _watched.append(str(path))
    _watched.clear()


def _graph(folder: Path) -> Path:
    return Path(shutil.copy(transfer_file("fast", "int8", style="wheat-field"), folder / "fast-wheat-field-int8.onnx"))


def _weights(folder: Path) -> Path:
    return Path(shutil.copy(embedded("fast", "wheat-field"), folder / "weights.safetensors"))


def _checkpoint(folder: Path) -> Path:
    torch.save(TransformerNet().state_dict(), folder / "candy.pth")
    return folder / "candy.pth"


LOADERS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], str]]] = {
    "open_graph": (_graph, lambda path: open_graph(path, threads=1).sha256),
    "open_foreign": (_graph, lambda path: open_foreign(path, 1).sha256),
    "stylex.load": (_graph, lambda path: stylex.load(path, provider="cpu", threads=1).transfer.sha256),
    "the digest in a journal": (_graph, lambda path: str(identity(open_graph(path, threads=1)))),
    "weights": (_weights, lambda path: read_weights(path).sha256),
    "a published checkpoint": (_checkpoint, lambda path: load_checkpoint([path]).sha256),
}


@pytest.mark.parametrize("loader", LOADERS)
def test_a_models_file_is_opened_once(loader: str, tmp_path: Path, watch: Callable[[Path], None]) -> None:
    make, digest = LOADERS[loader]
    path = make(tmp_path)
    wanted = hashlib.sha256(path.read_bytes()).hexdigest()
    watch(path)
    assert digest(path) == wanted
    assert len(_opened) == 1


def test_a_second_opening_is_counted(tmp_path: Path, watch: Callable[[Path], None]) -> None:
    path = _graph(tmp_path)
    watch(path)
    open_graph(path, threads=1)
    path.read_bytes()
    assert len(_opened) == 2


def test_a_file_that_changes_afterwards_changes_no_digest(tmp_path: Path) -> None:
    path = _graph(tmp_path)
    wanted = hashlib.sha256(path.read_bytes()).hexdigest()
    painter = stylex.load(path, provider="cpu", threads=1)
    path.write_bytes(transfer_file("fast", "int8", style="great-wave").read_bytes())
    assert painter.transfer.sha256 == identity(painter.transfer) == wanted
