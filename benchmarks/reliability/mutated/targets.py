"""Parts of stylex that read files: through Python and through the command line."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

import stylex
from reliability.disk.verbs import Verb, ended, forked, quiet
from reliability.mutated import originals
from reliability.mutated.originals import Original
from stylex.errors import CheckFailed, StylexError
from stylex.imaging.reading import read_picture
from stylex.imaging.sizes import longer_side
from stylex.imaging.writing import write_picture
from stylex.runtime.benchmark.likeness import default_photo

PHOTO: npt.NDArray[np.uint8] = np.ascontiguousarray(default_photo()[80:112, 200:232])
EXIT_CODES = frozenset({0, CheckFailed.exit_code, *(kind.exit_code for kind in StylexError.__subclasses__())})
PATIENCE = 300
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


@dataclass(frozen=True)
class Command:
    """A verb of the command line that reads a file.

    Attributes:
        arguments: returns those for a file; may move it to where the verb looks for it.
    """

    arguments: Callable[[Path], list[object]]

    def warm(self, path: Path) -> None:
        """Runs it in this process, of which every call is a fork: what it imports isn't imported again.

        Raises:
            AssertionError: it fails, though the file is whole.
        """
        verb, here = self._verb(path), Path.cwd()
        with quiet():
            code = verb.run(path.parent)
        os.chdir(here)
        assert not code, f"{verb.arguments} ended with {code}"

    def __call__(self, path: Path) -> None:
        """Runs it in a fork of this process.

        Raises:
            StylexError: it was refused, in one line.
            AssertionError: it ended with a signal or an exit code of no error, or printed lines that aren't its own.
        """
        printed, verb = path.parent / "printed.txt", self._verb(path)
        code = ended(forked(lambda: _errors_only(verb, path.parent), printed))
        text = printed.read_text(errors="replace")
        assert code in EXIT_CODES, f"exit code {code}: {text[-800:]}"
        lines = [line for line in text.splitlines() if line.strip()]
        others = [line for line in lines if not line.startswith("stylex: ")]
        assert not others, f"exit code {code}, lines that aren't stylex's: {text[-800:]}"
        if code:
            assert lines, f"exit code {code} without a line"
            raise StylexError(lines[-1])

    def _verb(self, path: Path) -> Verb:
        arguments = tuple(str(argument) for argument in self.arguments(path))
        return Verb(arguments[0], arguments, lambda _: None)


def _errors_only(verb: Verb, folder: Path) -> int:
    """Runs a verb without its standard output; SIGALRM ends it where it takes too long."""
    signal.alarm(PATIENCE)
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 1)
    return verb.run(folder)


def _photo(path: Path) -> Path:
    """Returns a whole photo beside a damaged file."""
    photo = path.parent / "whole.png"
    if not photo.exists():
        write_picture(photo, PHOTO)
    return photo


def _picture_command(path: Path) -> list[object]:
    return ["run", "fast", path, "--style", "the-scream", "--size", 64, "-o", path.parent / "painted.png"]


def _code_command(path: Path) -> list[object]:
    return ["run", "adain", _photo(path), "--style", path, "-o", path.parent / "painted.png"]


def _graph_command(path: Path) -> list[object]:
    folder = path.parent / "graphs"
    folder.mkdir(exist_ok=True)
    path.replace(folder / "fast-the-scream-int8.onnx")
    named = ("--style", "the-scream", "--graphs", folder)
    return ["run", "fast", _photo(path), *named, "-o", path.parent / "painted.png"]


def _checkpoint_command(path: Path) -> list[object]:
    folder = path.parent / "models"
    folder.mkdir(exist_ok=True)
    return ["export", "--checkpoint", path, "--style", "x", "-o", folder]


def _film_command(path: Path) -> list[object]:
    painted = path.parent / "painted.mp4"
    return ["video", path, painted, "--technique", "fast", "--style", "the-scream", "--frames", 4]


BY_COMMAND: dict[str, Command] = {
    "pictures": Command(_picture_command),
    "codes": Command(_code_command),
    "graphs": Command(_graph_command),
    "checkpoints": Command(_checkpoint_command),
    "films": Command(_film_command),
}
