"""Stores and tables of a batch; pyarrow comes with the extra `ray`."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stylex.batch.records import Outcome
from stylex.errors import InputError, UsageError
from stylex.imaging.writing import write_picture

pyarrow = pytest.importorskip("pyarrow", reason="needs pip install '.[ray]'")


@pytest.fixture(params=["local", "elsewhere"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Any, Any]:
    """Source and destination, on this machine or in another file system, which is shown by one of pyarrow's own."""
    from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

    from stylex.batch.store import Store, store_of

    for name in ("1.jpg", "1.jfif", "a/1.jpg", ".hidden/1.jpg", "@eaDir/1.jpg", "a/._1.jpg", "out/old.jpg"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        write_picture(tmp_path / "photos" / "1.png", np.zeros((4, 4, 3), np.uint8))
        (tmp_path / "photos" / "1.png").replace(tmp_path / "photos" / name)
    (tmp_path / "photos" / "x.txt").write_text("no picture", encoding="utf-8")
    if request.param == "local":
        return store_of(tmp_path / "photos"), store_of(tmp_path / "photos" / "out")
    elsewhere = SubTreeFileSystem(str(tmp_path), LocalFileSystem())
    return Store(elsewhere, "photos", False), Store(elsewhere, "photos/out", False)


def listing(stores: Any, *digests: str) -> Any:
    from stylex.batch.tables import Listing

    return Listing(*stores, [(f"s{i}" if len(digests) > 1 else "", digest) for i, digest in enumerate(digests)])


def write_results(destination: Any, name: str, *lines: dict[str, Any]) -> None:
    from pyarrow import parquet

    from stylex.batch.tables import RESULTS

    destination.filesystem.create_dir(destination.path(RESULTS), recursive=True)
    path = destination.path(f"{RESULTS}/{name}.parquet")
    parquet.write_table(pyarrow.Table.from_pylist(list(lines)), path, filesystem=destination.filesystem)


def result(row: Any, status: Any = "painted", **fields: Any) -> dict[str, Any]:
    outcome = Outcome(row.photo, row.output, row.style, status, **fields)
    return {"id": row.id, "with": row.with_, "time": time.time_ns(), **asdict(outcome)}


def test_names_are_those_of_a_folder(stores: Any) -> None:
    assert [(row.photo, row.output) for row in listing(stores, "d").rows] == [
        ("1.jfif", "1.jfif.png"),
        ("1.jpg", "1.jpg"),
        ("a/1.jpg", "a/1.jpg"),
    ]
    rows = listing(stores, "d", "e").rows
    assert [row.output for row in rows][:2] == ["s0/1.jfif.png", "s1/1.jfif.png"]
    assert len({row.id for row in rows}) == 6


@pytest.mark.parametrize("record", [".stylex.jsonl", ".stylex/results/1.parquet"])
def test_paintings_of_other_runs_are_passed_over(
    stores: Any, tmp_path: Path, record: str, caplog: pytest.LogCaptureFixture
) -> None:
    photos = tmp_path / "photos"
    for folder in ("other", "other/deep"):
        (photos / folder).mkdir(exist_ok=True)
        write_picture(photos / folder / "2.png", np.zeros((4, 4, 3), np.uint8))
    for folder in (photos, photos / "other", photos / "out"):  # the photos themselves may be paintings of a run
        (folder / record).parent.mkdir(parents=True, exist_ok=True)
        (folder / record).write_text("{}", encoding="utf-8")
    assert [found.name for found in stores[0].pictures(without=stores[1].root)] == ["1.jfif", "1.jpg", "a/1.jpg"]
    (message,) = caplog.messages
    assert message.startswith("folders with the paintings of other runs are passed over: ")
    assert message.endswith("photos/other")


def test_what_is_done_keeps_its_id(stores: Any) -> None:
    first = listing(stores, "d")
    write_results(stores[1], "one", result(first.rows[0]), result(first.rows[1], "failed", message="why"))
    again = listing(stores, "d")
    assert again.rows[0].id == first.rows[0].id
    assert again.rows[1].id != first.rows[1].id, "what failed is tried again"
    assert again.rows[2].id == first.rows[2].id
    assert listing(stores, "e").rows[0].id != first.rows[0].id
    write_results(stores[1], "two", result(listing(stores, "e").rows[0]))
    assert listing(stores, "d").rows[0].id not in {first.rows[0].id, again.rows[0].id}, "it was painted over"


def test_outcomes(stores: Any) -> None:
    first = listing(stores, "d")
    write_results(stores[1], "one", result(first.rows[0]))
    again = listing(stores, "d")
    write_results(stores[1], "two", result(again.rows[1], "failed", message="why"))
    outcomes = [(outcome.status, outcome.message) for outcome in again.outcomes()]
    assert outcomes[:2] == [("skipped", ""), ("failed", "why")]
    assert outcomes[2][0] == "failed" and "run it again" in outcomes[2][1], "a row that was lost is told"


def test_the_listing_is_a_table(stores: Any) -> None:
    from pyarrow import parquet

    made = listing(stores, "d")
    table = parquet.read_table(made.write(), filesystem=stores[1].filesystem)
    assert table.column_names == ["id", "photo", "output", "style", "with"]
    assert table.num_rows == len(made) == 3


def test_reading_and_writing(stores: Any) -> None:
    source, destination = stores
    destination.write("new/folder/a.bin", b"data")
    assert destination.read("new/folder/a.bin") == b"data"
    with pytest.raises(InputError, match=r"none.jpg can't be read"):
        source.read("none.jpg")
    destination.write("empty.bin", b"")
    with pytest.raises(InputError, match="is empty"):
        destination.read("empty.bin")


def test_places_that_cannot_be_used(stores: Any) -> None:
    from stylex.batch.store import store_of

    with pytest.raises(UsageError, match="are the same folder"):
        listing((stores[0], stores[0]), "d")
    with pytest.raises(InputError, match="nowhere://x can't be read"):
        store_of("nowhere://x")
