#!/usr/bin/env python3
"""Whether the files of every target load and paint in every ONNX Runtime, and how near their pictures are.

    python benchmarks/matrix.py models/ --export --versions 1.20.0 1.22.1 1.27.0
    python benchmarks/matrix.py models/ --python "arm 1.27.0=qemu-aarch64-static -L ROOT ROOT/usr/bin/python3.11"

The folder has a folder for each target. What isn't there is named, or exported with --export, which needs '.[export]'
and some minutes a file. Embedded graphs are those of cpu-x86. Versions are installed from the package index, each into
a folder in front of this Python's own packages. A `--python NAME=COMMAND` is any other interpreter that has what stylex
needs at run time. Each paints one photo in the style of one painting; PSNR is against the embedded FP16 graph, which
computes in FP32, in this Python; beside it stands the largest difference in levels from the same file's picture in this
Python. Exits with 1 where a file is missing or doesn't load, or where its picture is further off than here.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from stylex.artifacts.catalog import transfer_file
from stylex.cli.tables import heading
from stylex.errors import CheckFailed, ResourceError, StylexError, UsageError
from stylex.files import write_bytes
from stylex.imaging.arrays import Image
from stylex.installation import onnxruntime
from stylex.runtime.benchmark.likeness import default_photo
from stylex.runtime.benchmark.report import write_report
from stylex.techniques import ARBITRARY, SINGLE

ROOT = Path(__file__).parents[1]
TARGETS = {"fp32": ("fp32",), "cpu-x86": ("fp16", "int8"), "cpu-arm": ("int8",), "tensorrt": ("fp16", "int8")}
"""Precisions by target; FP32 is the same for all."""
NETWORKS = {"fast": "starry-night", "cyclegan": "painting", "upscaler": "painting"}
TOOLS = ("upscaler", "segmenter")
LOST, ENOUGH, ENOUGH_OF_TOOLS = 1.0, 60.0, 30.0
"""Decibels that a picture may be further off than in this Python, and how many are enough in any case; tools are
compared with themselves."""


@dataclass(frozen=True)
class Case:
    """One file to paint with: an exported graph, or an embedded one, with the style encoder beside it.

    Attributes:
        target, technique, precision: as `stylex export` takes them; a tool paints behind an embedded technique.
    """

    target: str
    technique: str
    precision: str

    @property
    def column(self) -> str:
        """Target and precision, as the table names them."""
        return self.target if self.target == self.precision else f"{self.target} {self.precision}"

    @property
    def exact(self) -> Case:
        """Returns whose picture this one's is compared with: the embedded FP16 graph's, which computes in FP32."""
        return self if self.technique in TOOLS else Case("cpu-x86", self.technique, "fp16")


@dataclass(frozen=True)
class Outcome:
    """One file in one interpreter.

    Attributes:
        name: of the interpreter.
        case: the file.
        psnr: decibels to the embedded FP16 graph's picture in this Python; None where it didn't paint.
        levels: largest difference from the picture of the same file in this Python.
        error: why it didn't paint.
    """

    name: str
    case: Case
    psnr: float | None
    levels: int | None
    error: str = ""


def cases(targets: Sequence[str], techniques: Sequence[str]) -> list[Case]:
    """Returns what is painted; tools come with the embedded graphs alone."""
    wanted = [Case(t, name, p) for t in targets for p in TARGETS[t] for name in techniques]
    tools = [Case("cpu-x86", tool, "int8") for tool in TOOLS] if "cpu-x86" in targets else []
    return list(dict.fromkeys([*(case.exact for case in wanted), *wanted, *tools]))


def missing(folder: Path, wanted: Sequence[Case]) -> list[Case]:
    """Returns the cases without a file."""
    return [case for case in wanted if case.target != "cpu-x86" and not _file(folder, case).exists()]


def _file(folder: Path, case: Case) -> Path:
    return transfer_file(case.technique, case.precision, folder / case.target, NETWORKS.get(case.technique, ""))


def exported(folder: Path, wanted: Sequence[Case]) -> dict[Case, str]:
    """Exports graphs; returns why, where one differs too much from torch to be written."""
    from stylex.api.exporting import export

    refused = {}
    for case in wanted:
        at, style = folder / case.target, NETWORKS.get(case.technique, "")
        at.mkdir(parents=True, exist_ok=True)
        target = "cpu-x86" if case.target == "fp32" else case.target
        print(f"exporting {case.technique} for {case.column}", flush=True)
        try:
            export(case.technique, precision=case.precision, folder=at, style=style, target=target)  # type: ignore[arg-type]
        except CheckFailed as error:
            refused[case] = str(error)
    return refused


def installed(version: str, folder: Path) -> dict[str, str]:
    """Installs a version of ONNX Runtime, and nothing else; returns the environment that finds it first.

    Raises:
        ResourceError: it isn't to be had for this Python.
    """
    place = folder / version
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
    done = subprocess.run([*pip, "--target", place, f"onnxruntime=={version}"], capture_output=True, text=True)
    if done.returncode:
        raise ResourceError(f"ONNX Runtime {version} can't be installed: {done.stderr.strip().splitlines()[-1]}")
    return {"PYTHONPATH": str(place)}


def painted(
    command: Sequence[str], more: Mapping[str, str], folder: Path, wanted: Sequence[Case], size: int, graphs: Path
) -> Iterator[tuple[Image | None, str]]:
    """Paints all cases in an interpreter; gives each picture, or None and why there is none."""
    order = {"cases": [_order(case, graphs) for case in wanted], **_inputs(folder, size)}
    (folder / "order.json").write_text(json.dumps(order))
    path = os.pathsep.join(filter(None, (more.get("PYTHONPATH", os.environ.get("PYTHONPATH", "")), str(ROOT))))
    script = str(ROOT / "benchmarks" / "evaluation" / "elsewhere.py")
    ended = subprocess.run(
        [*command, script, str(folder / "order.json"), str(folder)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    said = (ended.stderr.strip().splitlines() or [""])[-1]
    for number in range(len(wanted)):
        picture, error = folder / f"{number}.npy", folder / f"{number}.txt"
        if picture.exists():
            yield np.load(picture), ""
        else:
            yield (
                None,
                error.read_text() if error.exists() else f"the interpreter ended with {ended.returncode}: {said}",
            )


def _order(case: Case, graphs: Path) -> dict[str, object]:
    where = None if case.target == "cpu-x86" else str((graphs / case.target).resolve())
    style = NETWORKS.get(case.technique, "")
    return {"technique": case.technique, "precision": case.precision, "graphs": where, "style": style}


def _inputs(folder: Path, size: int) -> dict[str, str]:
    """Writes a photo and a painting-like picture, arrays that need no codec elsewhere."""
    photo = np.asarray(cv2.resize(default_photo(), (size, size), interpolation=cv2.INTER_AREA), np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    painting = np.asarray(cv2.resize(noise, (256, 256), interpolation=cv2.INTER_CUBIC), np.uint8)
    named = {"photo": photo, "painting": painting}
    for name, picture in named.items():
        np.save(folder / f"{name}.npy", picture)
    return {name: str(folder / f"{name}.npy") for name in named}


def outcomes(
    name: str, wanted: Sequence[Case], pictures: Sequence[tuple[Image | None, str]], here: Mapping[Case, Image]
) -> list[Outcome]:
    """Compares pictures of one interpreter with those of this one."""
    found = []
    for case, (picture, error) in zip(wanted, pictures, strict=True):
        if picture is None:
            found.append(Outcome(name, case, None, None, error))
            continue
        psnr = min(100.0, float(cv2.PSNR(picture, here[case.exact])))
        found.append(Outcome(name, case, round(psnr, 2), int(cv2.absdiff(picture, here[case]).max())))
    return found


def problems(found: Sequence[Outcome]) -> list[str]:
    """Returns a line for every file that doesn't paint, or paints worse than in the first interpreter, this Python."""
    lines, usual = [], {one.case: one.psnr for one in found if one.name == found[0].name}
    for one in found:
        what = f"{one.name}: {one.case.technique} {one.case.column}"
        if one.psnr is None:
            lines.append(f"{what}: {one.error}")
        elif one.psnr < min(usual[one.case] or 0.0, ENOUGH_OF_TOOLS if one.case.technique in TOOLS else ENOUGH) - LOST:
            lines.append(f"{what}: {one.psnr:.1f} dB, here {usual[one.case]:.1f}")
    return lines


