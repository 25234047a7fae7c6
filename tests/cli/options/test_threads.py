from __future__ import annotations

import click
import pytest
import torch
from click.testing import CliRunner

from stylex.cli.options.threads import use_torch_threads


@pytest.mark.parametrize(("asked", "inside"), [(3, 3), (0, 2)])
@pytest.mark.parametrize("fails", [False, True])
def test_torch_has_its_threads_back_when_the_command_ends(asked: int, inside: int, fails: bool) -> None:
    found = []

    @click.command()
    def command() -> None:
        use_torch_threads(asked)
        found.append(torch.get_num_threads())
        if fails:
            raise ValueError("in the middle")

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        CliRunner().invoke(command)
        assert (found, torch.get_num_threads()) == ([inside], 2)
    finally:
        torch.set_num_threads(before)
