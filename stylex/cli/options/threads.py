"""--threads, of commands that compute in torch."""

from __future__ import annotations

import click


def use_torch_threads(count: int) -> None:
    """Has torch compute on so many threads until the running command ends; 0 leaves it as it is."""
    from stylex.models.threads import torch_threads

    click.get_current_context().with_resource(torch_threads(count))