def table(found: Sequence[Outcome]) -> str:
    """Returns the matrix as Markdown: a row an interpreter, a column a target and precision."""
    columns = list(dict.fromkeys(one.case.column for one in found))
    lines = [("ONNX Runtime", *columns), ("---",) * (len(columns) + 1)]
    for name in dict.fromkeys(one.name for one in found):
        row = [[one for one in found if (one.name, one.case.column) == (name, column)] for column in columns]
        lines.append((name, *map(_cell, row)))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(found: Sequence[Outcome]) -> str:
    """Returns how many files paint, the worst PSNR of techniques, and the largest difference in levels."""
    whole = [one for one in found if one.psnr is not None]
    if not whole:
        return f"0 of {len(found)}"
    nearest = min(one.psnr or 0.0 for one in whole if one.case.technique not in TOOLS)
    levels = max(one.levels or 0 for one in whole)
    return f"{len(whole)} of {len(found)}, {nearest:.1f} dB, {levels}"


def measured(arguments: argparse.Namespace) -> tuple[list[Outcome], dict[Case, str]]:
    """Paints everywhere; also returns the cases without a file, and why there is none."""
    planned = cases(arguments.target or tuple(TARGETS), arguments.technique or (*SINGLE, *ARBITRARY))
    absent = missing(arguments.graphs, planned)
    refused = exported(arguments.graphs, absent) if arguments.export else dict.fromkeys(absent, "give --export")
    wanted = [case for case in planned if case not in refused]
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)

        def paint(at: int, command: Sequence[str], more: Mapping[str, str]) -> list[tuple[Image | None, str]]:
            folder = base / f"interpreter-{at}"
            folder.mkdir()
            return list(painted(command, more, folder, wanted, arguments.size, arguments.graphs))

        first = paint(0, (sys.executable,), {})
        for case, (_, error) in zip(wanted, first, strict=True):
            if error:
                raise ResourceError(f"{case.technique} {case.column} doesn't paint in this Python: {error}")
        here = {case: picture for case, (picture, _) in zip(wanted, first, strict=True) if picture is not None}
        name = f"{onnxruntime().__version__} (here)"
        found = outcomes(name, wanted, first, here)
        for at, (name, command, more) in enumerate(
            [*_versions(arguments.versions, base), *_given(arguments.python)], 1
        ):
            print(f"painting with {name}", flush=True)
            found += outcomes(name, wanted, paint(at, command, more), here)
    return found, refused


