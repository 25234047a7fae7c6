"""Writes and reads what was measured: JSON with the machine at its head, or one line a row as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from stylex._version import __version__
from stylex.errors import InputError
from stylex.files import write_bytes, write_json
from stylex.installation import onnxruntime
from stylex.runtime.benchmark.row import Row
from stylex.runtime.engine import hardware


def machine() -> dict[str, object]:
    """Returns hardware and versions, for the head of a benchmark."""
    ort = onnxruntime()
    versions = {"stylex": __version__, "onnxruntime": ort.__version__}
    return {**hardware.describe(), **versions, "providers": ort.get_available_providers()}


def write_report(path: Path, rows: Sequence[Row | Mapping[str, Any]], **more: Any) -> None:
    """Writes `{"machine": ..., "rows": [...]}`. Raises as `stylex.files.written_aside` does."""
    plain = [asdict(r) if isinstance(r, Row) else dict(r) for r in rows]
    write_json(path, {"machine": machine(), "rows": plain, **more})


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Writes a header and a line for every row, without the single times. Raises as `written_aside` does."""
    names = [f.name for f in fields(Row) if f.name != "times_ms"]
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    for row in rows:
        table.writerow({k: json.dumps(v) if isinstance(v, dict) else v for k, v in asdict(row).items()})
    write_bytes(path, text.getvalue().encode())


def read_rows(path: Path) -> list[Row]:
    """Reads the rows of a file that `write_report` wrote.

    Raises:
        InputError: the file can't be read, or `stylex bench` of this version didn't write it.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["rows"]
        rows = [Row(**row) for row in found]
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} has no rows of `stylex bench`: measure again and keep them as JSON") from error
    if not all(row.times_ms for row in rows):
        raise InputError(f"{path} has rows without the times of single calls: measure again and keep them as JSON")
    return rows
