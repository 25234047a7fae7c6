#!/usr/bin/env python3
"""Our graphs beside the classical networks, in one run, at 512x512.

    python benchmarks/peers.py --json peers.json

What is timed is the graph alone, in ONNX Runtime, for one 512x512 photo and a style that is already encoded. The
networks take turns of equal length, so that a machine that slows down slows all of them; ratios are of the medians.
"""

from __future__ import annotations

import argparse
import functools
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from peer_networks import build

from stylex.errors import ProviderUnavailable
from stylex.export.trace import trace
from stylex.models.backbone import Backbone, BackboneSpec
from stylex.models.traceable import Feed, Traceable
from stylex.runtime.benchmark import Row, print_table, write_report
from stylex.runtime.catalog import GRAPHS, transfer_file
from stylex.runtime.facts import PRECISIONS
from stylex.runtime.providers import Provider, candidates, session_arguments
from stylex.runtime.session import open_graph

SIZE = 512
WARM_UP, TURN = 0.2, 0.5
"""Seconds that every network runs in a turn, untimed and timed."""
COLUMNS = ("network", "precision", "provider", "median ms", "p95 ms", "M parameters", "file MB", "times TransformerNet")


def peer_files(folder: Path) -> dict[str, tuple[Path, dict[str, Any], float]]:
    """Export the peers; file, inputs and millions of parameters by name."""
    rng = np.random.default_rng(0)
    files = {}
    for name, (network, shapes) in build().items():
        example = tuple(torch.rand(shape) for shape in shapes.values())
        traceable = Traceable("peer", network, example, tuple(shapes), ("painted",), (), (None,) * len(shapes), no_feed)
        path = folder / f"{name.replace(' ', '-')}.onnx"
        path.write_bytes(trace(traceable).SerializeToString())
        feed = {key: rng.random(shape, np.float32) for key, shape in shapes.items()}
        files[name] = (path, feed, sum(p.numel() for p in network.parameters()) / 1e6)
    return files


def no_feed(*_: object) -> Feed:
    """The peers are only timed."""
    return {}


def our_feed(code_size: int) -> dict[str, Any]:
    """Inputs of a transfer graph for a 512x512 photo."""
    rng = np.random.default_rng(0)
    return {
        "content": rng.random((1, 3, SIZE + 4, SIZE + 4), np.float32),
        "codes": rng.random((1, code_size), np.float32),
        "masks": np.ones((1, 1, SIZE // 8, SIZE // 8), np.float32),
        "frozen": np.zeros((1, code_size), np.float32),
        "freeze": np.zeros(1, np.float32),
    }


@dataclass(frozen=True)
class Job:
    """One network that is timed."""

    name: str
    precision: str
    run: Callable[[], object]
    million_parameters: float
    file_bytes: int


def our_jobs(arguments: argparse.Namespace, provider: str) -> list[Job]:
    """Our transfer graph in every precision."""
    jobs = []
    for precision in PRECISIONS:
        path = transfer_file("adain", precision, arguments.graphs)
        session = open_graph(path, provider, arguments.threads)
        run = functools.partial(session.run, **our_feed(session.facts.code_size))
        millions = sum(p.numel() for p in Backbone(BackboneSpec()).parameters()) / 1e6
        jobs.append(Job("stylex adain", precision, run, millions, path.stat().st_size))
    return jobs


def peer_jobs(arguments: argparse.Namespace, provider: Provider, folder: Path) -> list[Job]:
    """The peers in FP32."""
    jobs = []
    for name, (path, feed, millions) in peer_files(folder).items():
        options = ort.SessionOptions()
        options.intra_op_num_threads = arguments.threads
        session = ort.InferenceSession(str(path), options, enable_fallback=0, **session_arguments(provider, options))
        if session.get_providers()[0] != provider.ort_name:
            raise ProviderUnavailable(f"{name} did not start on {provider.name}: the comparison would not be fair")
        jobs.append(Job(name, "fp32", functools.partial(session.run, None, feed), millions, path.stat().st_size))
    return jobs


def measure(arguments: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Time everything in turns."""
    provider = candidates(arguments.provider)[0]
    jobs = our_jobs(arguments, provider.name) + peer_jobs(arguments, provider, folder)
    times: list[list[float]] = [[] for _ in jobs]
    for _ in range(arguments.rounds):
        for job, found in zip(jobs, times, strict=True):
            timed(job, WARM_UP)  # caches are cold, and the threads of the network before still spin
            found.extend(timed(job, TURN))
    return [row(job, found, provider.name, arguments.threads) for job, found in zip(jobs, times, strict=True)]


def timed(job: Job, seconds: float) -> list[float]:
    """Milliseconds of repeated calls for so many seconds, of one call at the least."""
    found: list[float] = []
    while sum(found) < 1e3 * seconds:
        start = time.perf_counter()
        job.run()
        found.append((time.perf_counter() - start) * 1e3)
    return found


def row(job: Job, times: list[float], provider: str, threads: int) -> dict[str, Any]:
    """One row of the report."""
    median, p95 = float(np.median(times)), float(np.percentile(times, 95))
    measured = Row(
        name=job.name,
        precision=job.precision,
        provider=provider,
        size=SIZE,
        threads=threads,
        median_ms=round(median, 2),
        p95_ms=round(p95, 2),
        images_per_second=round(1e3 / median, 2),
        file_bytes=job.file_bytes,
    )
    return {**asdict(measured), "million_parameters": round(job.million_parameters, 3)}


def main() -> None:
    """Parse, measure, print ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=Path, default=GRAPHS, help="folder of our ONNX files [embedded]")
    parser.add_argument("--provider", default="cpu")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(arguments, Path(folder))
    slow = next(r["median_ms"] for r in rows if r["name"] == "TransformerNet")
    for r in rows:
        r["times_transformernet"] = round(slow / r["median_ms"], 2)
    cells = [
        (
            *(r[key] for key in ("name", "precision", "provider", "median_ms", "p95_ms")),
            f"{r['million_parameters']:.2f}",
            f"{r['file_bytes'] / 1e6:.2f}",
            f"{r['times_transformernet']:.1f}",
        )
        for r in rows
    ]
    print_table(f"one photo at {SIZE}x{SIZE}", COLUMNS, cells)
    ours = {r["precision"]: r["median_ms"] for r in rows if r["name"] == "stylex adain"}
    print(f"stylex adain INT8 is {slow / ours['int8']:.1f} times as fast as TransformerNet FP32")
    print(f"stylex adain INT8 is {ours['fp32'] / ours['int8']:.2f} times as fast as its own FP32")
    if arguments.json:
        write_report(arguments.json, rows)


if __name__ == "__main__":
    main()
