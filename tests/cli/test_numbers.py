"""Numbers out of range: every numeric option of every verb refuses them by name, before any work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import Result

from stylex.cli import main
from stylex.cli.options.numbers import Count, Number

RunCli = Callable[..., Result]


def numeric(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Option]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from numeric(command, (*path, name))
        elif command is not None:
            for option in command.params:
                if option.name == "weights":
                    continue  # the library judges them together, in one line
                if isinstance(option.type, (click.IntRange, click.FloatRange)) or option.type in (
                    click.INT,
                    click.FLOAT,
                ):
                    assert isinstance(option, click.Option)
                    yield (*path, name), option


OPTIONS = list(numeric(main))


def test_all_verbs_were_walked() -> None:
    assert len(OPTIONS) > 60
    assert {path[0] for path, _ in OPTIONS} >= {"run", "train", "bake", "export", "bench", "video", "serve", "batch"}


@pytest.mark.parametrize(("path", "option"), OPTIONS, ids=lambda v: " ".join(v) if isinstance(v, tuple) else v.name)
def test_every_number_is_bounded(path: tuple[str, ...], option: click.Option) -> None:
    assert isinstance(option.type, (Number, Count, click.IntRange)), "a bare number takes anything"
    for text in ("nan", "inf", "-inf", "1e400", "99999999999999999999", "-99999999999999999999"):
        with pytest.raises(click.BadParameter):
            option.type.convert(text, option, None)


@pytest.mark.parametrize("value", ["nan", "inf", "99999999999999999999"])
@pytest.mark.parametrize("option", ["--rate", "--seed", "--threads", "--minutes"])
def test_training_refuses_them_before_any_work(option: str, value: str, tmp_path: Path, run_cli: RunCli) -> None:
    folders = ("--content", tmp_path, "--style", tmp_path, "--out", tmp_path / "r")
    result = run_cli("train", "adain", *folders, option, value)
    assert result.exit_code == 2
    assert option in result.stderr and "Traceback" not in result.stderr
    assert not (tmp_path / "r").exists()