def _versions(versions: Sequence[str], folder: Path) -> Iterator[tuple[str, list[str], dict[str, str]]]:
    for version in versions:
        yield version, [sys.executable], installed(version, folder)


def _given(interpreters: Sequence[str]) -> Iterator[tuple[str, list[str], dict[str, str]]]:
    for text in interpreters:
        name, _, command = text.partition("=")
        if not (name and command):
            raise UsageError(f"{text!r} is no interpreter: give NAME=COMMAND")
        yield name, shlex.split(command), {}


def main() -> None:
    """Parses, paints, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("graphs", type=Path, help="folder of exported graphs, a folder for each target")
    parser.add_argument("--export", action="store_true", help="export what isn't there")
    parser.add_argument("--versions", nargs="+", default=[], help="of onnxruntime on the package index")
    parser.add_argument("--python", action="append", default=[], metavar="NAME=COMMAND", help="another interpreter")
    parser.add_argument("--target", action="append", choices=tuple(TARGETS), help="repeat for more [all]")
    parser.add_argument("--technique", action="append", choices=(*SINGLE, *ARBITRARY), help="repeat for more [all]")
    parser.add_argument("--size", type=int, default=128, help="height and width [128]")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path, help="also write the table here")
    arguments = parser.parse_args()
    try:
        found, refused = measured(arguments)
    except StylexError as error:
        parser.exit(error.exit_code, f"matrix.py: {error}\n")
    wrong = [*(f"no file: {case.technique} {case.column}: {why}" for case, why in refused.items()), *problems(found)]
    print("\n".join(("", *heading(), "", table(found), *wrong)))
    if arguments.markdown:
        write_bytes(arguments.markdown, f"{table(found)}\n".encode())
    if arguments.json:
        write_report(arguments.json, [asdict(one) for one in found])
    parser.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
