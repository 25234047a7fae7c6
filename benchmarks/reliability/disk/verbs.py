"""Verbs that write, on inputs so small that a run takes a moment, and the folders that they leave."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import PIL.Image
from safetensors.numpy import load

from reliability import outcome
from stylex.cli import main
from stylex.errors import StylexError
from stylex.files import LITTER

EARLIER = b"earlier"
"""Content of the files under final names before a verb is run."""
ERRORS: tuple[type[StylexError], ...] = (StylexError, *StylexError.__subclasses__())
EXIT_CODES = frozenset({0, *(kind.exit_code for kind in ERRORS)})
TRACEBACK = 99
Tree = dict[str, bytes]
"""Files of a folder by their path below it."""


@dataclass(frozen=True)
class Verb:
    """A verb with its arguments.

    Attributes:
        name: of the verb.
        arguments: of the command line, of paths below the folder.
        prepare: writes the inputs into a folder.
        outputs: files that stand there before, and are replaced.
    """

    name: str
    arguments: tuple[str, ...]
    prepare: Callable[[Path], object]
    outputs: tuple[str, ...] = ()

    def made(self, folder: Path) -> Tree:
        """Makes the folder as it is before the verb, and returns what is in it."""
        folder.mkdir()
        self.prepare(folder)
        for name in self.outputs:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(EARLIER)
        return tree(folder)

    def run(self, folder: Path) -> int:
        """Runs the verb in a folder and in this process; returns the exit code."""
        try:
            os.chdir(folder)
        except FileNotFoundError:  # `places` has removed it before the fork came this far
            print("stylex: not begun", file=sys.stderr)
            return StylexError.exit_code
        try:
            main(list(self.arguments), prog_name="stylex")
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except BaseException:
            traceback.print_exc()
            return TRACEBACK
        return 0


def command_line(description: str | None) -> argparse.ArgumentParser:
    """Returns the parser of a campaign of verbs, of which `--verb` names one for `chosen`."""
    parser = outcome.command_line(description)
    parser.add_argument(
        "--verb", action="append", choices=NAMES, help="repeat for more; careless is the control  [all others]"
    )
    return parser


def chosen(names: Sequence[str] | None) -> list[Verb]:
    """Returns the verbs of these names, all but the control where there are none."""
    return [verb for verb in (*VERBS, CONTROL) if (verb.name in names if names else verb is not CONTROL)]


def tree(folder: Path) -> Tree:
    """Returns the files of a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def forked(work: Callable[[], int], printed: Path) -> int:
    """Starts some work in a fork of this process and returns the process; what it prints goes to a file."""
    child = os.fork()
    if child:
        return child
    code = TRACEBACK
    try:
        handle = os.open(printed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, 1), os.dup2(handle, 2)
        sys.stdout, sys.stderr = (open(number, "w", closefd=False) for number in (1, 2))  # noqa: SIM115
        code = work()
        sys.stdout.flush()
    finally:
        os._exit(code)


