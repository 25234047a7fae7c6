"""Photos on many machines: Ray Data takes paths through actors that hold the loaded techniques.

Each row is a photo in a style. An actor reads the photo, paints it and writes the painting; what became of it is a row
of a table of results. Ray writes down which rows that table has, in two phases, and passes them over in the next run
(its checkpointing). Rows are taken only as fast as they are painted (its back pressure).
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stylex.api.prepared import Prepared, prepare
from stylex.batch.pipeline import completed
from stylex.batch.records import Outcome, failed
from stylex.batch.store import Store
from stylex.batch.tables import CHECKPOINT, RESULTS, Listing
from stylex.cores import cores
from stylex.errors import Interrupted, ModelError, first_line
from stylex.imaging.writing import encoded
from stylex.installation import optional
from stylex.techniques import Technique

TASKS, FEWEST, MOST = 50, 4, 256
"""Tasks for each actor, as long as a task has so many photos at the least and at the most: those that were in work when
a job was killed are painted again."""
THREADS = 3
"""Photos in work at once in an actor, so that reading and writing over a network overlap with painting."""
LIGHT = 0.05
"""Share of a core for reading and writing tables."""
SPARE = 2
"""Cores, as Ray counts them, for what it puts between: the check of what is done, and the cutting into tasks. Without
them the actors could take all cores and wait for rows that nobody brings; they do little, so that on one machine they
are counted beside the real ones."""
GRAPHICS_CARDS = ("cuda", "tensorrt")


@dataclass(frozen=True)
class StyleChoice:
    """One of the styles as it is sent to the actors, read and encoded.

    Attributes:
        name: empty where it is the only one.
        style, regions: for `prepare`.
    """

    name: str
    style: Any
    regions: Any


class PaintingActor:
    """Paints rows in a process of its own, which loads the technique once.

    Args:
        source, destination: of photos and paintings.
        technique, options: for `prepare`.
        choices: all styles.
    """

    def __init__(
        self,
        source: Store,
        destination: Store,
        technique: Technique,
        choices: Sequence[StyleChoice],
        options: dict[str, Any],
    ) -> None:
        self.source, self.destination = source, destination
        self.prepared: dict[str, Prepared] = {
            choice.name: prepare(technique, choice.style, regions=choice.regions, **options) for choice in choices
        }

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Returns rows of results for rows of the listing, both as columns by name."""
        rows = [dict(zip(batch, map(str, values), strict=True)) for values in zip(*batch.values(), strict=True)]
        results = list(completed(self.settled, rows, THREADS))
        return {name: [result[name] for result in results] for name in results[0]}

    def settled(self, row: dict[str, str]) -> dict[str, Any]:
        """Returns the result of a row; nothing that is raised here costs the other rows."""
        start, about = time.perf_counter(), (row["photo"], row["output"], row["style"])
        try:
            width, height, notes = self.painted(*about)
            outcome = Outcome(*about, "painted", width, height, message=notes)
        except Exception as error:
            outcome = failed(*about, error)
        seconds = time.perf_counter() - start
        return {"id": row["id"], "with": row["with"], "time": time.time_ns(), **asdict(outcome.timed(seconds))}

    def painted(self, photo: str, output: str, style: str) -> tuple[int, int, str]:
        """Paints a photo and writes it; returns width and height of the painting and what the user should know."""
        prepared, path = self.prepared[style], self.source.path(photo)
        result = prepared.painted(prepared.read(self.source.read(photo), path))
        self.destination.write(output, encoded(result.rgb, result.alpha, Path(output)))
        height, width = result.rgb.shape[:2]
        return width, height, ", ".join(result.notes)


def paint_with_ray(
    source: Store,
    destination: Store,
    listing: Listing,
    technique: Technique,
    choices: Sequence[StyleChoice],
    workers: int,
    options: dict[str, Any],
) -> int:
    """Paints the rows of a listing that aren't done; results are in the destination's tables.

    Args:
        workers: actors at the most; 0 for as many as there are cores for.
        options: for `prepare`; with `threads` of each actor.

    Returns:
        The number of actors, at the most.

    Raises:
        MissingPackage: Ray isn't installed.
        ModelError: Ray ended the job; what is done is kept.
        Interrupted: Ctrl-C; what is done is kept.
    """
    ray = opened_ray()
    threads, graphics_card = options["threads"], options.get("provider") in GRAPHICS_CARDS
    cores = int(ray.cluster_resources().get("CPU", 1)) - SPARE
    actors = workers or max(1, cores // threads)
    rows = min(MOST, max(FEWEST, len(listing) // (TASKS * actors)))
    with _context(ray, destination):
        rows_read = ray.data.read_parquet(listing.write(), filesystem=destination.filesystem, num_cpus=LIGHT)
        results = rows_read.repartition(target_num_rows_per_block=rows).map_batches(
            PaintingActor,
            fn_constructor_args=(source, destination, technique, choices, options),
            batch_size=rows,
            num_cpus=threads,
            num_gpus=1 if graphics_card else None,
            compute=ray.data.ActorPoolStrategy(size=actors),
        )
        try:
            place: dict[str, Any] = {"path": destination.path(RESULTS), "filesystem": destination.filesystem}
            results.write_parquet(**place, ray_remote_args={"num_cpus": LIGHT})
        except KeyboardInterrupt as error:
            raise Interrupted("stopped; what is done is kept, and the same call goes on from there") from error
        except ray.exceptions.RayError as error:
            raise ModelError(f"Ray ended the job ({first_line(error)}); the same call goes on with the rest") from error
        finally:
            ray.shutdown()
    return actors


def opened_ray() -> Any:
    """Returns Ray, connected to the cluster that RAY_ADDRESS names, or else to one of this machine's cores.

    Raises:
        MissingPackage: Ray isn't installed.
    """
    ray = optional("ray")
    optional("ray.data")
    if not ray.is_initialized():
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        with _own_signals():
            if os.environ.get("RAY_ADDRESS"):
                ray.init(**quiet)
            else:
                ray.init(num_cpus=cores() + SPARE, include_dashboard=False, **quiet)
    return ray


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Keeps the handler of SIGTERM, which Ray replaces by one that prints addresses."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _context(ray: Any, destination: Store) -> Iterator[None]:
    """Has Ray Data write down which rows are done, for all that is read inside."""
    from ray.data.checkpoint import CheckpointConfig

    context = ray.data.DataContext.get_current().copy()
    context.checkpoint_config = CheckpointConfig(
        id_column="id",
        checkpoint_path=destination.path(CHECKPOINT),
        override_filesystem=destination.filesystem,
        delete_checkpoint_on_success=False,
    )
    context.enable_progress_bars = sys.stderr.isatty()
    context.max_errored_blocks = -1  # rows that end their process are told as failed
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    before, threading.excepthook = threading.excepthook, _without_interruptions
    try:
        with ray.data.DataContext.current(context):
            yield
    finally:
        threading.excepthook = before


def _without_interruptions(raised: threading.ExceptHookArgs) -> None:
    """Passes over what Ray's own threads raise when a job is stopped; shows everything else."""
    if raised.exc_type is not InterruptedError:
        threading.__excepthook__(raised)
