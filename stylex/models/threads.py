"""Threads of torch, which belong to the whole process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from stylex.cores import cores


@contextlib.contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Lets torch compute on so many threads inside the block; 0 for as many as it has, and not more than cores."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count or min(before, cores()))
    try:
        yield
    finally:
        torch.set_num_threads(before)