def ended(child: int) -> int:
    """Waits for a process and returns its exit code, minus the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def faults_in(found: Tree, before: Tree, whole: Tree, killed: bool) -> Iterator[str]:
    """Yields what is wrong with a folder behind a run that didn't end well.

    Args:
        found: the folder.
        before: as it was before the run.
        whole: as a run leaves it that ends well.
        killed: whether files aside may have been left.
    """
    for name in before.keys() - found.keys():
        yield f"{name} is lost"
    for name, data in found.items():
        if LITTER.fullmatch(Path(name).name):
            if not killed:
                yield f"{name} is left behind"
        elif name not in before and name not in whole:
            yield f"{name} is no file of the verb"
        elif data != before.get(name) and data != whole.get(name) and not _is_whole(name, data, whole.get(name, b"")):
            yield f"{name} is torn: {len(data)} of {len(whole.get(name, b''))} bytes"


def differences(found: Tree, whole: Tree) -> Iterator[str]:
    """Yields what tells a folder from one that was written in one go."""
    yield from (f"{name} is missing" for name in whole.keys() - found.keys())
    yield from (f"{name} is left over" for name in found.keys() - whole.keys())
    for name in found.keys() & whole.keys():
        if found[name] != whole[name] and not _is_whole(name, found[name], whole[name]):
            yield f"{name} differs"


def _is_whole(name: str, data: bytes, like: bytes) -> bool:
    """Whether the bytes are a whole file that holds times, and so is never the same twice."""
    try:
        if name.endswith(".jsonl"):  # the journal's last line may be cut; what reads it knows
            lines = data.split(b"\n")
            return all(isinstance(json.loads(line), dict) for line in lines[:-1])
        if name.endswith(".json"):
            return bool(json.loads(data).keys() == json.loads(like).keys())
        if name.endswith("checkpoint.safetensors"):  # knows how long it took
            return load(data).keys() == load(like).keys()
        if name.endswith(".csv"):
            return data.endswith(b"\n") and data.split(b"\n")[0] == like.split(b"\n")[0]
    except (ValueError, KeyError, AttributeError):
        pass
    return False


def _picture(path: Path, seed: int, side: int = 40) -> None:
    path.parent.mkdir(exist_ok=True)
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (side // 8, side // 8, 3), np.uint8)
    # not by stylex, which removes litter once for each folder and process
    PIL.Image.fromarray(coarse.repeat(8, 0).repeat(8, 1)).save(path)


def _photo(folder: Path) -> None:
    _picture(folder / "photo.png", 0)
    _picture(folder / "style.png", 1)


def _photos(folder: Path) -> None:
    for number in range(3):
        _picture(folder / "photos" / f"{number}.png", number)
    _picture(folder / "style.png", 9)


def _to_train(folder: Path) -> None:
    for number in range(8):
        _picture(folder / "photos" / f"{number}.png", number, 104)
    _picture(folder / "style.png", 9, 104)


def _film(folder: Path) -> None:
    data = io.BytesIO()
    with av.open(data, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=8)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for level in range(4):
            picture = np.full((32, 32, 3), 60 * level, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    (folder / "film.mp4").write_bytes(data.getvalue())


_STYLE = ("--style", "style.png")
_TRAIN = (
    *("--content", "photos", "--out", "out", "--size", "96", "--batch", "2", "--steps", "2", "--hold-out", "0"),
    *("--device", "cpu", "--threads", "1"),
)
VERBS = (
    Verb("run", ("run", "histogram", "photo.png", *_STYLE, "-o", "painted.png"), _photo, ("painted.png",)),
    Verb(
        "run folder",
        ("run", "histogram", "photos", *_STYLE, "-o", "out", "--resume", "--report", "report.jsonl", "--workers", "1"),
        _photos,
        ("out/1.png", "report.jsonl"),
    ),
    Verb("batch", ("batch", "photos", "out", "--technique", "histogram", *_STYLE, "--workers", "1"), _photos),
    Verb("styles", ("styles", "encode", "style.png", "-o", "new.style", "--threads", "1"), _photo, ("new.style",)),
    Verb(
        "video",
        ("video", "film.mp4", "painted.mp4", "--technique", "fast", "--style", "great-wave", "--threads", "1"),
        _film,
        ("painted.mp4",),
    ),
    Verb("train", ("train", "fast", *_STYLE, *_TRAIN), _to_train),
    Verb("bake", ("bake", "--style", "irises", *_TRAIN), _to_train),
    Verb(
        "bench",
        (
            "bench",
            "fast",
            "--size",
            "32",
            "--precision",
            "int8",
            "--threads",
            "1",
            "--json",
            "b.json",
            "--csv",
            "b.csv",
        ),
        _photo,
        ("b.json", "b.csv"),
    ),
    Verb("export", ("export", "upscaler", "-o", ".", "--size", "32"), _photo, ("upscaler-fp32.onnx",)),
)


@dataclass(frozen=True)
class Careless(Verb):
    """A verb that writes under the final name at once: the control, whose faults must be found."""

    def run(self, folder: Path) -> int:
        """Writes in several calls, as programs do."""
        with (folder / self.outputs[0]).open("wb", buffering=0) as file:
            for number in range(20):
                file.write(bytes([number]) * 1000)
                time.sleep(0.005)
        return 0


CONTROL = Careless("careless", (), _photo, ("painted.png",))
NAMES = [verb.name for verb in (*VERBS, CONTROL)]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Sends what this process prints to nowhere."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
