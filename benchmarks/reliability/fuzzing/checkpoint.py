"""Checkpoints of torch, in all of its formats, and of safetensors."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save

from stylex.models.safe_checkpoints import finite, state_dicts


def seeds() -> Iterator[bytes]:
    """Yields small files of every format; the first byte says how the file is called."""
    tensors = {"module.a.weight": torch.ones(2, 2).half(), "module.a.bias": torch.zeros(2)}
    for held in (tensors, {"state_dict": tensors, "epoch": 3, "ema": {"a": torch.ones(1)}}):
        for zipped in (True, False):
            data = io.BytesIO()
            torch.save(held, data, _use_new_zipfile_serialization=zipped)
            yield b"\0" + data.getvalue()
    yield b"\1" + save(tensors)


def target(data: bytes) -> None:
    """Reads one. Whatever is raised beside `StylexError` is a fault."""
    path = Path("fuzzed.safetensors" if data[:1] == b"\1" else "fuzzed.pth")
    for tensors in state_dicts(path, data[1:]).values():
        finite(tensors, path)
