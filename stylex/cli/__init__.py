"""The command line: one thin module a verb, imported only when its verb is called."""

from __future__ import annotations

import contextlib
import importlib
import logging
import re
import sys
from typing import Any

import click

from stylex._version import __version__
from stylex.cli.signals import ended_as_interrupted
from stylex.errors import MissingPackage, ResourceError, StylexError

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
OPTIONAL = {
    **dict.fromkeys(("torch", "onnx", "onnxscript", "onnx_ir", "skimage", "safetensors"), "export"),
    "av": "video",
    **dict.fromkeys(("fastapi", "uvicorn", "prometheus_client", "h11", "pydantic", "starlette", "anyio"), "serve"),
    **dict.fromkeys(("ray", "pyarrow"), "ray"),
    **dict.fromkeys(("matplotlib", "mlperf_loadgen"), "bench"),
    "pillow_heif": "heic",
}
"""Package, as it is imported, to the extra that brings it."""
MISSING_LIBRARY = re.compile(r"([^\s:]+\.so[.\d]*): cannot open shared object file")
"""Pattern of the dynamic linker's message that a library isn't there."""


OPTIONS = {"masks": "mask", "regions": "region", "checkpoints": "checkpoint"}
"""Parameter of the library to the option of the command line, where it isn't called the same."""


class CleanExit(click.ClickException):
    """A known error as one line on standard error, with the options it speaks of and the error's own exit code."""

    def __init__(self, error: StylexError) -> None:
        super().__init__(" ".join((*str(error).split(), *options_of(error))))
        self.__dict__["exit_code"] = error.exit_code  # click reads it of the instance, but types it as the class's

    def show(self, file: Any = None) -> None:
        """Print the line."""
        click.echo(f"stylex: {self.message}", file=file or sys.stderr)


def options_of(error: StylexError) -> list[str]:
    """Returns the options that an error's parameters are on the command line, such as "(--size 512)"; [] for none."""
    given = error.parameters.items()
    flags = ((f"--{OPTIONS.get(name, name).replace('_', '-')}", value) for name, value in given)
    told = ", ".join(flag if value is None else f"{flag} {value}" for flag, value in flags)
    return [f"({told})"] if told else []


class _Told(logging.Handler):
    """Prints the library's warnings as lines of the command line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line on standard error."""
        click.echo(f"stylex: {record.getMessage()}", err=True)


class Verbs(click.Group):
    """A group whose commands are imported when they are called, and whose known errors end cleanly."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, in the order of `VERBS`."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb's module."""
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(VERBS[cmd_name]).command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; SIGTERM and SIGHUP end it as Ctrl-C does, with exit codes of their own."""
        with ended_as_interrupted():
            return self._explained(ctx)

    def _explained(self, ctx: click.Context) -> Any:
        """Run a verb; turn known errors into one line."""
        try:
            return super().invoke(ctx)
        except StylexError as error:
            raise CleanExit(error) from error
        except KeyboardInterrupt:
            with contextlib.suppress(OSError):  # the terminal may be gone
                click.echo("stylex: stopped; nothing half-written was left", err=True)
            ctx.exit(130)
        except ModuleNotFoundError as error:
            package = (error.name or "").split(".")[0]
            if package not in OPTIONAL:
                raise
            raise CleanExit(MissingPackage(package, OPTIONAL[package])) from error
        except ImportError as error:
            library = MISSING_LIBRARY.search(str(error))
            if library is None:
                raise
            raise CleanExit(_lacking(library[1], error.name or "cv2")) from error
        except MemoryError as error:
            raise CleanExit(
                ResourceError("there isn't enough memory for this: use a smaller size", size=None)
            ) from error


def _lacking(library: str, module: str) -> ResourceError:
    """Returns advice for a shared library that a package was linked against and the system doesn't have."""
    package = module.split(".")[0]
    if package == "cv2":  # opencv-python needs a desktop's libraries, which servers don't have
        return ResourceError(
            f"OpenCV needs a system library that is missing ({library}): "
            "pip uninstall -y opencv-python && pip install opencv-python-headless"
        )
    return ResourceError(f"{package} needs a system library that is missing: install {library}")


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
    if not any(isinstance(handler, _Told) for handler in logger.handlers):
        logger.addHandler(_Told(logging.WARNING))
