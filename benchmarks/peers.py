#!/usr/bin/env python3
"""Our graphs beside the classical networks, in one run.

    python benchmarks/peers.py --json peers.json

What is timed is the graph alone, in ONNX Runtime, for one photo, 512x512 by default, and a style that is already
encoded. The networks take turns of equal length, so that a machine that slows down slows all of them; ratios are of the
medians.
"""

from __future__ import annotations

import argparse
import functools
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
from stylex.models.shared.published_network import PublishedNetwork
from stylex.models.shared.vgg import mirrored_decoder, normalized_vgg
from stylex.runtime.benchmark.report import write_report
from stylex.runtime.benchmark.row import Row, percentiles
from stylex.runtime.engine.providers import Provider, candidates, session_arguments
from stylex.runtime.engine.session import Session, open_graph
from stylex.techniques import TECHNIQUES

SIZE = 512
"""Pixels of the photo, unless --size says otherwise."""
WARM_UP, TURN = 0.2, 0.5
"""Seconds that every network runs in a turn, untimed and timed."""
COLUMNS = ("network", "precision", "provider", "p50 ms", "p99 ms", "M weights", "file MB", "times TransformerNet")


def vgg_adain() -> VggAdaIN:
    """AdaIN of its published parts."""
    return VggAdaIN(normalized_vgg(), mirrored_decoder())


def micro_ast() -> microast.MicroAST:
    """MicroAST of its published parts."""
    return microast.MicroAST(microast.Encoder(), microast.Encoder(), microast.Modulator(), microast.Decoder())


PEERS: dict[str, Callable[[], PublishedNetwork]] = {
    "TransformerNet": TransformerNet,
    "ResnetGenerator": ResnetGenerator,
    "VGG-19 AdaIN": vgg_adain,
    "MicroAST": micro_ast,
}
"""Published networks by name; their weights are seeded, since times don't depend on them."""


@dataclass(frozen=True)
class Job:
    """One network that is timed."""

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


def our_jobs(arguments: argparse.Namespace, provider: str) -> list[Job]:
    """Our transfer graphs, every technique and precision that the folder holds; of several styles the first."""
    jobs = []
    for technique in TECHNIQUES:
        style = (styles_in(arguments.graphs, technique.name) if technique.single_style else []) or [""]
        for precision in PRECISIONS:
            path = transfer_file(technique.name, precision, arguments.graphs, style[0])
            if path.is_file():
                session = open_graph(path, provider, arguments.threads)
                feed = our_feed(session, arguments.size)
                jobs.append(Job(f"stylex {technique.name}", precision, functools.partial(session.run, **feed), path))
    return jobs


def peer_jobs(arguments: argparse.Namespace, provider: Provider, folder: Path) -> list[Job]:
    """The peers in FP32."""
    jobs = []
    for name, make in PEERS.items():
        torch.manual_seed(0)
        traceable = make().graphs(arguments.size)[0]
        path = folder / f"{name.replace(' ', '-')}.onnx"
        path.write_bytes(trace(traceable).SerializeToString())
        options = ort.SessionOptions()
        options.intra_op_num_threads = arguments.threads
        session = ort.InferenceSession(str(path), options, enable_fallback=0, **session_arguments(provider, options))
        if session.get_providers()[0] != provider.ort_name:
            raise ProviderUnavailable(f"{name} did not start on {provider.name}: the comparison would not be fair")
        feed = feed_of(
            {i.name: i.shape for i in session.get_inputs()}, arguments.size, traceable.spec.border, traceable.spec.cell
        )
        jobs.append(Job(name, "fp32", functools.partial(session.run, None, feed), path))
    return jobs


def million_weights(path: Path) -> float:
    """Weights in a graph, in millions, without biases; what encodes styles lies in another file."""
    kinds = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.INT8)
    tensors = [t for t in onnx.load(path).graph.initializer if t.data_type in kinds and len(t.dims) > 1]
    return float(sum(math.prod(t.dims) for t in tensors)) / 1e6


def measure(arguments: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Time everything in turns."""
    provider = candidates(arguments.provider)[0]
    jobs = our_jobs(arguments, provider.name) + peer_jobs(arguments, provider, folder)
    times: list[list[float]] = [[] for _ in jobs]
    for _ in range(arguments.rounds):
        for job, found in zip(jobs, times, strict=True):
            timed(job, WARM_UP)  # caches are cold, and the threads of the network before still spin
            found.extend(timed(job, TURN))
    return [row(job, found, provider.name, arguments) for job, found in zip(jobs, times, strict=True)]


def timed(job: Job, seconds: float) -> list[float]:
    """Milliseconds of repeated calls for so many seconds, of one call at the least."""
    found: list[float] = []
    while sum(found) < 1e3 * seconds:
        start = time.perf_counter()
        job.run()
        found.append((time.perf_counter() - start) * 1e3)
    return found


def row(job: Job, times: list[float], provider: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """One row of the report."""
    measured = Row(
        name=job.name,
        precision=job.precision,
        provider=provider,
        size=arguments.size,
        threads=arguments.threads,
        file_bytes=job.path.stat().st_size,
        **percentiles(times),
    )
    return {**asdict(measured), "million_weights": round(million_weights(job.path), 3)}


def main() -> None:
    """Parse, measure, print ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=Path, default=GRAPHS, help="folder of our ONNX files [embedded]")
    parser.add_argument("--provider", default="cpu")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--size", type=int, default=SIZE, help="height and width, a multiple of 16 [512]")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(arguments, Path(folder))
    slow = next(r["p50_ms"] for r in rows if r["name"] == "TransformerNet")
    for r in rows:
        r["times_transformernet"] = round(slow / r["p50_ms"], 2)
    cells = [
        (
            *(r[key] for key in ("name", "precision", "provider", "p50_ms", "p99_ms")),
            f"{r['million_weights']:.2f}",
            f"{r['file_bytes'] / 1e6:.2f}",
            f"{r['times_transformernet']:.1f}",
        )
        for r in rows
    ]
    print_table(f"one photo at {arguments.size}x{arguments.size}", COLUMNS, cells)
    times = {(r["name"], r["precision"]): r["p50_ms"] for r in rows}
    for name, fast in ((name, ms) for (name, precision), ms in times.items() if precision == "int8"):
        print(f"{name} INT8 is {slow / fast:.1f} times as fast as TransformerNet FP32")
        if (name, "fp32") in times:
            print(f"{name} INT8 is {times[name, 'fp32'] / fast:.2f} times as fast as its own FP32")
    if arguments.json:
        write_report(arguments.json, rows)


if __name__ == "__main__":
    main()
