"""`stylex.stylize_batch`: an archive of photos, on this machine or on many; what is done isn't done again."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, TypeAlias

from stylex.api.prepared import prepare
from stylex.batch.folder import styles_of, stylize_folder
from stylex.batch.places import check_report
from stylex.batch.records import JOB_FOLDER, Outcome
from stylex.batch.run import FolderProgress, FolderReport, Variant
from stylex.batch.store import require_local, store_of
from stylex.batch.tables import FAILED, Listing
from stylex.errors import InputError, UsageError
from stylex.files import make_folder, write_bytes
from stylex.installation import optional
from stylex.techniques import DEFAULT, Technique, technique_named

Engine: TypeAlias = Literal["local", "ray"]
ENGINES: tuple[Engine, ...] = ("local", "ray")


def stylize_batch(
    source: Path | str,
    destination: Path | str,
    technique: str | Technique = DEFAULT,
    style: Any = None,
    *,
    engine: Engine = "local",
    each: bool = False,
    recursive: bool = True,
    workers: int = 0,
    threads: int = 0,
    report: Path | str | None = None,
    progress: FolderProgress = lambda _done, _of, _outcome: None,
    **options: Any,
) -> FolderReport:
    """Paints an archive of photos. What is done is skipped, so that the same call goes on after it was ended.

    Both engines write the same paintings under the same names, those of `stylize_folder`. Photos that failed stand in
    the table `.stylex/failed.jsonl` among the paintings, and are tried again by the next call.

    Args:
        source: a folder; for Ray also an address that pyarrow reaches, such as s3://bucket/photos.
        destination: a folder or an address for the paintings.
        technique, style, each, recursive, options: as for `stylize_folder`.
        engine: "local", threads on this machine; or "ray", processes on the machines of a cluster, whose address is in
            the environment variable RAY_ADDRESS, or else on this one. Files that `options` names, such as `graphs`,
            must be there on all of them; styles needn't.
        workers: photos in work at once, or processes of Ray's; 0 for as many as there are cores.
        threads: of the CPU for each of them; 0 for one a process of Ray's, or for sharing the cores.
        report: as for `stylize_folder`.
        progress: as for `stylize_folder`, of the local engine; Ray shows its own on terminals.

    Returns:
        A report, with the photos that failed.

    Raises:
        UsageError, InputError, ModelError, ResourceError, Interrupted: as `stylize_folder` does.
        MissingPackage: Ray isn't installed.
    """
    if report is not None:
        check_report(report, [])
    if engine == "ray":
        places, cores = (source, destination, report), (workers, threads)
        return _with_ray(places, technique_named(technique), styles_of(style, each), recursive, cores, options)
    if engine != "local":
        raise UsageError(f"there is no engine {engine!r}: choose {' or '.join(ENGINES)}", engine="local")
    require_local(source, destination)
    arguments: dict[str, Any] = {"each": each, "recursive": recursive, "workers": workers, "threads": threads}
    arguments |= {"resume": True, "report": report, "progress": progress}
    done = stylize_folder(source, destination, technique, style, **arguments, **options)
    make_folder(Path(destination) / JOB_FOLDER)
    write_bytes(Path(destination) / FAILED, table(done.failed))
    return done


def table(outcomes: Sequence[Outcome]) -> bytes:
    """Returns outcomes as lines of JSON."""
    return "".join(f"{json.dumps(asdict(outcome))}\n" for outcome in outcomes).encode("ascii")


def _with_ray(
    places: tuple[Path | str, Path | str, Path | str | None],
    technique: Technique,
    styles: Sequence[tuple[str, Any]],
    recursive: bool,
    cores: tuple[int, int],
    options: dict[str, Any],
) -> FolderReport:
    """Paints by Ray; `places` are source, destination and report, `cores` are workers and threads."""
    (source, destination, report), (workers, threads) = places, cores
    optional("pyarrow", "ray")
    from stylex.batch.ray_engine import StyleChoice, paint_with_ray

    if workers < 0:
        raise UsageError(f"workers is {workers}; it must be 0 (as many as there are cores) or more", workers=0)
    options = {**options, "threads": threads or 1}
    variants = [Variant(name, prepare(technique, one, **options)) for name, one in styles]
    choices = [
        StyleChoice(variant.name, one if technique.single_style else variant.prepared.style, variant.prepared.regions)
        for variant, (_, one) in zip(variants, styles, strict=True)
    ]
    start, stores = time.perf_counter(), (store_of(source), store_of(destination))
    listing = Listing(*stores, [(variant.name, variant.digest) for variant in variants], recursive)
    if not len(listing):
        raise InputError(f"there are no pictures in {source}: give another folder")
    rest = {name: value for name, value in options.items() if name != "regions"}
    actors = paint_with_ray(*stores, listing, technique, choices, workers, rest)
    settled = listing.outcomes()
    if report is not None:
        write_bytes(report, table(settled))
    failed = tuple(outcome for outcome in settled if outcome.status == "failed")
    stores[1].write(FAILED, table(failed))
    count = Counter(outcome.status for outcome in settled)
    seconds, title = time.perf_counter() - start, variants[0].prepared.painter.title
    return FolderReport(count["painted"], count["skipped"], failed, 0, seconds, title, actors)
