"""Parts of stylex that read files: through Python and through the command line."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

import stylex
from reliability.mutated import originals
from reliability.mutated.originals import Original
from stylex.errors import CheckFailed, StylexError
from stylex.imaging.reading import read_picture
from stylex.imaging.sizes import longer_side
from stylex.imaging.writing import write_picture
from stylex.runtime.benchmark.likeness import default_photo

PHOTO: npt.NDArray[np.uint8] = np.ascontiguousarray(default_photo()[80:112, 200:232])
EXIT_CODES = frozenset({0, CheckFailed.exit_code, *(kind.exit_code for kind in StylexError.__subclasses__())})
PATIENCE = 120
"""Seconds that a command may take on a busy machine."""

Target = Callable[[Path], None]
"""Reads a file. What it raises beside `StylexError` is a fault."""


def picture(path: Path) -> None:
    """Reads a picture as a photo, and reduced."""
    read_picture(path)
    read_picture(path, longer_side(16))


def code(path: Path) -> None:
    """Paints in a style code."""
    stylex.load("adain", threads=1)(PHOTO, path)


def graph(path: Path) -> None:
    """Opens a graph, and paints where it is one that paints."""
    painter = stylex.load(path, threads=1)
    if not painter.takes_styles:
        painter(PHOTO)


def checkpoint(path: Path) -> None:
    """Finds the network of a checkpoint."""
    from stylex.models.published.checkpoints import load_checkpoint

    load_checkpoint([path])


def film(path: Path) -> None:
    """Decodes a film and its sound, as its own process does; a crash of this one would end in a line there."""
    from stylex.runtime.video.decoder import messages
    from stylex.runtime.video.messages import Excerpt

    for message in messages(path, Excerpt(frames=100), None):
        if isinstance(message, StylexError):
            raise message


ORIGINALS: dict[str, Callable[[Path], Iterator[Original]]] = {
    "pictures": lambda _: originals.pictures(),
    "codes": lambda _: originals.codes(),
    "graphs": lambda _: originals.graphs(),
    "checkpoints": lambda _: originals.checkpoints(),
    "films": originals.films,
}
"""Whole files of every kind; each takes a folder for its own files."""
IN_PYTHON: dict[str, Target] = {
    "pictures": picture,
    "codes": code,
    "graphs": graph,
    "checkpoints": checkpoint,
    "films": film,
}


def run_command(*arguments: object) -> None:
    """Runs stylex's command line in a fork of this process, which has imported it already.

    Raises:
        StylexError: it was refused, in one line.
        AssertionError: it ended with a signal or an exit code of no error, or printed lines that aren't its own.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as printed, open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        code = _forked([str(argument) for argument in arguments], nowhere.fileno(), printed.fileno())
        printed.seek(0)
        text = printed.read()
    assert code in EXIT_CODES, f"exit code {code}: {text[-800:]}"
    lines = [line for line in text.splitlines() if line.strip()]
    others = [line for line in lines if not line.startswith("stylex: ")]
    assert not others, f"exit code {code}, lines that aren't stylex's: {text[-800:]}"
    if code:
        assert lines, f"exit code {code} without a line"
        raise StylexError(lines[-1])


def _forked(arguments: list[str], output: int, errors: int) -> int:
    """Returns the exit code of a command; minus the signal that ended it, which is SIGALRM where it took too long."""
    from stylex.cli import main

    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code: object = 99  # of a traceback
    try:
        signal.alarm(PATIENCE)
        os.dup2(output, 1)
        os.dup2(errors, 2)
        sys.argv = ["stylex", *arguments]
        main()
    except SystemExit as error:
        code = error.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 98)


def _photo(path: Path) -> Path:
    """Returns a whole photo beside a damaged file."""
    photo = path.parent / "whole.png"
    if not photo.exists():
        write_picture(photo, PHOTO)
    return photo


def _picture_command(path: Path) -> None:
    run_command("run", "fast", path, "--style", "the-scream", "--size", 64, "-o", path.parent / "painted.png")


def _code_command(path: Path) -> None:
    run_command("run", "adain", _photo(path), "--style", path, "-o", path.parent / "painted.png")


def _graph_command(path: Path) -> None:
    folder = path.parent / "graphs"
    folder.mkdir(exist_ok=True)
    path.replace(folder / "fast-damaged-int8.onnx")
    named = ("--style", "damaged", "--graphs", folder)
    run_command("run", "fast", _photo(path), *named, "-o", path.parent / "painted.png")


def _checkpoint_command(path: Path) -> None:
    run_command("export", "--checkpoint", path, "--style", "x", "-o", path.parent / "models")


def _film_command(path: Path) -> None:
    painted = path.parent / "painted.mp4"
    run_command("video", path, painted, "--technique", "fast", "--style", "the-scream", "--frames", 4)


BY_COMMAND: dict[str, Target] = {
    "pictures": _picture_command,
    "codes": _code_command,
    "graphs": _graph_command,
    "checkpoints": _checkpoint_command,
    "films": _film_command,
}
