"""--threads, of commands that compute in torch."""

from __future__ import annotations

from functools import partial

import click


def use_torch_threads(count: int) -> None:
    """Has torch compute on so many threads until the running command ends; 0 leaves it as it is."""
    import torch

    if count:
        click.get_current_context().call_on_close(partial(torch.set_num_threads, torch.get_num_threads()))
        torch.set_num_threads(count)
