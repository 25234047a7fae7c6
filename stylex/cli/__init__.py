"""The command line: one thin module a verb, imported only when its verb is called."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import os
import sys
from typing import Any

import click

from stylex._version import __version__
from stylex.cli.signals import ended_as_interrupted
from stylex.errors import Interrupted, ResourceError, StylexError, one_line
from stylex.installation import explained

VERBS = {
    "run": "stylex.cli.commands.run",
    "sheet": "stylex.cli.commands.sheet",
    "batch": "stylex.cli.commands.batch",
    "video": "stylex.cli.commands.video",
    "webcam": "stylex.cli.commands.webcam",
    "styles": "stylex.cli.commands.styles",
    "export": "stylex.cli.commands.export",
    "train": "stylex.cli.commands.train",
    "bake": "stylex.cli.commands.bake",
    "bench": "stylex.cli.commands.bench",
    "serve": "stylex.cli.commands.serve",
    "doctor": "stylex.cli.commands.doctor",
    "list": "stylex.cli.commands.list",
}
"""Verb to module; the module's `command` is the click command."""
OPTIONS = {"masks": "mask", "regions": "region", "checkpoints": "checkpoint"}
"""Parameter of the library to the option of the command line, where it isn't called the same."""


class CleanExit(click.ClickException):
    """A known error as one line on standard error: with the options it speaks of, and where its class is described."""

    def __init__(self, error: StylexError) -> None:
        super().__init__(" ".join((*str(error).split(), *options_of(error), f"[{error.section}]")))
        self.__dict__["exit_code"] = error.exit_code  # click reads it of the instance, but types it as the class's

    def show(self, file: Any = None) -> None:
        """Prints the line."""
        with contextlib.suppress(OSError):  # nobody can be told where standard error is full, or its terminal gone
            click.echo(f"stylex: {self.message}", file=file or sys.stderr)


def options_of(error: StylexError) -> list[str]:
    """Returns the options that an error's parameters are on the command line, such as "(--size 512)"; [] for none."""
    given = error.parameters.items()
    flags = ((f"--{OPTIONS.get(name, name).replace('_', '-')}", value) for name, value in given)
    listed = ", ".join(flag if value is None else f"{flag} {value}" for flag, value in flags)
    return [f"({listed})"] if listed else []


class _WarningHandler(logging.Handler):
    """Prints the library's warnings as lines of the command line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Prints one line on standard error."""
        click.echo(f"stylex: {one_line(record.getMessage())}", err=True)


class Verbs(click.Group):
    """A group whose commands are imported when they are called, and whose known errors end cleanly."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns all verbs, in the order of `VERBS`."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports a verb's module."""
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(VERBS[cmd_name]).command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a verb; SIGTERM and SIGHUP end it as Ctrl-C does, with exit codes of their own."""
        with ended_as_interrupted():
            return self._explained(ctx)

    def _explained(self, ctx: click.Context) -> Any:
        """Runs a verb; turns known errors into one line."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise CleanExit(Interrupted("stopped; nothing half-written was left")) from error
        except Exception as error:
            known = known_error(error)
            if known is None:
                raise
            raise CleanExit(known) from error

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Runs the command line; also what is printed before a verb is known may meet a full disk."""
        prepare_consoles()
        try:
            return super().main(*arguments, **options)
        except OSError as error:
            known = known_error(error)
            assert known is not None
            CleanExit(known).show()
            sys.exit(known.exit_code)
        finally:
            abandon_output()


def known_error(error: BaseException) -> StylexError | None:
    """Returns an error as one that has a line and an exit code; None for our own bugs."""
    if isinstance(error, StylexError):
        return error
    if isinstance(error, ImportError):
        return explained(error)
    if isinstance(error, MemoryError):
        return ResourceError("there isn't enough memory for this: use a smaller size", size=None)
    if isinstance(error, BrokenPipeError):
        return ResourceError("standard output was closed before everything was written")
    if isinstance(error, OSError):
        name, why = error.filename or "standard output", error.strerror or error
        return ResourceError(f"{name} can't be used ({why}): free some disk space, or choose another place")
    return None


def prepare_consoles() -> None:
    """Lets standard output and standard error replace what their encoding can't express."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace" if stream is sys.stdout else "backslashreplace")


def abandon_output() -> None:
    """Sends what standard output still holds to nowhere; Python would try again at its end, and complain."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # a stream of a test has no file
        sys.stdout.flush()
        return
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="stylex")
def main() -> None:
    """Neural style transfer from PyTorch to the edge.

    \b
    Examples:
      stylex run adain photo.jpg --style starry-night -o painted.jpg
      stylex export adain --int8 -o models/
      stylex bench adain
      stylex doctor
    """
    logger = logging.getLogger("stylex")
    if not any(isinstance(handler, _WarningHandler) for handler in logger.handlers):
        logger.addHandler(_WarningHandler(logging.WARNING))
