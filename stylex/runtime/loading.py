"""From the name of a technique to a painter: which graph, on which provider."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from stylex.artifacts.catalog import GRAPHS, styles_in, transfer_file
from stylex.artifacts.graph_file import read_metadata
from stylex.artifacts.metadata import PRECISIONS, TRANSFER
from stylex.errors import InputError, ProviderUnavailable, UsageError
from stylex.runtime.engine import hardware
from stylex.runtime.engine.options import SessionOptions
from stylex.runtime.engine.providers import Provider, candidates
from stylex.runtime.engine.session import Session, open_graph
from stylex.runtime.kept_precisions import kept_precision
from stylex.runtime.painter import Painter
from stylex.techniques import DEFAULT, Technique, row_named, technique_named

logger = logging.getLogger("stylex")


def load(
    technique: str | Technique = DEFAULT,
    precision: str = "auto",
    provider: str = "auto",
    *,
    style: str = "",
    graphs: Path | str | None = None,
    threads: int = 0,
    spinning: bool = True,
    options: SessionOptions | None = None,
) -> Painter:
    """Loads a technique that has graphs.

    Args:
        technique: a name in `stylex.techniques`, or a row of one's own.
        precision: "fp32", "fp16", "int8", or "auto" for the fastest on the provider that `graphs` has. One that was
            exported for another kind of device runs, with a warning of the logger "stylex".
        provider: "cpu", "cuda", "tensorrt", "openvino", or "auto" for CUDA where it is installed and starts, otherwise
            the CPU.
        style: which network, for techniques whose weights hold one style; needed where there are several.
        graphs: folder of exported ONNX files; the embedded ones by default.
        threads, spinning: short for `options`.
        options: see `SessionOptions`.

    Raises:
        UsageError: an unknown technique, precision, provider or style, a technique without graphs of its own, or a
            negative number of threads.
        InputError: the folder has no such graph.
        ModelError: a graph is corrupt or foreign.
        ProviderUnavailable: the provider asked for doesn't run here.
    """
    known = technique_named(technique)
    if not known.has_graphs:
        raise UsageError(f"{known.name!r} has no graphs that could be loaded: use `{known.call}`")
    if precision not in ("auto", *PRECISIONS):
        raise UsageError(f"precision is {precision!r}; choose auto, {', '.join(PRECISIONS)}")
    options = options or SessionOptions(threads, spinning)
    folder = Path(graphs) if graphs is not None else GRAPHS
    style = _one_style(known, style, folder)
    return Painter(open_best(known, style, precision, provider, folder, options), folder, options)


def load_file(path: Path | str, provider: str = "auto", options: SessionOptions | None = None) -> Painter:
    """Loads one exported transfer graph; the style encoder is looked for beside it.

    Args:
        path: an ONNX file that `stylex export` wrote.
        provider, options: as for `load`.

    Raises:
        UsageError: an unknown provider.
        InputError: no such file.
        ModelError: it is corrupt, foreign, or no transfer graph.
        ProviderUnavailable: the provider asked for doesn't run here.
    """
    path, options = Path(path), options or SessionOptions()
    session = _first_started(provider, lambda one: _opened(path, one, options, TRANSFER))
    return Painter(session, path.parent, options)


def open_best(
    technique: str | Technique,
    style: str,
    precision: str,
    provider: str,
    folder: Path,
    options: SessionOptions,
    role: str = TRANSFER,
) -> Session:
    """Opens the graph of a technique or a tool; arguments and errors are those of `load`."""
    row = row_named(technique)

    def opened(one: Provider) -> Session:
        session = _opened(_graph_for(row, style, precision, one, folder), one, options, role)
        return _required(session, row.name, style)

    return _first_started(provider, opened)


def _required(session: Session, technique: str, style: str) -> Session:
    """This session, if its graph is of that technique and style, as the name of its file says."""
    metadata = session.metadata
    if (metadata.technique, metadata.style) != (technique, style):
        painted = f"{metadata.style or 'any style'} of {metadata.technique}"
        name = transfer_file(metadata.technique, metadata.precision, style=metadata.style).name
        raise InputError(f"{session.path} paints {painted}, not {style} of {technique}: call it {name}")
    return session


def _first_started(provider: str, opened: Callable[[Provider], Session]) -> Session:
    """Returns the session of the first provider that starts."""
    *others, last = candidates(provider)
    for candidate in others:
        try:
            return opened(candidate)
        except ProviderUnavailable as error:
            logger.warning("%s; trying the next provider", error)
    return opened(last)


def _one_style(technique: Technique, style: str, folder: Path) -> str:
    """Returns the style whose graph is opened; empty for techniques that take any."""
    if not technique.single_style:
        if style:
            raise UsageError(f"{technique.name} takes any style: give {style!r} when painting, not when loading")
        return ""
    if style and any(os.path.isfile(transfer_file(technique.name, one, folder, style)) for one in PRECISIONS):
        return style
    have = styles_in(folder, technique.name)
    if style in have or not have:
        return style
    if not style and len(have) == 1:
        return have[0]
    problem = f"there is no {technique.name} network for {style!r}" if style else f"{technique.name} needs a style"
    raise UsageError(f"{problem}; choose {', '.join(have)}")


def best_precision(provider: Provider, technique: str = "") -> str:
    """Returns the precision that "auto" means on a provider: the one that was kept for the technique, or the usual."""
    if technique and (kept := kept_precision(technique, provider.name)):
        return kept
    if provider.name == "cpu" and not (hardware.int8_is_exact() and hardware.int8_is_fast()):
        return "fp32"
    return provider.best


def _graph_for(row: Technique, style: str, precision: str, provider: Provider, folder: Path) -> Path:
    """Returns the graph to open; "auto" takes the best that was made for the provider, or else what there is."""
    wanted = [precision] if precision != "auto" else [best_precision(provider, row.name), *PRECISIONS]
    files = dict.fromkeys(transfer_file(row.name, one, folder, style) for one in wanted)
    there = [file for file in files if os.path.isfile(file)]
    if there:
        return _first_fitting(there, provider)
    missing = transfer_file(row.name, wanted[0], style=style).name
    call = f"stylex export {_source(row, style)}{'' if wanted[0] == 'fp32' else f' --{wanted[0]}'}"
    if folder == GRAPHS:
        raise InputError(
            f"no {missing} comes with stylex: make it with `{call} -o FOLDER`, then name that folder", graphs="FOLDER"
        )
    raise InputError(f"{folder} has no {missing}: make it with `{call} -o {folder}`")


def _source(row: Technique, style: str) -> str:
    """Returns the arguments of `stylex export` that make the graph of a technique and style."""
    if not row.single_style:
        return row.name
    return f"{row.name} --style {style}" if style in styles_in(GRAPHS, row.name) else f"{row.name} --weights FILE"


def _first_fitting(paths: Sequence[Path], provider: Provider) -> Path:
    """Returns the first graph that was made for the provider, or else the first; opens nothing without a choice."""
    if len(paths) > 1:
        for path in paths:
            metadata = read_metadata(path)
            if provider.fits(metadata.precision, metadata.target):
                return path
    return paths[0]


def _opened(path: Path, provider: Provider, options: SessionOptions, role: str) -> Session:
    session = open_graph(path, provider.name, options=options).require_role(role)
    metadata = session.metadata
    if not provider.fits(metadata.precision, metadata.target):
        made_for, name, wanted = metadata.target, provider.name, " or ".join(provider.targets)
        logger.warning("%s was exported for %s; for %s export it with the target %s", path.name, made_for, name, wanted)
    return session
