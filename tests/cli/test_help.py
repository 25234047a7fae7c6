"""Every command explains itself, with an example that exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator

import click
import pytest
from click.testing import Result

import stylex as package
from stylex.cli import VERBS, main

RunCli = Callable[..., Result]


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


ALL = list(commands(main))
PATHS = [path for path, _ in ALL]


def test_the_verbs() -> None:
    painting, rest = (
        ["run", "sheet", "batch", "video", "webcam"],
        ["export", "train", "bake", "bench", "serve", "doctor", "list"],
    )
    assert list(VERBS) == [*painting, "styles", *rest]
    assert {("styles", "list"), ("styles", "show"), ("styles", "encode"), ("train", "adain")} <= set(PATHS)
    assert {("train", "fast"), ("train", "cyclegan"), ("train", "encoder")} <= set(PATHS)


@pytest.mark.parametrize("path", [(), *PATHS], ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_holds_an_example(path: tuple[str, ...], flag: str, run_cli: RunCli) -> None:
    result = run_cli(*path, flag)
    assert result.exit_code == 0
    assert "Example" in result.stdout
    assert f"stylex {' '.join(path)}".strip() in result.stdout.split("Example", 1)[1]
    assert "\b" not in result.stdout


@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) for path in PATHS])
def test_examples_use_options_that_exist(path: tuple[str, ...], command: click.Command) -> None:
    known = {flag for option in command.params for flag in (*option.opts, *option.secondary_opts)}
    for line in re.findall(rf"^ *stylex {' '.join(path)} .*$", command.help or "", re.MULTILINE):
        given = {word for word in shlex.split(line) if word.startswith("-") and word != "-"}
        if not isinstance(command, click.Group):
            assert given <= known, line


@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) for path in PATHS])
def test_every_option_has_a_help_or_a_default_to_show(path: tuple[str, ...], command: click.Command) -> None:
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help or option.show_default, option.name
            assert not option.is_flag or not isinstance(option.type, click.IntRange), "a flag has no range"


def test_version(run_cli: RunCli) -> None:
    assert run_cli("--version").stdout.split()[-1] == package.__version__


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["paint"], "No such command 'paint'"),
        (["run", "adain"], "Missing argument 'PHOTO...'"),
        (["run", "adain", "photo.jpg"], "Missing option '--style'"),
        (["run", "adain", "photo.jpg", "--style", "irises", "--strength", "2"], "0<=x<=1.5"),
        (["run", "adain", "photo.jpg", "--style", "irises", "--precision", "int4"], "'int4' is not one of"),
        (["run", "adain", "photo.jpg", "--style", "irises", "--provider", "gpu"], "'gpu' is not one of"),
        (["run", "adain", "photo.jpg", "--style", "irises", "--size", "0"], "1<=x<="),
        (["run", "adain", "photo.jpg", "--style", "irises", "--threads", "-1"], "0<=x<=1024"),
        (["bench", "adain", "--threads", "99999999999"], "0<=x<=1024"),
        (["bake", "--style", "irises", "--content", "x", "--out", "y", "--threads", "5000"], "0<=x<=1024"),
        (["list", "--yaml"], "No such option"),
        (["styles", "encode", "x.jpg"], "Missing option '-o'"),
        (["bench", "adain", "--size", "8"], "32<=x<=4096"),
    ],
)
def test_usage_errors(arguments: list[str], expected: str, run_cli: RunCli) -> None:
    result = run_cli(*arguments)
    assert result.exit_code == 2
    assert expected in result.stderr
    assert "Usage: " in result.stderr
    assert result.stdout == ""


def test_no_command_prints_the_help(run_cli: RunCli) -> None:
    result = run_cli()
    assert "Neural style transfer" in result.output
    assert all(verb in result.output for verb in VERBS)
